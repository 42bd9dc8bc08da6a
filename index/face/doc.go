// Package face is the exact face gallery: it finds the identities whose
// enrolled photos lie nearest to a probe, in the calibrated space, and never
// misses one.
//
// Templates are projected into the space once, when they come in, and kept as
// float32 rows in immutable segments and one growing tail. A search runs a fast
// float32 pass over all rows whose rounding error is bounded, and scores every
// survivor again in float64 in a fixed order, so all nodes return the same bits.
// DESIGN.md has the proof of exactness and the rules of concurrency.
//
// One goroutine writes (Apply, Rebuild); any number search, without locks, each
// on the snapshot that was current when its search began.
package face
