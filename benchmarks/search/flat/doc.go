// Package flat holds scans that compare a query with every vector: what an
// exact search costs without codes. They are the contenders of the search
// benchmark and as fast as this CPU allows: bound by memory for one query, by
// arithmetic for a batch.
//
// Vectors are rows of a slice, of a dimension that is a multiple of 16.
// Distances are squared, Euclidean, float32; how a sum is rounded depends on the
// Set. Functions panic if a slice is too short.
//
// The assembly is written by the generator of index/face/kernel; do not edit it.
package flat

//go:generate go run -C ../../../index/face/kernel/asm . -kernel .. -flat ../../../../benchmarks/search/flat
