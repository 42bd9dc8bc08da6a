package kernel

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guarded returns n values that end where unreadable memory begins: one byte read
// or written beyond them kills the test.
func guarded[T any](t *testing.T, n int) []T {
	t.Helper()
	var zero T
	size, page := n*int(unsafe.Sizeof(zero)), unix.Getpagesize()
	whole := (size + page - 1) / page * page
	b, err := unix.Mmap(-1, 0, whole+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	if err := unix.Mprotect(b[whole:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[whole-size])), n)
}

func guardedCopy[T any](t *testing.T, v []T) []T {
	t.Helper()
	g := guarded[T](t, len(v))
	copy(g, v)
	return g
}

// TestNoAccessOutOfBounds gives every slice exactly the length that it needs. All
// lanes pass, so that out is filled as far as it can be.
func TestNoAccessOutOfBounds(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(9, 10))
		for planes := 1; planes <= MaxPlanes; planes++ {
			for _, lanes := range []int{1, 31, 32, 33, 64, 128} {
				g := newGallery(r, planes, (lanes+Lanes-1)/Lanes, extremes{code: -1})
				guard := *g
				guard.first, guard.second = guardedCopy(t, g.first), guardedCopy(t, g.second)
				rows := guardedCopy(t, g.rows[:lanes*RowSize(planes)])
				w, targets := &guardedCopy(t, []Weights{g.weights})[0], &guardedCopy(t, []Targets{g.targets})[0]
				out, all := guarded[uint32](t, lanes+Lanes), guarded[int32](t, lanes+Lanes)
				for _, guard.many = range []bool{false, true} {
					if n := guard.scan(s, lanes, -1<<31, 0, out, all); n != lanes {
						t.Errorf("Scan: %d of %d lanes", n, lanes)
					}
				}
				ids, sums := guarded[uint32](t, lanes), guarded[int32](t, lanes)
				for i := range ids {
					ids[i] = uint32(lanes - 1 - i)
				}
				s.PrefetchLanes(guard.second, ids)
				if n := s.Deepen(guard.second, w, -1<<31, ids, sums); n != lanes {
					t.Errorf("Deepen: %d of %d rows", n, lanes)
				}
				s.PrefetchFirst(rows, planes, ids)
				if n := s.Refine(rows, targets, -1<<31, ids, sums); n != lanes {
					t.Errorf("Refine: %d of %d rows", n, lanes)
				}
			}
		}
	})
}

func TestRotateStaysInBounds(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, dim := range []int{16, 48, 128} {
			x := guarded[float32](t, dim)
			for n := range 18 {
				out := guarded[float32](t, n)
				s.Rotate(x, guarded[float32](t, n*dim), out)
			}
			s.Prefetch(x, 16, []uint32{0, 1, 1 << 31})
		}
	})
}
