package mem

import (
	"runtime"
	"unsafe"
)

// Region is a zeroed, fixed block of memory, aligned to 64 bytes at least. It is
// given back some time after the Region has become unreachable. Slices from Bytes
// and Float32s do not keep it reachable: whoever uses one must hold the Region
// and call runtime.KeepAlive(region) after the last use. Access follows the rules
// of ordinary slices; the methods may be called concurrently.
type Region struct {
	b      []byte
	mapped bool
}

// New returns a region of size bytes. It panics if size is negative.
func New(size int) *Region {
	if size < 0 {
		panic("mem: negative size")
	}
	r := &Region{}
	if !underRace {
		if whole, b := reserve(size); whole != nil {
			r.b, r.mapped = b, true
			runtime.AddCleanup(r, release, whole)
			return r
		}
	}
	r.b = onHeap(size)
	return r
}

// align is the least alignment of a region.
const align = 64

// onHeap returns size zeroed bytes at a multiple of align. The Go heap does not
// move objects, so the alignment lasts.
func onHeap(size int) []byte {
	b := make([]byte, size+align-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (align - 1))
	return b[skip : skip+size : skip+size]
}

// Bytes returns the region; its length is the size that New got.
func (r *Region) Bytes() []byte { return r.b }

// Float32s returns the region as float32 values in the machine's byte order, a
// rest of less than 4 bytes excepted.
func (r *Region) Float32s() []float32 {
	n := len(r.b) / 4
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(r.b))), n)
}

// Populate has the system provide the region's memory now, in pieces of a huge page,
// instead of when it is first written. Where the machine is a guest whose host has to
// find the memory first, that takes milliseconds for a piece; in a system call they
// hold up only the caller, in a write also whoever waits for its processor. Before
// each piece it calls stop and ends when that is true. It changes nothing that can be
// read, and does nothing where the system offers no such thing.
func (r *Region) Populate(stop func() bool) {
	if !r.mapped {
		return
	}
	defer runtime.KeepAlive(r)
	for b := r.b; len(b) > 0 && !stop(); b = b[min(len(b), piece):] {
		if !populate(b[:min(len(b), piece)]) {
			return
		}
	}
}

// piece is how much Populate asks for at once.
const piece = 2 << 20

// OffHeap reports whether the region lies outside the Go heap.
func (r *Region) OffHeap() bool { return r.mapped }
