package face

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"vigie/index/face/codes"
	"vigie/watchlist"
)

// Search returns the q.K identities nearest to the probe among those with a
// reference that meets the query's bounds (FaceQuery.Meets) and that filter
// accepts (nil accepts all), best first, ties by entry id: exactly what a float64
// scan of every reference returns. A reference is a photo of an entry, or the mean
// of those that agree (Agreeing, Mean). Each identity appears once, with its best
// reference of those that meet the bounds. The second result tells that more
// than q.K identities met the conditions; with a large K this finds all of them.
// A MinScore of -1 or less bounds nothing.
//
// With q.AsOf it answers as it did once that raft index was applied, or fails
// with a *watchlist.HistoryError; filter knows nothing of this.
//
// filter sees only identities near enough to matter; it must be pure and safe
// for concurrent use, must not search itself (it could wait for the place that it
// holds), and is not called any more once Search returns. A query of
// another model, or with a template that does not fit it, fails with a
// *watchlist.FaceError, and with watchlist.ErrOverloaded when too many others
// wait; otherwise Search fails only when ctx ends or filter panics.
func (g *Gallery) Search(ctx context.Context, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool, error) {
	if q.K < 1 || math.IsNaN(q.MinScore) || math.IsNaN(q.LowQualityMin) {
		return nil, false, fmt.Errorf("face search: K is %d and must be at least 1, bounds must be numbers", q.K)
	}
	probe, err := g.project(q)
	if err != nil {
		return nil, false, err
	}
	if err := ctx.Err(); err != nil {
		return nil, false, fmt.Errorf("face search: %w", err)
	}
	j := &job{
		ended: ctx.Err, probe: padded(probe), dim: len(probe), k: q.K, low: q.MinScore, asOf: q.AsOf,
		lowMin: lowMin(q),
		filter: filter, done: make(chan struct{}),
	}
	if j.low <= -1 {
		j.low = math.Inf(-1)
	}
	g.counts.searches.Add(1)
	if err := g.answer(j, ctx.Done()); err != nil {
		return nil, false, fmt.Errorf("face search: %w", err)
	}
	return j.found, j.more, nil
}

// lowMin is the bound for references of low quality.
func lowMin(q watchlist.FaceQuery) float64 {
	if q.LowQualityMin == 0 {
		return math.Inf(-1)
	}
	return q.LowQualityMin
}

// answer sees to it that a pass answers the job: one of its own when one may
// start, or one that the job waits for and shares.
func (g *Gallery) answer(j *job, ended <-chan struct{}) error {
	start, err := g.queue.enter(j)
	if err != nil {
		g.counts.rejected.Add(1)
		return err
	}
	if start {
		g.pass([]*job{j})
		return j.err
	}
	select {
	case <-j.done:
	case <-ended:
		if g.queue.leave(j) {
			return j.ended()
		}
		// A pass has it and will soon see that nobody wants it any more.
		<-j.done
	}
	return j.err
}

// job is one query on its way through the gallery.
type job struct {
	ended  func() error // the query's ctx.Err
	probe  []float32    // projected and padded
	dim    int          // before padding
	k      int
	low    float64 // -Inf for no bound
	lowMin float64 // for references of low quality; -Inf for no bound of their own
	asOf   uint64
	filter func(watchlist.EntryID) bool

	// The pass sets these.
	stamp  uint64 // rows to see
	room   int    // identities to keep: one more than asked for tells of a cut
	probes []*codes.Probe
	// bound holds the bits of a score that at least room identities reach, or low:
	// rows below it can't matter to anybody. All its workers raise it.
	bound atomic.Uint64

	found []watchlist.FaceMatch
	more  bool
	err   error
	over  bool          // of no interest to the pass any more
	done  chan struct{} // closed when found, more and err are final
}

func (j *job) limit() float64 { return math.Float64frombits(j.bound.Load()) }

// raise lifts the bound to at least b.
func (j *job) raise(b float64) {
	for {
		old := j.bound.Load()
		if b <= math.Float64frombits(old) || j.bound.CompareAndSwap(old, math.Float64bits(b)) {
			return
		}
	}
}

// end makes the outcome final.
func (j *job) end(err error) {
	if !j.over {
		j.over, j.err = true, err
		close(j.done)
	}
}
