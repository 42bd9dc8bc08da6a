package face

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"vigie/index/face/kernel"
	"vigie/index/indextest"
	"vigie/watchlist"
)

// world is a random gallery with its truth beside it.
type world struct {
	rng     *rand.Rand
	long    int // values of a template: 128 or 512
	style   int
	g       *Gallery
	truth   *model
	entries map[watchlist.EntryID]*watchlist.Entry
	pool    [][]float32 // templates in use, to duplicate and to search with
	next    int
	many    int // changes in a step, at most
}

// tiny are sizes that make a small gallery seal, merge, fit and forget all the
// time.
func tiny(rng *rand.Rand) sizes {
	return sizes{
		least: 32, tail: []int{32, 64, 256}[rng.IntN(3)], fanIn: 2 + rng.IntN(3), fit: []int{70, 200, 1024}[rng.IntN(3)],
		history: []int{40, 1 << 16}[rng.IntN(2)],
	}
}

// newWorld makes a world of a seed: its own space, kernel, sizes and style.
func newWorld(seed uint64, long int) *world {
	rng := rand.New(rand.NewPCG(seed, 5))
	agree := []float64{math.Inf(1), 0.999, 0.9, 0.3, 0.05}[rng.IntN(5)]
	var space Space = rawSpace{model: indextest.Model, dim: []int{long, long, 40, 16, 77, 3}[rng.IntN(6)], agree: agree}
	if rng.IntN(3) == 0 {
		space = unitSpace{model: indextest.Model, agree: agree}
	}
	kernels := kernel.Available()
	o := Options{Kernel: kernels[rng.IntN(len(kernels))], MaxWaiting: 1000, History: []uint64{0, 1, 5, 30}[rng.IntN(4)]}
	w := &world{
		rng: rng, long: long, style: rng.IntN(8), g: New(space, o), truth: newModel(space),
		entries: map[watchlist.EntryID]*watchlist.Entry{}, many: 40,
	}
	if rng.IntN(5) > 0 {
		w.g.w.sizes = tiny(rng)
	}
	return w
}

// template draws a template that the gallery takes.
func (w *world) template() []float32 {
	t := w.draw()
	if watchlist.CheckTemplate(t) != nil { // all zero, in rare cases
		t[0] = 1
	}
	return t
}

// draw draws one of many kinds: fresh, duplicate, opposite, next to another
// by one unit in the last place, clustered, sparse, tiny, huge, denormal, equal
// to all others.
func (w *world) draw() []float32 {
	t := indextest.Template(w.rng, w.long)
	switch w.style {
	case 0, 5: // a spectrum like that of the calibrated space
		for i := range t {
			t[i] *= float32(math.Exp(-float64(i) / 25))
		}
	case 1, 6: // few dimensions
		clear(t[5:])
	case 2, 7: // all equal
		for i := range t {
			t[i] = 0.25
		}
	case 3: // everything far apart
		for i := range t {
			t[i] *= 1e8
		}
	}
	if len(w.pool) == 0 {
		return t
	}
	other := slices.Clone(w.pool[w.rng.IntN(len(w.pool))])
	switch w.rng.IntN(24) {
	case 0, 1, 2:
		return other
	case 3:
		for i := range other {
			other[i] = -other[i]
		}
		return other
	case 4, 5:
		i := w.rng.IntN(w.long)
		other[i] = math.Nextafter32(other[i], 1)
		return other
	case 6, 7, 8:
		for i := range other {
			other[i] += t[i] * 1e-3
		}
		return other
	case 9:
		clear(t)
		t[w.rng.IntN(w.long)] = 1
	case 10:
		if w.style < 3 { // elsewhere codes must fit nearly all
			w.extreme(t)
		}
	}
	return t
}

// extreme makes a template that no code fits, or one beyond the common.
func (w *world) extreme(t []float32) {
	scale := []float32{1e-30, 1e-42, 1e18, 1e5, 30}[w.rng.IntN(5)]
	for i := range t {
		t[i] *= scale
	}
	switch w.rng.IntN(4) {
	case 0:
		t[0] = toZero
	case 1:
		t[w.rng.IntN(w.long)] = math.MaxFloat32
	case 2:
		t[w.rng.IntN(w.long)] = math.SmallestNonzeroFloat32
	default:
		t[w.rng.IntN(w.long)] = 1e-18
	}
}

func (w *world) entry(n int) *watchlist.Entry {
	var ts [][]float32
	for range 1 + w.rng.IntN(1+w.rng.IntN(4)) {
		t := w.template()
		w.pool = append(w.pool, t)
		ts = append(ts, t)
	}
	e := entryOf(n, ts...)
	for i := range e.Faces {
		if w.rng.IntN(3) == 0 {
			e.Faces[i].Quality.Flags = []string{"blurred", watchlist.FlagLowQualityReference}
		}
	}
	if w.rng.IntN(20) == 0 {
		e.Status = watchlist.StatusSuspended
	}
	return e
}

// step changes the gallery a little, or a lot.
func (w *world) step(t testing.TB) {
	t.Helper()
	index := max(1, w.g.Applied()+uint64(w.rng.IntN(5))/2)
	var changes []watchlist.Change
	for range 1 + w.rng.IntN(w.many) {
		n := w.rng.IntN(w.next + 1)
		if w.rng.IntN(3) > 0 {
			w.next++
			n = w.next
		}
		c := watchlist.Change{ID: entryID(n)}
		switch old := w.entries[c.ID]; {
		case w.rng.IntN(4) == 0: // removed
		case old != nil && w.rng.IntN(2) == 0: // written again, with one photo more
			e := *old
			f := entryOf(n, w.template()).Faces[0]
			f.ID = fmt.Sprintf("g%d", w.rng.IntN(100))
			e.Faces = append(slices.Clone(e.Faces), f)
			c.Entry = &e
		default:
			c.Entry = w.entry(n)
		}
		changes = append(changes, c)
		if w.entries[c.ID] = c.Entry; c.Entry == nil {
			delete(w.entries, c.ID)
		}
		w.truth.apply(c.ID, c.Entry, index)
	}
	w.truth.index = index
	if err := w.g.Apply(changes, index); err != nil {
		t.Fatal(err)
	}
}

// rebuild makes the gallery anew from its entries.
func (w *world) rebuild(t testing.TB) {
	t.Helper()
	var list []*watchlist.Entry
	for _, e := range w.entries {
		list = append(list, e)
	}
	w.truth.index = w.g.Applied() + 1
	if err := w.g.Rebuild(listed(list), w.truth.index); err != nil {
		t.Fatal(err)
	}
	if o := w.g.Oldest(); o != w.truth.index {
		t.Errorf("after Rebuild at %d the oldest index is %d", w.truth.index, o)
	}
}

// query draws a query, with a filter or nil.
func (w *world) query() (watchlist.FaceQuery, func(watchlist.EntryID) bool) {
	q := query(w.template(), []int{1, 2, 10, 50, 10_000}[w.rng.IntN(5)], -1)
	for w.rng.IntN(4) == 0 {
		q.More = append(q.More, w.template())
	}
	if w.truth.probe(q) == nil {
		q.More = nil // frames that cancel out: an error, which another test asks for
	}
	if w.rng.IntN(3) == 0 {
		lo, hi := w.g.Oldest(), w.g.Applied()
		q.AsOf = lo + w.rng.Uint64N(hi-lo+1)
	}
	switch w.rng.IntN(5) {
	case 0:
		q.MinScore = w.rng.Float64()*2 - 1
	case 1, 2: // a score that occurs: the cut itself must be admitted
		q.MinScore = w.truth.scoreAt(w.rng.IntN(1000), q)
	case 3:
		q.MinScore = []float64{0, 1, -2, math.Nextafter(1, 0), math.Inf(-1), math.Inf(1)}[w.rng.IntN(6)]
	}
	switch w.rng.IntN(4) {
	case 0:
		q.LowQualityMin = w.truth.scoreAt(w.rng.IntN(1000), q)
	case 1:
		q.LowQualityMin = []float64{0.3, -2, math.Inf(1), math.Inf(-1)}[w.rng.IntN(4)]
	}
	if w.rng.IntN(3) == 0 {
		keep := byte('0' + w.rng.IntN(8))
		return q, func(id watchlist.EntryID) bool { return id[len(id)-1] > keep }
	}
	return q, nil
}

// check searches once and compares with the definition, bit for bit.
func (w *world) check(t testing.TB) {
	t.Helper()
	q, filter := w.query()
	w.g.parallel = w.rng.IntN(2) << 30
	w.compare(t, q, filter)
}

func (w *world) compare(t testing.TB, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) {
	t.Helper()
	got, more, err := w.g.Search(context.Background(), q, filter)
	want, wantMore := w.truth.search(q, filter)
	var old *watchlist.HistoryError
	if errors.As(err, &old) && q.AsOf < old.Oldest {
		return // the background gave up history since
	}
	if err != nil || more != wantMore || !slices.Equal(got, want) {
		t.Errorf("K %d, MinScore %v, as of %d of %d, kernel %s, style %d: error %v, truncated %v, want %v; matches\n%v, want\n%v",
			q.K, q.MinScore, q.AsOf, w.truth.index, w.g.kernel.Name(), w.style, err, more, wantMore, got, want)
	}
}

// burst searches with many goroutines at once, of which few may scan, and holds
// every answer to the definition.
func (w *world) burst(t testing.TB, n int) {
	t.Helper()
	var wg sync.WaitGroup
	free := w.g.queue.free
	w.g.queue.free = 1 + w.rng.IntN(2)
	given := w.g.queue.free
	w.g.parallel = w.rng.IntN(2) << 30
	for range n {
		q, filter := w.query()
		wg.Go(func() { w.compare(t, q, filter) })
	}
	wg.Wait()
	for w.g.queue.idle() != given {
		runtime.Gosched() // the last pass gives its goroutine back after the answer
	}
	w.g.queue.free = free
}

// idle is how many goroutines may start to scan.
func (q *queue) idle() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.free
}

func (w *world) close(t testing.TB) {
	if err := w.g.Close(); err != nil {
		t.Error(err)
	}
}
