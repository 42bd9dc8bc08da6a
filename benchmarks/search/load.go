package search

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"vigie/benchmarks"
	"vigie/index/face"
	"vigie/watchlist"
)

// The rates of the run with inserts, and how many slices of each kind it has.
const (
	queryRate  = 200
	insertRate = 5000
	loadSlices = 4
)

// underLoad measures queries at the product's threshold alone and while entries
// come in, by turns, in the calibrated space: inserting projects the template.
func (b *bench) underLoad(ctx context.Context, d *data, g *face.Gallery) error {
	_, score := b.cal.OperatingPoint(targetFPIR, d.n)
	r := &LoadRun{
		Space: d.label, N: d.n, Tau: distanceAt(score), QueryRate: queryRate, Inserts: insertRate,
		Seconds: b.LoadSeconds, Slices: loadSlices,
	}
	perSlice := int(b.LoadSeconds * insertRate)
	fresh, err := draw(d.space, "newcomers", b.fitted, 99, (loadSlices*perSlice+1)/2*2, 1)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(fresh)
	l := &load{d: d, g: g, score: score, seconds: b.LoadSeconds}
	var alone, under, apply []time.Duration
	var inserting time.Duration
	for s := range loadSlices {
		took, err := l.ask(ctx)
		if err != nil {
			return err
		}
		alone = append(alone, took...)
		entries := make([]*watchlist.Entry, perSlice)
		for i := range entries {
			entries[i] = newcomer(d, 1<<20+s*perSlice+i, fresh.template(s*perSlice+i))
		}
		var wg sync.WaitGroup
		var fail error
		start := time.Now()
		wg.Go(func() {
			var times []time.Duration
			times, fail = l.insert(ctx, entries)
			apply = append(apply, times...)
			inserting += time.Since(start)
		})
		took, err = l.ask(ctx)
		wg.Wait()
		if err == nil {
			err = fail
		}
		if err != nil {
			return err
		}
		under = append(under, took...)
	}
	r.Applied, r.PerSecond = len(apply), float64(len(apply))/inserting.Seconds()
	r.Alone, r.Under, r.Apply = benchmarks.Summarise(alone), benchmarks.Summarise(under), benchmarks.Summarise(apply)
	r.RatioP99 = r.Under.P99 / r.Alone.P99
	b.report.Load = r
	return nil
}

// load drives one gallery at fixed rates.
type load struct {
	d       *data
	g       *face.Gallery
	score   float64
	seconds float64
}

// ask sends queries at the fixed rate, hits and misses by turns, and gives the
// time of each from when it was due to its answer.
func (l *load) ask(ctx context.Context) ([]time.Duration, error) {
	n := int(l.seconds * queryRate)
	took, fails := make([]time.Duration, n), make([]error, n)
	var wg sync.WaitGroup
	err := pace(n, queryRate, func(i int, due time.Time) {
		qs := l.d.queries[kinds[i%2]].templates
		q := watchlist.FaceQuery{Template: qs[i/2%len(qs)], Model: l.d.space.Model(), K: 10, MinScore: l.score}
		wg.Go(func() {
			_, _, fails[i] = l.g.Search(ctx, q, nil)
			took[i] = time.Since(due)
		})
	})
	wg.Wait()
	for _, err := range append(fails, err) {
		if err != nil {
			return nil, fmt.Errorf("search at a fixed rate: %w", err)
		}
	}
	return took, nil
}

// insert applies entries at the fixed rate, each on its own, and gives the time
// of each call.
func (l *load) insert(ctx context.Context, entries []*watchlist.Entry) ([]time.Duration, error) {
	took := make([]time.Duration, len(entries))
	var fail error
	err := pace(len(entries), insertRate, func(i int, _ time.Time) {
		if fail != nil || ctx.Err() != nil {
			return
		}
		start := time.Now()
		fail = l.g.Apply([]watchlist.Change{{ID: entries[i].ID, Entry: entries[i]}}, l.g.Applied()+1)
		took[i] = time.Since(start)
	})
	if fail = cmp.Or(fail, err); fail != nil {
		return nil, fmt.Errorf("apply at a fixed rate: %w", fail)
	}
	return took, ctx.Err()
}

// pace calls do n times, at a rate a second; a call that comes late is made at once,
// so that the rate holds.
func pace(n, rate int, do func(i int, due time.Time)) error {
	a, err := newAlarm()
	if err != nil {
		return err
	}
	defer a.close()
	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if wait := time.Until(due); wait > 0 {
			if err := a.wait(wait); err != nil {
				return err
			}
		}
		do(i, due)
	}
	return nil
}
