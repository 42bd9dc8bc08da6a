package clusterbench

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/chaos"
	"vigie/cluster/clustertest"
)

// Rolling is what clients saw while all nodes were restarted, one after the other,
// each with SIGTERM, the next one when the last said that it was ready.
type Rolling struct {
	Restarts int `json:"restarts"`
	// Reads are searches by name, of a client per node every readEvery. Moved counts
	// those that another node than the client's own answered, Failed those that no
	// node did.
	Reads       int                `json:"reads"`
	ReadsMoved  int                `json:"reads_moved"`
	ReadsFailed int                `json:"reads_failed"`
	ReadLatency benchmarks.Latency `json:"read_latency"`
	Acked       int                `json:"acked"`
	Lost        int                `json:"acked_lost"`
	Wrong       int                `json:"wrong"`
	// Gaps are, per restart, the longest time without an acknowledgement of one of
	// the writers; Down is how long a restart took.
	Gaps benchmarks.Latency `json:"write_gap"`
	Down benchmarks.Latency `json:"down"`
}

// readEvery is the pause between two searches of one client.
const readEvery = 10 * time.Millisecond

// rolling restarts every node under load.
func (b *bench) rolling(ctx context.Context) error {
	w := startWriters(ctx, b.c, all(b.c), "ROLL")
	defer w.stop()
	r := startReaders(ctx, b.c)
	defer r.stop()
	out := &Rolling{}
	var gaps, down []time.Duration
	for round := range b.Rolls {
		for i := range b.c.Len() {
			b.Progress(fmt.Sprintf("rolling restart %d of %d, %s", round+1, b.Rolls, b.c.Name(i)))
			at := time.Now()
			if err := b.c.Stop(i); err != nil {
				return err
			}
			if err := b.c.Restart(ctx, i); err != nil {
				return err
			}
			down = append(down, time.Since(at))
			if err := w.until(ctx, time.Now()); err != nil {
				return err
			}
			w.mu.Lock()
			gaps = append(gaps, gap(w.spans, at))
			w.mu.Unlock()
			out.Restarts++
		}
	}
	w.stop()
	r.stop()
	out.Reads, out.ReadsMoved, out.ReadsFailed, out.ReadLatency = len(r.times), r.moved, r.failed, benchmarks.Summarise(r.times)
	out.Gaps, out.Down, out.Acked = benchmarks.Summarise(gaps), benchmarks.Summarise(down), len(w.acked)
	if _, err := b.c.Converge(ctx, 1); err != nil {
		return err
	}
	var err error
	out.Lost, out.Wrong, err = chaos.Lost(ctx, b.c, w.acked)
	b.report.Rolling = out
	return err
}

// readers are clients that search all the time.
type readers struct {
	c    *clustertest.Cluster
	wg   sync.WaitGroup
	quit context.CancelFunc

	mu            sync.Mutex
	times         []time.Duration
	moved, failed int
}

func startReaders(ctx context.Context, c *clustertest.Cluster) *readers {
	ctx, quit := context.WithCancel(ctx)
	r := &readers{c: c, quit: quit}
	for i := range c.Len() {
		r.wg.Go(func() {
			for nap(ctx, readEvery) == nil {
				r.read(ctx, i)
			}
		})
	}
	return r
}

// read asks the client's own node, and the others when that one gives no answer.
func (r *readers) read(ctx context.Context, own int) {
	begin := time.Now()
	body := []byte(`{"purpose":"test","reason":"benchmark","names":[{"full":"Specimen Nobody"}]}`)
	for k := range r.c.Len() {
		status, _, err := send(ctx, r.c, (own+k)%r.c.Len(), http.MethodPost, "/v1/match", body, "")
		if ctx.Err() != nil {
			return
		}
		if err == nil && status == http.StatusOK {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.times = append(r.times, time.Since(begin))
			if k > 0 {
				r.moved++
			}
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
}

func (r *readers) stop() {
	r.quit()
	r.wg.Wait()
}
