package clusterbench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"vigie/cluster/clustertest"
)

// span is one acknowledged write.
type span struct{ begin, end time.Time }

// writers are clients that write all the time, each to a node of its own and, when
// that one fails it, to the next, under one idempotency key until the write is
// acknowledged.
type writers struct {
	c    *clustertest.Cluster
	wg   sync.WaitGroup
	quit context.CancelFunc

	mu    sync.Mutex
	acked map[string]string // name to entry id
	spans [][]span          // by writer
	heard chan struct{}     // has one token after each acknowledgement
}

// pause is how long a refused client waits before it asks the next node.
const pause = 5 * time.Millisecond

// startWriters begins a writer for each of the nodes. Names begin with series, which
// no other writers use.
func startWriters(ctx context.Context, c *clustertest.Cluster, nodes []int, series string) *writers {
	ctx, quit := context.WithCancel(ctx)
	w := &writers{c: c, quit: quit, acked: map[string]string{}, spans: make([][]span, len(nodes)), heard: make(chan struct{}, 1)}
	for i, node := range nodes {
		w.wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				w.write(ctx, i, node, fmt.Sprintf("%s-%d-%05d", series, i, n))
			}
		})
	}
	return w
}

// write sends one entry until it is acknowledged.
func (w *writers) write(ctx context.Context, i, node int, name string) {
	body := encoded(entry(name, nil, ""))
	begin := time.Now()
	for ; ctx.Err() == nil; node = (node + 1) % w.c.Len() {
		status, answer, err := send(ctx, w.c, node, http.MethodPost, "/v1/entries", body, name)
		if err == nil && status == http.StatusCreated {
			var out struct {
				ID string `json:"id"`
			}
			_ = json.Unmarshal(answer, &out) // without an id the check at the end fails
			w.mu.Lock()
			w.acked[name] = out.ID
			w.spans[i] = append(w.spans[i], span{begin, time.Now()})
			w.mu.Unlock()
			select {
			case w.heard <- struct{}{}:
			default:
			}
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// until waits until every writer has had a write acknowledged that it began after
// an instant.
func (w *writers) until(ctx context.Context, after time.Time) error {
	for {
		w.mu.Lock()
		n := 0
		for _, s := range w.spans {
			if len(s) > 0 && s[len(s)-1].begin.After(after) {
				n++
			}
		}
		w.mu.Unlock()
		if n == len(w.spans) {
			return nil
		}
		select {
		case <-w.heard:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d writers could write: %w", n, len(w.spans), ctx.Err())
		}
	}
}

// stop ends the writers and waits.
func (w *writers) stop() {
	w.quit()
	w.wg.Wait()
}

// gap is the longest time between two acknowledgements of one writer, the later of
// which lies after an instant; of all writers the longest.
func gap(spans [][]span, after time.Time) time.Duration {
	var longest time.Duration
	for _, list := range spans {
		for i := 1; i < len(list); i++ {
			if list[i].end.After(after) {
				longest = max(longest, list[i].end.Sub(list[i-1].end))
			}
		}
	}
	return longest
}
