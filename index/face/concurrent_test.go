package face

import (
	"context"
	"errors"
	"math/rand/v2"
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
	g.parallel = 0
	for n := range 20_000 / 50 {
		var batch []*watchlist.Entry
		for k := range 50 {
			batch = append(batch, entryOf(50*n+k, indextest.Template(rng, 128)))
		}
		mustApply(t, g, batch...)
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
