package clusterbench

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/chaos"
)

// Gaps sums up how long nobody could write: per fault the longest time without an
// acknowledgement of the worst of the clients, one per living node.
type Gaps struct {
	Runs int                `json:"runs"`
	Gap  benchmarks.Latency `json:"write_gap"`
	// Call is how long the request for it took, of a transfer.
	Call *benchmarks.Latency `json:"call,omitempty"`
	// Restart is the time from the start of the killed process until the node said
	// that it was ready and had a leader.
	Restart *benchmarks.Latency `json:"restart,omitempty"`
	// Acked counts the acknowledged writes of all runs; Lost, over all nodes, those
	// that a node did not hold at the end, Wrong those held twice or under another
	// id.
	Acked int `json:"acked"`
	Lost  int `json:"acked_lost"`
	Wrong int `json:"wrong"`
}

const (
	// settle bounds what should take a second or two.
	settle = 60 * time.Second
	// quiet is how long clients write before a fault, and up to half as long again,
	// so that faults fall everywhere between two heartbeats.
	quiet = 300 * time.Millisecond
)

// faults kills leaders, moves leadership, and restarts nodes, on one cluster.
func (b *bench) faults(ctx context.Context) error {
	if b.Kills > 0 {
		g, err := b.gaps(ctx, b.Kills, fault{"kill -9 of the leader", "KILL", true, b.kill})
		if err != nil {
			return err
		}
		b.report.Kills = g
	}
	if b.Transfers > 0 {
		g, err := b.gaps(ctx, b.Transfers, fault{"planned transfer", "MOVE", false, b.transfer})
		if err != nil {
			return err
		}
		b.report.Transfers = g
	}
	if b.Rolls > 0 {
		return b.rolling(ctx)
	}
	return nil
}

// fault is one kind of fault. The names of entries written meanwhile begin with
// series. When the leader dies, no client is its own.
type fault struct {
	what, series string
	dies         bool
	// do makes it and says when it was and how long the call took. heal, when not
	// nil, mends it after the writers have stopped and says how long that took.
	do func(ctx context.Context, leader int) (at time.Time, call time.Duration, heal func() (time.Duration, error), err error)
}

// gaps makes a fault a number of times.
func (b *bench) gaps(ctx context.Context, runs int, f fault) (*Gaps, error) {
	rnd := rand.New(rand.NewPCG(uint64(runs), 1))
	out := &Gaps{}
	acked := map[string]string{}
	var all, calls, restarts []time.Duration
	for n := range runs {
		if n%10 == 0 {
			b.Progress(fmt.Sprintf("%s, %d of %d", f.what, n+1, runs))
		}
		w, took, call, restart, err := b.once(ctx, rnd, f, fmt.Sprintf("%s%04d", f.series, n))
		if err != nil {
			return nil, fmt.Errorf("%s, run %d: %w", f.what, n+1, err)
		}
		maps.Copy(acked, w.acked)
		all, out.Runs = append(all, took), out.Runs+1
		if call > 0 {
			calls = append(calls, call)
		}
		if restart > 0 {
			restarts = append(restarts, restart)
		}
	}
	out.Gap = benchmarks.Summarise(all)
	for to, list := range map[**benchmarks.Latency][]time.Duration{&out.Call: calls, &out.Restart: restarts} {
		if len(list) > 0 {
			l := benchmarks.Summarise(list)
			*to = &l
		}
	}
	out.Acked = len(acked)
	var err error
	out.Lost, out.Wrong, err = chaos.Lost(ctx, b.c, acked)
	if err != nil {
		return nil, fmt.Errorf("look for lost writes: %w", err)
	}
	return out, nil
}

// once makes one fault while clients of the nodes that go on write, mends it, and
// waits until all nodes agree.
func (b *bench) once(ctx context.Context, rnd *rand.Rand, f fault, series string) (w *writers, took, call, restart time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	leader, err := b.c.Leader(ctx)
	if err != nil {
		return nil, 0, 0, 0, err
	}
	w = startWriters(ctx, b.c, slices.DeleteFunc(all(b.c), func(i int) bool { return f.dies && i == leader }), series)
	defer w.stop()
	begin := time.Now()
	if err := w.until(ctx, begin); err != nil {
		return nil, 0, 0, 0, err
	}
	if err := nap(ctx, quiet+time.Duration(rnd.Int64N(int64(quiet/2)))); err != nil {
		return nil, 0, 0, 0, err
	}
	at, call, heal, err := f.do(ctx, leader)
	if err == nil {
		err = w.until(ctx, time.Now())
	}
	if err != nil {
		return nil, 0, 0, 0, err
	}
	w.stop()
	if heal != nil {
		if restart, err = heal(); err != nil {
			return nil, 0, 0, 0, err
		}
	}
	_, err = b.c.Converge(ctx, 1)
	return w, gap(w.spans, at), call, restart, err
}

// kill ends the leader's process as a power cut would.
func (b *bench) kill(ctx context.Context, leader int) (time.Time, time.Duration, func() (time.Duration, error), error) {
	at := time.Now()
	b.c.Kill9(leader)
	return at, 0, func() (time.Duration, error) {
		begin := time.Now()
		err := b.c.Restart(ctx, leader)
		return time.Since(begin), err
	}, nil
}

// transfer asks the leader to hand over.
func (b *bench) transfer(ctx context.Context, leader int) (time.Time, time.Duration, func() (time.Duration, error), error) {
	at := time.Now()
	err := must(ctx, b.c, leader, http.MethodPost, "/v1/cluster/transfer", nil, nil)
	return at, time.Since(at), nil, err
}

func nap(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // nothing to add
	}
}
