// Package country tells which issuing-state and nationality codes stand on travel
// documents: those of ISO 3166-1 alpha-3, kept by golang.org/x/text, and those
// that ICAO Doc 9303 part 3 section 5 adds for organisations and special cases.
//
// It is pure and safe for concurrent use. Nothing that is replicated may depend
// on it: the table changes with releases of x/text.
package country
