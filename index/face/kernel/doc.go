// Package kernel holds the inner loops of the face index: the rotation of a
// vector into the basis of the codes, coding, the scan of the planes of 4-bit codes
// (level 1), the test of a row's 8-bit codes (level 2), distances and prefetching.
//
// Every loop exists as portable Go and as assembly for the vector units of
// amd64; a Set names one implementation. All Sets give the same results bit for
// bit, on every machine: both levels are integer arithmetic, and the order of
// every float32 operation of rotation and coding is part of its contract. Only Distances
// may differ.
//
// Functions read and write only the slices they are given, and panic if those
// are too short for what is asked. A Set has no state: its methods may run
// concurrently.
//
// The assembly is generated (see the folder asm); do not edit it.
package kernel

//go:generate go run -C asm . -kernel .. -flat ../../../../benchmarks/search/flat
