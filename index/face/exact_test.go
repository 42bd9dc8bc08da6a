package face

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// bruteForce is the definition of a search: every template, float64, sort.
func bruteForce(space Space, entries map[watchlist.EntryID]*watchlist.Entry, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool) {
	probe, err := space.Project(q.Template)
	if err != nil {
		panic(err)
	}
	var all []watchlist.FaceMatch
	for id, e := range entries {
		if filter != nil && !filter(id) || e.Status != watchlist.StatusActive {
			continue
		}
		best := watchlist.FaceMatch{Entry: id, Score: math.Inf(-1)}
		for _, f := range e.Faces {
			t, err := watchlist.DecodeTemplate(f.Template)
			if err != nil || len(t) != len(q.Template) {
				continue
			}
			p, err := space.Project(t)
			if err != nil {
				continue
			}
			d2 := 0.0
			for i := range p {
				d := float64(p[i]) - float64(probe[i])
				d2 += float64(d * d)
			}
			s := 1 - float64(d2/2)
			if s > best.Score || s == best.Score && f.ID < best.Face {
				best.Face, best.Score = f.ID, s
			}
		}
		if best.Score >= q.MinScore || q.MinScore <= -1 && !math.IsInf(best.Score, -1) {
			all = append(all, best)
		}
	}
	slices.SortFunc(all, func(a, b watchlist.FaceMatch) int {
		if a.Score != b.Score {
			if a.Score > b.Score {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.Entry), string(b.Entry))
	})
	if len(all) > q.K {
		return all[:q.K], true
	}
	return all, false
}

// world is a random gallery with its truth beside it.
type world struct {
	rng     *rand.Rand
	dim     int
	g       *Gallery
	entries map[watchlist.EntryID]*watchlist.Entry
	pool    [][]float32 // templates in use, to duplicate and to search with
	next    int
}

func newWorld(seed uint64, dim int) *world {
	return &world{
		rng: rand.New(rand.NewPCG(seed, 5)), dim: dim, g: New(unitSpace{model: indextest.Model}, Options{}),
		entries: map[watchlist.EntryID]*watchlist.Entry{},
	}
}

// template draws one of many kinds: fresh, duplicate, opposite, next to another
// by one unit in the last place, clustered, sparse, tiny, huge.
func (w *world) template() []float32 {
	t := indextest.Template(w.rng, w.dim)
	if len(w.pool) == 0 {
		return t
	}
	other := slices.Clone(w.pool[w.rng.IntN(len(w.pool))])
	switch w.rng.IntN(9) {
	case 0:
		return other
	case 1:
		for i := range other {
			other[i] = -other[i]
		}
		return other
	case 2:
		i := w.rng.IntN(w.dim)
		other[i] = math.Nextafter32(other[i], 1)
		return other
	case 3:
		for i := range other {
			other[i] += t[i] * 1e-3
		}
		return other
	case 4:
		clear(t)
		t[w.rng.IntN(w.dim)] = 1
		return t
	case 5:
		for i := range t {
			t[i] *= 1e-30
		}
		t[w.rng.IntN(w.dim)] = 1e-18
		return t
	case 6:
		for i := range t {
			t[i] *= 1e18
		}
		return t
	}
	return t
}

func (w *world) entry(n int) *watchlist.Entry {
	var ts [][]float32
	for range 1 + w.rng.IntN(1+w.rng.IntN(4)) {
		t := w.template()
		w.pool = append(w.pool, t)
		ts = append(ts, t)
	}
	e := entryOf(n, ts...)
	if w.rng.IntN(20) == 0 {
		e.Status = watchlist.StatusSuspended
	}
	return e
}

// step changes the gallery a little, or a lot.
func (w *world) step(t testing.TB) {
	var changes []watchlist.Change
	for range 1 + w.rng.IntN(40) {
		n := w.rng.IntN(w.next + 1)
		if w.rng.IntN(3) > 0 {
			w.next++
			n = w.next
		}
		if w.rng.IntN(4) == 0 {
			changes = append(changes, watchlist.Change{ID: entryID(n)})
			delete(w.entries, entryID(n))
			continue
		}
		e := w.entry(n)
		changes = append(changes, watchlist.Change{ID: e.ID, Entry: e})
		w.entries[e.ID] = e
	}
	if err := w.g.Apply(changes, w.g.Applied()+1); err != nil {
		t.Fatal(err)
	}
}

// check searches once and compares with the definition.
func (w *world) check(t testing.TB) {
	q := query(w.template(), []int{1, 2, 10, 50, 10_000}[w.rng.IntN(5)], -1)
	switch w.rng.IntN(4) {
	case 0:
		q.MinScore = w.rng.Float64()*2 - 1
	case 1: // a score that occurs: the cut itself must be admitted
		if all, _ := bruteForce(w.g.space, w.entries, query(q.Template, 1<<30, -1), nil); len(all) > 0 {
			q.MinScore = all[w.rng.IntN(len(all))].Score
		}
	case 2:
		q.MinScore = []float64{0, 1, -2, math.Inf(-1), math.Inf(1)}[w.rng.IntN(5)]
	}
	var filter func(watchlist.EntryID) bool
	if w.rng.IntN(3) == 0 {
		keep := byte('0' + w.rng.IntN(8))
		filter = func(id watchlist.EntryID) bool { return id[len(id)-1] > keep }
	}
	w.g.parallel = w.rng.IntN(2) << 30
	got, more, err := w.g.Search(context.Background(), q, filter)
	if err != nil {
		t.Fatal(err)
	}
	want, wantMore := bruteForce(w.g.space, w.entries, q, filter)
	if len(got) == 0 && len(want) == 0 {
		got, want = nil, nil
	}
	if d := cmp.Diff(want, got); d != "" || more != wantMore {
		t.Errorf("K %d, MinScore %v, %d templates: truncated %v, want %v; matches (-want +got):\n%s",
			q.K, q.MinScore, w.g.Size(), more, wantMore, d)
	}
}

// TestExact is invariant 8: exact search returns what a brute-force float64
// scan returns, bit for bit.
func TestExact(t *testing.T) {
	rounds := uint64(8)
	if testing.Short() {
		rounds = 3
	}
	for seed := range rounds {
		for _, dim := range []int{128, 512}[:1+(seed+1)%2] {
			t.Run(fmt.Sprintf("%d/%d", dim, seed), func(t *testing.T) {
				w := newWorld(seed, dim)
				for range 15 {
					w.check(t)
					w.step(t)
					w.check(t)
				}
			})
		}
	}
}

func FuzzExact(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Add(uint64(2), uint8(60))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		w := newWorld(seed, 128)
		for range steps % 64 {
			w.step(t)
		}
		for range 8 {
			w.check(t)
		}
	})
}

// TestTies holds equal scores to the order by entry id, whatever came first.
func TestTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	tpl := indextest.Template(rng, 128)
	g := testGallery(t)
	for _, n := range rng.Perm(700) {
		mustApply(t, g, entryOf(n, tpl, tpl))
	}
	for _, parallel := range []int{0, 1 << 30} {
		g.parallel = parallel
		got, more, err := g.Search(context.Background(), query(tpl, 10, 0.5), nil)
		if err != nil || !more || len(got) != 10 {
			t.Fatalf("%d found, more %v, error %v", len(got), more, err)
		}
		for n, m := range got {
			if m.Entry != entryID(n) || m.Face != "f0" {
				t.Errorf("place %d: %s %s, want %s f0", n, m.Entry, m.Face, entryID(n))
			}
		}
	}
}
