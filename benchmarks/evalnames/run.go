package evalnames

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vigie/index/name"
	"vigie/matcher"
	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// Options are the inputs. Targets and Queries go together; Pairs may stand
// alone.
type Options struct {
	Targets, Queries, Pairs io.Reader
	// RulesOnly searches without the table of spelling families, as if every
	// family were held out of it. It does not touch Pairs.
	RulesOnly bool
	// Against, when set, is asked the same queries beside our own search.
	Against *Engine
	// Progress, when set, is told how many of how many steps are done; calls
	// come one at a time.
	Progress func(done, total int)
}

const (
	candidates = 200
	// throughputQueries bounds the second pass, which measures throughput.
	throughputQueries = 5000
)

// Run evaluates. It fails on a malformed file, with its line, and when ctx ends.
func Run(ctx context.Context, o Options) (*Report, error) {
	if (o.Targets == nil) != (o.Queries == nil) || o.Targets == nil && o.Pairs == nil {
		return nil, errors.New("evaluate names: give targets and queries, or pairs, or all three")
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	r := &Report{Version: names.Version, Threshold: matcher.NameThreshold}
	if o.Targets != nil {
		if err := runQueries(ctx, o, r); err != nil {
			return nil, fmt.Errorf("evaluate names: %w", err)
		}
	}
	if o.Pairs != nil {
		if err := runPairs(ctx, o, r); err != nil {
			return nil, fmt.Errorf("evaluate names: %w", err)
		}
	}
	return r, nil
}

func runPairs(ctx context.Context, o Options, r *Report) error {
	pairs, err := readPairs(o.Pairs)
	if err != nil {
		return err
	}
	var list []labelled
	positives := 0
	for i, p := range pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		ev, _ := score.CompareNames([]watchlist.Name{{Full: p.a}}, []watchlist.Name{{Full: p.b}}, false)
		list = append(list, labelled{ev.Score, p.match})
		if p.match {
			positives++
		}
		o.Progress(i+1, len(pairs))
	}
	r.Pairs = len(pairs)
	r.BestF1, r.BestF1Threshold, r.Precision, r.Recall = bestF1(list, positives)
	return nil
}

func runQueries(ctx context.Context, o Options, r *Report) error {
	entries, err := readTargets(o.Targets)
	if err != nil {
		return err
	}
	queries, err := readQueries(o.Queries)
	if err != nil {
		return err
	}
	known := map[watchlist.EntryID]bool{}
	for _, e := range entries {
		known[e.ID] = true
		r.Names += len(e.Names)
	}
	for i, q := range queries {
		if q.id != "" && !known[watchlist.EntryID(q.id)] {
			return fmt.Errorf("query %d names an id that is no target", i+1)
		}
	}
	token := names.NewToken
	if o.RulesOnly {
		token = names.NewTokenByRules
	}
	x, err := name.NewWith(token)
	if err != nil {
		return err
	}
	defer x.Close()
	start := time.Now()
	if err := x.Rebuild(all(entries), 1); err != nil {
		return err
	}
	r.BuildMillis = millis(time.Since(start))
	r.Targets, r.Queries = len(entries), len(queries)
	if err := measure(ctx, ours(x), queries, r, o.Progress); err != nil {
		return err
	}
	if err := throughput(ctx, x, queries[:min(len(queries), throughputQueries)], r); err != nil || o.Against == nil {
		return err
	}
	find, err := o.Against.finder()
	if err != nil {
		return err
	}
	r.Against = &Report{Version: o.Against.String(), Threshold: o.Against.Threshold, Targets: r.Targets, Queries: r.Queries}
	return measure(ctx, find, queries, r.Against, o.Progress)
}

func all(entries []*watchlist.Entry) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// measure asks the queries one after another.
func measure(ctx context.Context, find finder, queries []query, r *Report, progress func(done, total int)) error {
	list := make([]asked, len(queries))
	for i, q := range queries {
		list[i] = asked{name: q.name, id: q.id}
	}
	out, err := ask(ctx, find, list, progress)
	if err != nil {
		return err
	}
	var firsts []labelled
	at1, at10, at200, reached, alerts := 0, 0, 0, 0, 0
	for _, o := range out {
		if o.found {
			firsts = append(firsts, labelled{o.top, o.right})
		}
		if o.id == "" {
			r.NonMated++
			alerts += bit(o.found && o.top >= r.Threshold)
			continue
		}
		r.Mated++
		at1 += bit(o.rank == 0)
		at10 += bit(o.rank >= 0 && o.rank < 10)
		at200 += bit(o.rank >= 0)
		reached += bit(o.rank >= 0 && o.score >= r.Threshold)
	}
	r.RecallAt1, r.RecallAt10, r.CandidateRecallAt200 = share(at1, r.Mated), share(at10, r.Mated), share(at200, r.Mated)
	r.RecallAtThreshold, r.FalseAlertRate = share(reached, r.Mated), share(alerts, r.NonMated)
	r.BestF1, r.BestF1Threshold, r.Precision, r.Recall = bestF1(firsts, r.Mated)
	r.Curve = curve(out)
	if t := times(out); len(t) > 0 {
		slices.Sort(t)
		r.P50Millis, r.P99Millis, r.MaxMillis = millis(t[len(t)/2]), millis(t[len(t)*99/100]), millis(t[len(t)-1])
	}
	return nil
}

// curve gives the error rates at each hundredth of the score.
func curve(list []outcome) []CurvePoint {
	out := make([]CurvePoint, 101)
	mated, apart := 0, 0
	for _, o := range list {
		mated += bit(o.id != "")
		apart += bit(o.id == "")
	}
	for i := range out {
		t := float64(i) / 100
		missed, alerts := 0, 0
		for _, o := range list {
			if o.id != "" {
				missed += bit(o.rank < 0 || o.score < t)
			} else {
				alerts += bit(o.found && o.top >= t)
			}
		}
		out[i] = CurvePoint{t, share(missed, mated), share(alerts, apart)}
	}
	return out
}

// throughput asks the queries again, from one goroutine per core.
func throughput(ctx context.Context, x *name.Index, queries []query, r *Report) error {
	if len(queries) == 0 {
		return nil
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	start := time.Now()
	for w := range errs {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(queries) {
					return
				}
				q := watchlist.NameQuery{Names: []watchlist.Name{{Full: queries[i].name}}, K: candidates}
				if _, err := x.Search(ctx, q); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	r.QPS = float64(len(queries)) / time.Since(start).Seconds()
	return errors.Join(errs...)
}

func share(a, b int) float64 { return float64(a) / float64(max(b, 1)) }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
