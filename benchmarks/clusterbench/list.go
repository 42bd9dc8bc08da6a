package clusterbench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vigie/benchmarks/gen"
)

// Import is a bulk import: requests of batchLines entries with a name and a
// template each, importers of them at once.
type Import struct {
	Entries   int     `json:"entries"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"entries_per_second"`
	Cost      Cost    `json:"cpu_us_per_entry"`
}

// Start is one start of a node with the whole list, until it answered correctly.
type Start struct {
	What string `json:"what"`
	// Millis is the time from the start of the process to the first correct answer;
	// of a new node TotalMillis that from the request for a join token.
	Millis      float64 `json:"ms"`
	TotalMillis float64 `json:"total_ms,omitempty"`
	// CPU is what the process had used by then, in seconds.
	CPU CPU `json:"cpu_seconds"`
}

const (
	batchLines = 256
	importers  = 4
)

// target is the entry that a search must find, and what it must have compared.
type target struct {
	name    string
	body    []byte
	gallery int
}

// list imports, restarts a node, and adds new ones.
func (b *bench) list(ctx context.Context) error {
	t, err := b.fill(ctx)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if _, err := b.c.Converge(ctx, 1); err != nil {
		return err
	}
	for n := range b.Restarts {
		for _, what := range []string{"stopped", "killed"} {
			b.Progress(fmt.Sprintf("restart %d of %d, %s", n+1, b.Restarts, what))
			if err := b.restart(ctx, what, t); err != nil {
				return err
			}
		}
	}
	for n := range b.Joins {
		b.Progress(fmt.Sprintf("new node %d of %d", n+1, b.Joins))
		if err := b.joinOne(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// fill imports the whole list.
func (b *bench) fill(ctx context.Context) (*target, error) {
	b.Progress(fmt.Sprintf("making %d entries", b.Entries))
	names := gen.Names(7, b.Entries)
	names[b.Entries-1] = "Vigie Specimen Derniere"
	templates, err := b.templates(7, b.Entries)
	if err != nil {
		return nil, err
	}
	var requests [][]byte
	for at := 0; at < b.Entries; at += batchLines {
		var lines []map[string]any
		for i := at; i < min(at+batchLines, b.Entries); i++ {
			lines = append(lines, map[string]any{"line": i + 1, "entry": entry(names[i], templates[i], b.cal.Model())})
		}
		requests = append(requests, encoded(map[string]any{"label": "benchmark", "lines": lines}))
	}
	leader, err := b.c.Leader(ctx)
	if err != nil {
		return nil, err
	}
	b.Progress(fmt.Sprintf("importing %d entries", b.Entries))
	m, err := newMeter(b.c.PID(leader), otherPIDs(b.c, leader))
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := b.send(ctx, leader, requests); err != nil {
		return nil, err
	}
	took := time.Since(begin).Seconds()
	im := &Import{Entries: b.Entries, Seconds: took, PerSecond: float64(b.Entries) / took}
	if im.Cost, err = m.perWrite(b.Entries); err != nil {
		return nil, err
	}
	b.report.Import = im
	return &target{name: names[b.Entries-1], gallery: b.Entries, body: encoded(map[string]any{
		"purpose": "test", "reason": "benchmark", "names": []map[string]any{{"full": names[b.Entries-1]}},
		"templates": []map[string]any{{"values": templates[b.Entries-1], "model": b.cal.Model()}},
	})}, nil
}

// send has the importers send all requests.
func (b *bench) send(ctx context.Context, node int, requests [][]byte) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range importers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(requests) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				var out struct {
					Rejected int `json:"rejected"`
				}
				err := must(ctx, b.c, node, http.MethodPost, "/v1/imports/bench/entries", requests[i], &out)
				if err == nil && out.Rejected > 0 {
					err = fmt.Errorf("%d lines were rejected", out.Rejected)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// restart ends a follower, in good order or not, and starts it again.
func (b *bench) restart(ctx context.Context, what string, t *target) error {
	leader, err := b.c.Leader(ctx)
	if err != nil {
		return err
	}
	node := (leader + 1) % b.c.Len()
	if what == "killed" {
		b.c.Kill9(node)
	} else if err := b.c.Stop(node); err != nil {
		return err
	}
	took, used, err := b.startUntil(ctx, node, t)
	if err != nil {
		return err
	}
	b.report.Restarts = append(b.report.Restarts, Start{What: what, Millis: took.Seconds() * 1000, CPU: used})
	return nil
}

// joinOne adds a nonvoter and takes it out again.
func (b *bench) joinOne(ctx context.Context, t *target) error {
	begin := time.Now()
	node, err := b.c.Admit(ctx, "nonvoter")
	if err != nil {
		return err
	}
	before := time.Since(begin)
	took, used, err := b.startUntil(ctx, node, t)
	if err != nil {
		return err
	}
	b.report.Joins = append(b.report.Joins, Start{What: "nonvoter", Millis: took.Seconds() * 1000, TotalMillis: (before + took).Seconds() * 1000, CPU: used})
	return b.remove(ctx, node)
}

// remove takes a node out of the cluster and ends it.
func (b *bench) remove(ctx context.Context, node int) error {
	leader, err := b.c.Leader(ctx)
	if err != nil {
		return err
	}
	var st struct {
		Members []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"members"`
	}
	if err := must(ctx, b.c, leader, http.MethodGet, "/v1/cluster", nil, &st); err != nil {
		return err
	}
	for _, m := range st.Members {
		if m.Name == b.c.Name(node) {
			err = must(ctx, b.c, leader, http.MethodDelete, "/v1/cluster/members/"+m.ID, nil, nil)
		}
	}
	b.c.Kill9(node)
	return err
}

// startUntil starts a node and asks it until it finds the target among the whole
// list.
func (b *bench) startUntil(ctx context.Context, node int, t *target) (took time.Duration, used CPU, err error) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	started := make(chan error, 1)
	begin := time.Now()
	go func() { started <- b.c.Restart(ctx, node) }()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !b.finds(ctx, node, t) {
		select {
		case <-tick.C:
		case err := <-started:
			if err != nil {
				return 0, CPU{}, err
			}
			started <- nil
		case <-ctx.Done():
			return 0, CPU{}, errors.Join(fmt.Errorf("%s gives no correct answer: %w", b.c.Name(node), ctx.Err()), <-started)
		}
	}
	took = time.Since(begin)
	if err := <-started; err != nil {
		return 0, CPU{}, err
	}
	used, err = cpuOf(b.c.PID(node))
	return took, used, err
}

// finds asks one node for the target.
func (b *bench) finds(ctx context.Context, node int, t *target) bool {
	var lead struct {
		Candidates []struct {
			Names []struct {
				Full string `json:"full"`
			} `json:"names"`
		} `json:"candidates"`
		Point struct {
			Gallery int `json:"gallery_size"`
		} `json:"operating_point"`
	}
	if err := must(ctx, b.c, node, http.MethodPost, "/v1/match", t.body, &lead); err != nil {
		return false
	}
	return lead.Point.Gallery == t.gallery && len(lead.Candidates) > 0 && len(lead.Candidates[0].Names) > 0 && lead.Candidates[0].Names[0].Full == t.name
}
