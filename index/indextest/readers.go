package indextest

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"vigie/watchlist"
)

// readersDuringRebuild stops a Rebuild halfway and searches meanwhile: the old
// index must answer, whole.
func (s suite[T]) readersDuringRebuild(t *testing.T) {
	x := s.newIndex(t)
	before, after := some(0, 20), some(100, 20)
	rebuild(t, x, 1, before...)
	asked := false
	halfway := func(yield func(*watchlist.Entry, error) bool) {
		for i, e := range after {
			if i == len(after)/2 {
				done := make(chan struct{})
				go func() { // another goroutine, as a reader is
					defer close(done)
					s.checkWhole(t, x, before, after)
				}()
				<-done
				asked = true
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	if err := x.Rebuild(halfway, 2); err != nil {
		t.Fatal(err)
	}
	if !asked {
		t.Fatal("Rebuild did not read the registry to its end")
	}
	s.checkWhole(t, x, after, before)
}

func (s suite[T]) checkWhole(t testing.TB, x T, in, out []*watchlist.Entry) {
	for i, list := range [][]*watchlist.Entry{in, out} {
		for _, e := range list {
			ids, err := s.search(x, e)
			if err != nil {
				t.Errorf("search during Rebuild: %v", err)
				return
			}
			if got, want := slices.Contains(ids, e.ID), i == 0; got != want {
				t.Errorf("during Rebuild: entry %s found = %v, want %v", e.ID, got, want)
			}
		}
	}
}

// readersRacingSwap lets readers race the swap of many Rebuilds between two
// disjoint registries: no answer may mix them.
func (s suite[T]) readersRacingSwap(t *testing.T) {
	x := s.newIndex(t)
	sides := [2][]*watchlist.Entry{some(0, 8), some(100, 8)}
	side := map[watchlist.EntryID]int{}
	for i, list := range sides {
		for _, e := range list {
			side[e.ID] = i
		}
	}
	rebuild(t, x, 1, sides[0]...)
	s.race(t, func(n int) bool {
		e := sides[n%2][n/2%8]
		ids, err := s.search(x, e)
		if err != nil {
			t.Errorf("search: %v", err)
			return false
		}
		for _, id := range ids {
			if side[id] != side[ids[0]] {
				t.Errorf("one answer mixes two registries")
				return false
			}
		}
		return true
	}, func(i uint64) {
		rebuild(t, x, i+1, sides[i%2]...)
	})
}

// readersDuringApply lets readers race a writer: entries that no change touches
// are found in every search.
func (s suite[T]) readersDuringApply(t *testing.T) {
	x := s.newIndex(t)
	fixed := some(0, 8)
	rebuild(t, x, 1, fixed...)
	s.race(t, func(n int) bool {
		e := fixed[n%8]
		ids, err := s.search(x, e)
		if err != nil {
			t.Errorf("search: %v", err)
			return false
		}
		if !slices.Contains(ids, e.ID) {
			t.Errorf("entry %s, which nobody touched, was not found", e.ID)
			return false
		}
		return true
	}, func(i uint64) {
		e := Entry(100+int(i)%16, i)
		if i%3 == 0 {
			apply(t, x, i+1, remove(e))
			s.want(t, x, e, false, "removed under load")
		} else {
			apply(t, x, i+1, put(e))
			s.want(t, x, e, true, "put under load")
		}
	})
}

// race runs read in three goroutines while write runs for i = 1 to writes in
// the caller's; each reader reads at least a few times.
func (s suite[T]) race(t *testing.T, read func(n int) bool, write func(i uint64)) {
	const writes, readers, least = 100, 3, 8
	var stop atomic.Bool
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			for n := 0; n < least || !stop.Load(); n++ {
				if !read(r*5 + n) {
					return
				}
			}
		})
	}
	defer wg.Wait()
	defer stop.Store(true)
	for i := uint64(1); i <= writes && !t.Failed(); i++ {
		write(i)
	}
}
