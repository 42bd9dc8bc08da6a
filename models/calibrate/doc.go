// Package calibrate fits a face calibration from labelled templates: balanced
// cohort whitening, the false match rates of the worst group, likelihood ratios,
// and a person-disjoint check of all of it. The same input gives the same bytes
// on the same kind of machine.
package calibrate
