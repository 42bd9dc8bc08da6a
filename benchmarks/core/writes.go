package core

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
	"vigie/models"
)

// writes creates entries one by one with a number of clients for WriteSeconds.
// A write is counted when the API has acknowledged it.
func (b *bench) writes(ctx context.Context, clients int) error {
	url, err := b.leaderURL(ctx)
	if err != nil {
		return err
	}
	url += "/v1/entries"
	names := gen.Names(uint64(clients), 20000)
	end := time.Now().Add(time.Duration(b.WriteSeconds) * time.Second)
	var mu sync.Mutex
	var all []time.Duration
	var failed int
	var last error
	var wg sync.WaitGroup
	start := time.Now()
	for c := range clients {
		wg.Go(func() {
			var mine []time.Duration
			bad := 0
			for i := c; time.Now().Before(end) && ctx.Err() == nil; i += clients {
				t := time.Now()
				if err := b.call(ctx, "POST", url, entryBody(names[i%len(names)], nil, ""), nil); err != nil {
					bad++
					mu.Lock()
					last = err
					mu.Unlock()
					continue
				}
				mine = append(mine, time.Since(t))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
			failed += bad
		})
	}
	wg.Wait()
	took := time.Since(start).Seconds()
	if len(all) == 0 {
		return fmt.Errorf("no write went through: %w", last)
	}
	b.entries += len(all)
	w := Writes{
		Clients: clients, Seconds: took, PerSecond: float64(len(all)) / took, Failed: failed,
		Latency: benchmarks.Summarise(all),
	}
	if last != nil {
		w.LastError = last.Error()
	}
	b.report.Writes = append(b.report.Writes, w)
	return nil
}

// fill imports made-up entries with a name and a template each until the list
// holds size entries.
func (b *bench) fill(ctx context.Context, size int) error {
	n := size - b.entries
	if n <= 0 {
		return nil
	}
	cal, err := models.DefaultCalibration()
	if err != nil {
		return fmt.Errorf("read the calibration: %w", err)
	}
	draw, err := gen.NewTemplates(cal, uint64(size))
	if err != nil {
		return err
	}
	names := gen.Names(uint64(size)+7, n)
	leader, err := b.leaderURL(ctx)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s/v1/imports/bench-%d/entries", leader, size)
	start := time.Now()
	for at := 0; at < n; at += 256 {
		var lines []map[string]any
		for i := at; i < min(at+256, n); i++ {
			lines = append(lines, map[string]any{"line": i + 1, "entry": entryBody(names[i], draw.Draw(), cal.Model())})
		}
		var out struct {
			Rejected int `json:"rejected"`
		}
		if err := b.call(ctx, "POST", url, map[string]any{"label": "benchmark", "lines": lines}, &out); err != nil {
			return err
		}
		if out.Rejected > 0 {
			return fmt.Errorf("%d lines were rejected", out.Rejected)
		}
	}
	took := time.Since(start).Seconds()
	b.entries = size
	b.report.Imports = append(b.report.Imports, Import{Entries: n, Seconds: took, PerSecond: float64(n) / took})
	return nil
}
