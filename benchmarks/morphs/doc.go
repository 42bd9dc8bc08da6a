// Package morphs makes morphs of the portraits of a consented set and measures
// how well comparing the document photo with the live photo tells them from bona
// fide documents: APCER and BPCER as ISO/IEC 30107-3 and 20059 mean them. It also
// says how many morphs both of their contributors would pass with.
//
// A morph is the mean of two aligned portraits, warped onto each other by the
// five landmarks of the face engine with a thin-plate spline. That is a plain
// attack: careful ones, retouched and printed, are harder to find. Results are
// aggregates; no morph is written anywhere.
package morphs
