package face

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// TestReplacedEntryNeverVanishes replaces an entry over and over: every search
// finds exactly one version of it.
func TestReplacedEntryNeverVanishes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tpl := indextest.Template(rng, 128)
	g := testGallery(t)
	mustApply(t, g, entryOf(1, tpl))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for n := 0; n < 50 || !stop.Load(); n++ {
				found, _, err := g.Search(context.Background(), query(tpl, 5, 0.5), nil)
				if err != nil || len(found) != 1 {
					t.Errorf("found %v, error %v", found, err)
					return
				}
			}
		})
	}
	for i := range 2000 {
		e := entryOf(1, tpl)
		e.Faces[0].ID = string(rune('a' + i%26))
		mustApply(t, g, e)
	}
	stop.Store(true)
	wg.Wait()
}

// TestSearchIsASnapshot checks that one search sees one state: two entries are
// always written together, so a search finds both of a pair or neither.
func TestSearchIsASnapshot(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	tpl := indextest.Template(rng, 128)
	g := testGallery(t)
	g.parallel = 0
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for n := 0; n < 50 || !stop.Load(); n++ {
				found, _, err := g.Search(context.Background(), query(tpl, 50, 0.5), nil)
				if err != nil || len(found)%2 != 0 {
					t.Errorf("%d found, error %v; want pairs", len(found), err)
					return
				}
			}
		})
	}
	for i := range 600 {
		n := 2 * rng.IntN(8)
		if i%3 == 0 {
			if err := g.Apply([]watchlist.Change{{ID: entryID(n)}, {ID: entryID(n + 1)}}, g.Applied()+1); err != nil {
				t.Fatal(err)
			}
			continue
		}
		a, b := entryOf(n, tpl), entryOf(n+1, tpl)
		a.Faces[0].ID = string(rune('a' + i%26))
		mustApply(t, g, a, b)
	}
	stop.Store(true)
	wg.Wait()
}

// TestPanickingFilter lets a filter panic, in one worker and in two: the search
// fails, the process lives.
func TestPanickingFilter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	g := testGallery(t)
	var batch []*watchlist.Entry
	for n := range 20_000 {
		batch = append(batch, entryOf(n, indextest.Template(rng, 128)))
	}
	if err := g.Rebuild(listed(batch), 1); err != nil {
		t.Fatal(err)
	}
	q := query(indextest.Template(rng, 128), 10, -1)
	for _, parallel := range []int{0, 1 << 30} {
		g.parallel = parallel
		_, _, err := g.Search(context.Background(), q, func(watchlist.EntryID) bool { panic(errors.New("boom")) })
		if err == nil {
			t.Error("a panicking filter gave no error")
		}
	}
}

// TestHistoryUnderLoad lets readers ask for past states, and hold the answers to
// the definition, while the writer changes and rebuilds the gallery and the
// background merges, fits and compacts.
func TestHistoryUnderLoad(t *testing.T) {
	for seed := range uint64(2) {
		w := newWorld(40+seed, 128)
		w.g.w.sizes = sizes{least: 32, tail: 64, fanIn: 2, fit: 100, history: 1 << 20}
		w.g.w.history = 1 << 20
		var mu sync.RWMutex // guards w.truth and w.pool
		for range 10 {
			w.step(t)
		}
		var stop atomic.Bool
		var answered atomic.Int64
		var wg sync.WaitGroup
		for r := range 4 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(r)))
				for !stop.Load() && !t.Failed() {
					mu.RLock()
					q := query(w.pool[rng.IntN(len(w.pool))], 1+rng.IntN(20), -1)
					index := w.truth.index
					mu.RUnlock()
					lo := max(1, w.g.Oldest())
					if lo >= index {
						continue
					}
					q.AsOf = lo + rng.Uint64N(index-lo) // more may be written at the newest one
					got, more, err := w.g.Search(context.Background(), q, nil)
					var old *watchlist.HistoryError
					if errors.As(err, &old) && q.AsOf < old.Oldest {
						continue
					}
					mu.RLock()
					want, wantMore := w.truth.search(q, nil)
					mu.RUnlock()
					if err != nil || more != wantMore || !slices.Equal(got, want) {
						t.Errorf("as of %d: error %v, truncated %v, want %v; matches\n%v, want\n%v", q.AsOf, err, more, wantMore, got, want)
						return
					}
					answered.Add(1)
				}
			})
		}
		for i := 0; i < 60 || answered.Load() < 100 && !t.Failed(); i++ {
			mu.Lock()
			if i%25 == 24 {
				w.rebuild(t)
			} else {
				w.step(t)
			}
			mu.Unlock()
			runtime.Gosched()
		}
		stop.Store(true)
		wg.Wait()
		w.close(t)
	}
}
