// Package codes keeps the short codes of the vectors of one segment of the face
// index and finds, from the codes alone, every row that may lie within a given
// distance of a query.
//
// A Basis rotates vectors so that 80 leading dimensions carry most of their
// spread, and cuts each into 16 steps and each step into 16 again. Codes holds
// 85 bytes a row: two planes of 4-bit codes that are scanned (level 1), and
// residual codes for the few rows that pass (level 2). What level 1 and 2 discard
// lies beyond the limit for certain, for any finite input: DESIGN.md has the
// proof, TestScanLosesNothing and FuzzScanLosesNothing hold it against brute
// force. Rows that are no good for coding are listed as outliers.
//
// One goroutine appends. Any number scan rows that a Mark covers, which the
// writer publishes in whatever atomic way its owner likes.
package codes
