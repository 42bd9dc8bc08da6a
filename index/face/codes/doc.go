// Package codes keeps the short codes of the vectors of one segment of the face
// index and finds, from the codes alone, every row that may lie within a given
// distance of a query.
//
// A Basis rotates vectors so that 80 leading dimensions carry most of their
// spread, and cuts each into 16 steps and each step into 16 again. Codes holds 86
// or 88 bytes a row: the leading 4 bits of 40 dimensions in a plane that is scanned,
// of 24 more in a second plane if Fit finds that worth its bytes (level 1), and all
// other bits in a row of 64 or 52 bytes, which is read if the row passes (level 2).
// What level 1 and 2 discard lies beyond the limit for certain, for any finite
// input: DESIGN.md has the proof, TestScanLosesNothing and FuzzScanLosesNothing hold
// it against brute force. Rows that are no good for coding are listed as outliers.
//
// One goroutine appends. Any number scan rows that a Mark covers, which the
// writer publishes in whatever atomic way its owner likes.
package codes
