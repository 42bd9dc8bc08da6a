package face

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"vigie/watchlist"
)

// parallelRows is the gallery size from which a search uses two goroutines.
const parallelRows = 200_000

// chunkRows is how many rows a worker takes at a time; it looks at the context
// in between.
const chunkRows = 1 << 13

// Search returns the q.K identities nearest to the probe among those with a
// score of q.MinScore or more that filter accepts (nil accepts all), best first,
// ties by entry id: exactly what a float64 scan of every template returns. Each
// identity appears once, with its best photo. The second result tells that more
// than q.K identities met the conditions.
//
// filter sees only identities near enough to matter; it must be pure and safe
// for concurrent use. A query of another model, or with a template that does not
// fit it, fails with a *watchlist.FaceError; otherwise Search fails only when
// ctx ends or filter panics.
func (g *Gallery) Search(ctx context.Context, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool, error) {
	if q.K < 1 || math.IsNaN(q.MinScore) {
		return nil, false, fmt.Errorf("face search: K is %d and must be at least 1, MinScore must be a number", q.K)
	}
	projected, err := g.project(q)
	if err != nil {
		return nil, false, err
	}
	v := g.view.Load()
	if v.live == 0 {
		return nil, false, ctx.Err()
	}
	if len(projected) != v.dim {
		return nil, false, fmt.Errorf("face search: the space gave %d dimensions to the probe, %d to the gallery", len(projected), v.dim)
	}
	s := newScan(ctx, v, projected, q, filter)
	t, err := s.run(v.live >= g.parallel && runtime.GOMAXPROCS(0) > 1)
	if err != nil {
		return nil, false, err
	}
	matches, more := t.best(q.K)
	return matches, more, nil
}

// scan is one search over one view, shared by its workers.
type scan struct {
	ended  func() error // the query's ctx.Err
	view   *view
	probe  probe
	k      int
	low    float64
	filter func(watchlist.EntryID) bool

	chunks []chunk
	next   atomic.Int64
	// bound holds the bits of a score that at least k identities reach: rows
	// below it can't matter to anybody.
	bound atomic.Uint64
}

// chunk is a run of rows of one segment.
type chunk struct {
	seg      *segment
	from, to int
}

func newScan(ctx context.Context, v *view, projected []float32, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) *scan {
	s := &scan{ended: ctx.Err, view: v, probe: newProbe(projected), low: q.MinScore, filter: filter}
	// One identity more than asked for tells whether the answer is cut.
	s.k = min(q.K, v.live) + 1
	s.bound.Store(math.Float64bits(q.MinScore))
	for _, p := range v.parts {
		for from := 0; from < p.n; from += chunkRows {
			s.chunks = append(s.chunks, chunk{seg: p.seg, from: from, to: min(from+chunkRows, p.n)})
		}
	}
	return s
}

// run scans all chunks, with a second worker when parallel, and returns the
// best k identities.
func (s *scan) run(parallel bool) (*top, error) {
	if !parallel {
		return s.work()
	}
	var (
		wg    sync.WaitGroup
		other *top
		fail  error
	)
	wg.Go(func() { other, fail = s.work() })
	mine, err := s.work()
	wg.Wait()
	switch {
	case err != nil:
		return nil, err
	case fail != nil:
		return nil, fail
	}
	for _, h := range other.heap {
		mine.offer(h)
	}
	return mine, nil
}

// work scans chunks until none is left. A panic, which only a filter can raise,
// ends the search and not the process.
func (s *scan) work() (t *top, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("face search: panic of type %T", r)
		}
	}()
	t = newTop(s.k)
	ids := make([]int32, 0, blockRows)
	for {
		i := int(s.next.Add(1)) - 1
		if i >= len(s.chunks) {
			return t, nil
		}
		if err := s.ended(); err != nil {
			return nil, fmt.Errorf("face search: %w", err)
		}
		s.chunk(s.chunks[i], t, ids)
	}
}

func (s *scan) chunk(c chunk, t *top, ids []int32) {
	for from := c.from; from < c.to; from += blockRows {
		to := min(from+blockRows, c.to)
		bound := max(t.floor(s.low), math.Float64frombits(s.bound.Load()))
		ids = c.seg.scan(s.probe, from, to, limitFor(bound, c.seg.stride), ids[:0])
		for _, i := range ids {
			s.survivor(c.seg, int(i), t, bound)
		}
		if len(ids) > 0 {
			s.raise(t.floor(s.low))
		}
	}
}

// survivor scores a row that passed the kernel and offers it.
func (s *scan) survivor(seg *segment, i int, t *top, bound float64) {
	if !seg.visible(i, s.view.seq) {
		return
	}
	sc := seg.score(s.probe.values, i)
	if sc < bound {
		return
	}
	m := seg.meta[i]
	if s.filter != nil && !t.has(m.who) && !s.filter(m.who.id) {
		return
	}
	t.offer(hit{who: m.who, face: m.face, score: sc})
}

// raise lifts the shared bound to at least b.
func (s *scan) raise(b float64) {
	for {
		old := s.bound.Load()
		if b <= math.Float64frombits(old) || s.bound.CompareAndSwap(old, math.Float64bits(b)) {
			return
		}
	}
}
