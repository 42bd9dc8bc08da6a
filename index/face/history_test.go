package face

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// TestAsOfEveryIndex asks a gallery for every state of a random history, while
// the background merges and fits.
func TestAsOfEveryIndex(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(100+seed, 128)
		defer w.close(t)
		w.g.w.history = 1 << 40
		w.g.w.sizes = sizes{least: 32, tail: 64, fanIn: 2, fit: 100, history: 1 << 30}
		for w.g.Applied() < 40 {
			w.step(t)
		}
		if o := w.g.Oldest(); o != 0 {
			t.Fatalf("oldest %d, want all of history", o)
		}
		for asOf := range w.g.Applied() + 1 {
			q, filter := w.query()
			q.AsOf = asOf
			w.compare(t, q, filter)
		}
		for _, asOf := range []uint64{w.g.Applied() + 1, 1 << 50} {
			wantHistoryError(t, w.g, asOf)
		}
	}
}

func wantHistoryError(t *testing.T, g *Gallery, asOf uint64) {
	t.Helper()
	q := query(indextest.Template(rand.New(rand.NewPCG(1, 1)), 128), 1, -1)
	q.AsOf = asOf
	_, _, err := g.Search(context.Background(), q, nil)
	var he *watchlist.HistoryError
	if !errors.As(err, &he) || *he != (watchlist.HistoryError{AsOf: asOf, Oldest: g.Oldest(), Newest: g.Applied()}) {
		t.Errorf("as of %d: error %v, want a HistoryError of %d to %d", asOf, err, g.Oldest(), g.Applied())
	}
}

// TestHorizon checks that history moves on with the applied index, that dead
// rows go once nobody can ask for them, and that no earlier index is answered.
func TestHorizon(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 1))
	g := openGallery(t, Options{History: 50})
	const n = 3000
	for i := range n {
		mustApply(t, g, entryOf(i%100, indextest.Template(rng, 128)))
	}
	g.work.Wait()
	if o, a := g.Oldest(), g.Applied(); a != n || o != n-50 {
		t.Errorf("oldest %d, applied %d, want %d and %d", o, a, n-50, n)
	}
	wantHistoryError(t, g, n-51)
	// A third of what is sealed may be dead, and the tail.
	if s := g.Stats(); s.Rows > 1000 || s.Live != 100 {
		t.Errorf("%d rows for %d templates and a history of 50", s.Rows, s.Live)
	}
	for _, asOf := range []uint64{n - 50, n - 20, n} {
		q := query(indextest.Template(rng, 128), 1000, -1)
		q.AsOf = asOf
		if m, more, err := g.Search(context.Background(), q, nil); err != nil || more || len(m) != 100 {
			t.Errorf("as of %d: %d entries, more %v, error %v; want 100", asOf, len(m), more, err)
		}
	}
}

// TestHistoryIsBounded checks that a long history is given up, half of it at a
// time, when dead rows outnumber the living.
func TestHistoryIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 1))
	g := openGallery(t, Options{History: 800})
	g.w.sizes = sizes{least: 32, tail: 64, fanIn: 4, fit: 1 << 30, history: 200}
	for i := range 4000 {
		mustApply(t, g, entryOf(i%20, indextest.Template(rng, 128)))
		if i%50 == 0 {
			g.work.Wait() // what a fast writer would do to the background is not the point
		}
	}
	g.work.Wait()
	if s := g.Stats(); s.Rows > 700 || s.Oldest <= s.Applied-800 || s.Oldest > s.Applied-50 {
		t.Errorf("%d rows, oldest index %d of %d", s.Rows, s.Oldest, s.Applied)
	}
}

// TestManyChangesAtOneIndex applies several batches at one raft index: each is
// seen at once, and as of that index the last.
func TestManyChangesAtOneIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	g := testGallery(t)
	tpl := indextest.Template(rng, 128)
	find := func(asOf uint64) []watchlist.FaceMatch {
		q := query(tpl, 10, -1)
		q.AsOf = asOf
		m, _, err := g.Search(context.Background(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	apply := func(index uint64, c ...watchlist.Change) {
		if err := g.Apply(c, index); err != nil {
			t.Fatal(err)
		}
	}
	e := entryOf(1, tpl)
	apply(4, watchlist.Change{ID: entryID(9), Entry: entryOf(9, tpl)})
	for i := range 5 {
		apply(5, watchlist.Change{ID: e.ID, Entry: e})
		if n := len(find(0)); n != 2 {
			t.Errorf("round %d: %d found after put, want 2", i, n)
		}
		apply(5, watchlist.Change{ID: e.ID})
		if n := len(find(0)); n != 1 {
			t.Errorf("round %d: %d found after removal, want 1", i, n)
		}
	}
	apply(5, watchlist.Change{ID: e.ID, Entry: e})
	apply(5)
	apply(6, watchlist.Change{ID: e.ID})
	for asOf, want := range map[uint64]int{3: 0, 4: 1, 5: 2, 6: 1, 0: 1} {
		if m := find(asOf); len(m) != want {
			t.Errorf("as of %d: %d found, want %d", asOf, len(m), want)
		}
	}
	if err := g.Apply(nil, 5); err == nil {
		t.Error("Apply at an earlier index: no error")
	}
}

// TestBatchOfSeveralIndexes applies changes of several raft indexes at once: as
// of each of them the gallery answers as if they had come one by one. Indexes out
// of place are no fault.
func TestBatchOfSeveralIndexes(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 1))
	tpl := indextest.Template(rng, 128)
	put := func(n int, index uint64) watchlist.Change {
		return watchlist.Change{ID: entryID(n), Entry: entryOf(n, tpl), Index: index}
	}
	g := testGallery(t)
	for _, b := range []struct {
		index   uint64
		changes []watchlist.Change
	}{
		{3, []watchlist.Change{put(1, 3)}},
		{9, []watchlist.Change{put(2, 5), {ID: entryID(1), Index: 5}, put(3, 7), {ID: entryID(2), Index: 8}}},
		{14, []watchlist.Change{put(4, 4), put(5, 12), put(6, 0)}},   // 4 is over: counts as 14
		{20, []watchlist.Change{put(7, 18), put(8, 16), put(9, 99)}}, // 16 falls: counts as 18
	} {
		if err := g.Apply(b.changes, b.index); err != nil {
			t.Fatal(err)
		}
	}
	for asOf, want := range map[uint64]string{
		2: "", 3: "1", 4: "1", 5: "2", 6: "2", 7: "23", 8: "3", 9: "3", 12: "3", 13: "3", 14: "3456", 17: "3456", 18: "345678", 19: "345678", 20: "3456789", 0: "3456789",
	} {
		q := query(tpl, 20, -1)
		q.AsOf = asOf
		m, _, err := g.Search(context.Background(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range m {
			got += string(f.Entry[len(f.Entry)-1:])
		}
		if got != want {
			t.Errorf("as of %d: entries %s, want %s", asOf, got, want)
		}
	}
}

// TestRemovedThenPutAgain gives an entry rows of two lives, with a merge between
// them: it is listed once.
func TestRemovedThenPutAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	w := newWorld(14, 128)
	defer w.close(t)
	w.g.w.sizes = sizes{least: 32, tail: 32, fanIn: 2, fit: 64, history: 1 << 20}
	w.g.w.history = 1 << 20
	for i := range uint64(300) {
		e := entryOf(int(i%7), indextest.Template(rng, 128), indextest.Template(rng, 128))
		var c []watchlist.Change
		if i%2 == 0 {
			c = append(c, watchlist.Change{ID: e.ID})
			w.truth.apply(e.ID, nil, i+1)
		}
		if i%3 > 0 {
			c = append(c, watchlist.Change{ID: e.ID, Entry: e})
			w.truth.apply(e.ID, e, i+1)
		}
		w.truth.index = i + 1
		if err := w.g.Apply(c, i+1); err != nil {
			t.Fatal(err)
		}
		q := query(indextest.Template(rng, 128), 3, -1)
		w.compare(t, q, nil)
		q.AsOf = 1 + rng.Uint64N(i+1)
		w.compare(t, q, nil)
	}
	w.g.work.Wait()
	if !slices.ContainsFunc(w.g.view.Load().sealed, func(p part) bool { return p.n > 64 }) {
		t.Error("nothing was merged")
	}
}

// TestIdentityNumbersNeverComeTwice: once they are used up the gallery takes no
// new entry, rather than mix two up.
func TestIdentityNumbersNeverComeTwice(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 1))
	tpl := indextest.Template(rng, 128)
	g := testGallery(t)
	mustApply(t, g, entryOf(1, tpl))
	g.w.lastWho = math.MaxUint32
	for n := 2; n < 5; n++ {
		if err := g.Apply([]watchlist.Change{{ID: entryID(n), Entry: entryOf(n, tpl)}}, g.Applied()+1); err == nil {
			t.Errorf("entry %d got number %d", n, g.w.lastWho)
		}
	}
	mustApply(t, g, entryOf(1, indextest.Template(rng, 128), tpl))
	if m, more, err := g.Search(context.Background(), query(tpl, 10, 0.5), nil); err != nil || more || len(m) != 1 {
		t.Errorf("found %v, more %v, error %v; want the one entry", m, more, err)
	}
}
