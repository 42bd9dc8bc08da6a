// Package search measures the exact face search against flat scans, FAISS and
// hnswlib, on real templates and on galleries drawn from their fitted model,
// and checks every answer against a float64 brute force.
//
// Contenders of one comparison take turns, pass by pass, so that a noisy moment
// of the machine hits all of them. Those in C++ run in a process of their own
// (benchmarks/peers) and time their own loops.
package search
