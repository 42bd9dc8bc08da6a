// Package specimen makes the demonstration list: entries of people who don't
// exist, marked SPECIMEN, and probes that look for them. Given names and
// surnames are common ones of West Africa and are combined by a fixed
// pseudo-random sequence, so the list is the same on every run; documents are of
// Utopia (UTO), the state that ICAO Doc 9303 reserves for examples. Any likeness
// to a living person is chance.
package specimen
