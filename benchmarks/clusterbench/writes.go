package clusterbench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/bareraft"
	"vigie/benchmarks/gen"
	"vigie/cluster/clustertest"
	"vigie/cluster/fsm"
	"vigie/cluster/seal"
	"vigie/watchlist/command"
)

// WritePass is one number of clients writing for a while over REST, and then as
// long to bare raft.
type WritePass struct {
	Clients int  `json:"clients"`
	Face    bool `json:"with_template"`
	Rate
	// Bare is bare raft with the same number of clients and payload; Ratio is our
	// rate over its.
	Bare  Rate    `json:"bare_raft"`
	Ratio float64 `json:"ratio"`
}

// Rate is what some clients achieved.
type Rate struct {
	Seconds   float64            `json:"seconds"`
	PerSecond float64            `json:"writes_per_second"`
	Failed    int                `json:"failed"`
	Latency   benchmarks.Latency `json:"latency"`
	Cost      Cost               `json:"cpu_us_per_write"`
}

// load is one line of the writes' table.
type load struct {
	clients int
	face    bool
}

// loads are measured in every pass. The last shows what templates cost.
var loads = []load{{1, true}, {16, true}, {64, true}, {64, false}}

// bodies is how many different entries the clients of one load take turns with.
const bodies = 6000

// writes measures writes one by one, ours and bare raft's in turns.
func (b *bench) writes(ctx context.Context) (err error) {
	if b.report.PayloadBytes, err = b.payload(true); err != nil {
		return err
	}
	plain, err := b.payload(false)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "vigie-bare-raft-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bare, err := bareraft.Start(ctx, dir, b.Bare)
	if err != nil {
		return fmt.Errorf("start bare raft: %w", err)
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	for pass := range b.Passes {
		for _, l := range loads {
			b.Progress(fmt.Sprintf("writes, pass %d of %d: %d clients, template %v", pass+1, b.Passes, l.clients, l.face))
			size := b.report.PayloadBytes
			if !l.face {
				size = plain
			}
			w := WritePass{Clients: l.clients, Face: l.face}
			if w.Rate, err = b.ours(ctx, l, uint64(pass)); err != nil {
				return err
			}
			if w.Bare, err = b.bare(ctx, bare, l.clients, size); err != nil {
				return err
			}
			w.Ratio = w.PerSecond / w.Bare.PerSecond
			b.report.Writes = append(b.report.Writes, w)
		}
	}
	return nil
}

// payload is the size of one write in the raft log.
func (b *bench) payload(face bool) (int, error) {
	template, err := b.templates(1, 1)
	if err != nil {
		return 0, err
	}
	if !face {
		template[0] = nil
	}
	key, err := seal.NewKey()
	if err != nil {
		return 0, fmt.Errorf("make a key: %w", err)
	}
	env := command.New("0192f0c1-0000-7000-8000-000000000000", command.EntryPut{Op: command.OpCreate, Entry: stored(gen.Names(1, 1)[0], template[0], b.cal.Model())})
	env.Time = time.Now().UnixMilli()
	sealed, err := fsm.SealCommand(key, &env)
	return len(sealed), err
}

// templates draws n made-up templates.
func (b *bench) templates(seed uint64, n int) ([][]float32, error) {
	draw, err := gen.NewTemplates(b.cal, seed)
	if err != nil {
		return nil, fmt.Errorf("draw templates: %w", err)
	}
	out := make([][]float32, n)
	for i := range out {
		out[i] = slices.Clone(draw.Draw())
	}
	return out, nil
}

// ours writes to the leader over REST.
func (b *bench) ours(ctx context.Context, l load, seed uint64) (Rate, error) {
	leader, err := b.c.Leader(ctx)
	if err != nil {
		return Rate{}, err
	}
	list, err := b.entries(seed*1000+uint64(l.clients), bodies, l.face)
	if err != nil {
		return Rate{}, err
	}
	if _, _, err := b.hammer(ctx, leader, l.clients, list, b.Warm); err != nil {
		return Rate{}, err
	}
	m, err := newMeter(b.c.PID(leader), otherPIDs(b.c, leader))
	if err != nil {
		return Rate{}, err
	}
	begin := time.Now()
	times, failed, err := b.hammer(ctx, leader, l.clients, list, b.WriteTime)
	if err != nil {
		return Rate{}, err
	}
	r := Rate{Seconds: time.Since(begin).Seconds(), Failed: failed}
	r.PerSecond = float64(len(times)) / r.Seconds
	r.Latency = benchmarks.Summarise(times)
	r.Cost, err = m.perWrite(len(times))
	return r, err
}

// entries makes requests for made-up entries.
func (b *bench) entries(seed uint64, n int, face bool) ([][]byte, error) {
	names := gen.Names(seed, n)
	templates := make([][]float32, n)
	if face {
		var err error
		if templates, err = b.templates(seed, n); err != nil {
			return nil, err
		}
	}
	out := make([][]byte, n)
	for i := range out {
		out[i] = encoded(entry(names[i], templates[i], b.cal.Model()))
	}
	return out, nil
}

// hammer has clients create entries one after the other until the time is over. A
// write counts when the API has acknowledged it.
func (b *bench) hammer(ctx context.Context, node, clients int, list [][]byte, during time.Duration) ([]time.Duration, int, error) {
	end := time.Now().Add(during)
	times := make([][]time.Duration, clients)
	var failed, next atomic.Int64
	var last atomic.Value
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for t := time.Now(); t.Before(end) && ctx.Err() == nil; t = time.Now() {
				status, answer, err := send(ctx, b.c, node, http.MethodPost, "/v1/entries", list[int(next.Add(1))%len(list)], "")
				if err != nil || status != http.StatusCreated {
					failed.Add(1)
					last.Store(fmt.Sprintf("%d %.200s %v", status, answer, err))
					continue
				}
				times[c] = append(times[c], time.Since(t))
			}
		})
	}
	wg.Wait()
	joined := slices.Concat(times...)
	if len(joined) == 0 {
		return nil, 0, fmt.Errorf("no write went through: %v", last.Load())
	}
	return joined, int(failed.Load()), ctx.Err() //nolint:wrapcheck // nothing to add
}

// bare writes to bare raft.
func (b *bench) bare(ctx context.Context, c *bareraft.Cluster, clients, size int) (Rate, error) {
	if _, err := c.Write(ctx, bareraft.Load{Clients: clients, Bytes: size, Millis: b.Warm.Milliseconds()}); err != nil {
		return Rate{}, fmt.Errorf("bare raft: %w", err)
	}
	pids := c.PIDs()
	before := make([]CPU, len(pids))
	for i, pid := range pids {
		var err error
		if before[i], err = cpuOf(pid); err != nil {
			return Rate{}, err
		}
	}
	res, err := c.Write(ctx, bareraft.Load{Clients: clients, Bytes: size, Millis: b.WriteTime.Milliseconds()})
	if err != nil {
		return Rate{}, fmt.Errorf("bare raft: %w", err)
	}
	if res.Writes == 0 {
		return Rate{}, errors.New("bare raft wrote nothing")
	}
	r := Rate{Seconds: res.Seconds, PerSecond: float64(res.Writes) / res.Seconds, Failed: res.Failed, Latency: res.Latency}
	// The leader is the one that used most: the clients are in it.
	for i, pid := range pids {
		now, err := cpuOf(pid)
		if err != nil {
			return Rate{}, err
		}
		used := CPU{User: (now.User - before[i].User) * 1e6 / float64(res.Writes), System: (now.System - before[i].System) * 1e6 / float64(res.Writes)}
		if used.User+used.System > r.Cost.Leader.User+r.Cost.Leader.System {
			used, r.Cost.Leader = r.Cost.Leader, used
		}
		r.Cost.Follower.User += used.User / float64(len(pids)-1)
		r.Cost.Follower.System += used.System / float64(len(pids)-1)
	}
	return r, nil
}

// otherPIDs are the processes of the running nodes but one.
func otherPIDs(c *clustertest.Cluster, but int) []int {
	var out []int
	for _, i := range all(c) {
		if i != but && c.Running(i) {
			out = append(out, c.PID(i))
		}
	}
	return out
}
