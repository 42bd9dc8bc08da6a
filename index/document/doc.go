// Package document is the index of travel-document numbers: it finds the
// entries that hold a document with the probe's number, or with one so near
// that a reading or typing error explains the difference.
//
// Numbers are compared in the form that Normalise gives. Two are near when they
// are equal, or one edit apart, after characters that optical reading confuses
// have been put together (0 with O, Q and D; 1 with I and L; 2 with Z, 5 with S,
// 6 with G, 8 with B). Near numbers are looked up by their deletion
// neighbourhood: two strings one edit apart share a string that is either of
// them, or lacks one character of it.
//
// Keys lie in immutable sorted runs that are merged as they pile up, so that
// taking over one entry costs little and searches need no locks.
//
// Documents that are reported lost, stolen, revoked or forged lie in an index of
// their own beside that of the entries (Reports): they are no entries, and the same
// number of another issuer is no match there.
//
// One goroutine writes (Apply, Rebuild, ApplyReports, RebuildReports); any number
// search, each on the state that was current when its search began.
package document
