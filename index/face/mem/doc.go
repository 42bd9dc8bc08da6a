// Package mem provides large zeroed memory regions outside the Go heap.
//
// On Linux a region is an anonymous mapping on huge pages where the system has
// them: scans of it miss the TLB less often, the garbage collector neither scans
// nor counts it, and it is kept out of core dumps, since it holds biometric data.
// On other systems, when the mapping fails, and under the race detector (which
// does not see memory outside the heap), a region is a plain slice.
package mem
