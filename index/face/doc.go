// Package face is the exact face gallery: it finds the identities whose
// enrolled photos lie nearest to a probe, in the calibrated space, and never
// misses one. Photos of an entry that look alike are compared as their mean.
//
// Templates are projected into the space once, when they come in, and kept as
// float32 rows, with short codes beside them (package codes), in segments: one
// that grows, and sealed ones that a background goroutine merges. A search scans
// the codes, which discard only what can't matter, and scores every survivor in
// float64 in a fixed order, so all nodes return the same bits. Queries that wait
// share a scan. DESIGN.md has the contract and the rules of concurrency,
// codes/DESIGN.md the proof of exactness.
//
// One goroutine writes (Apply, Rebuild); any number search, without locks, each
// on one state: the newest, or that of an earlier raft index.
package face
