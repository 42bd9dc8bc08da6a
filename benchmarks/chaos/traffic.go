package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"vigie/cluster/clustertest"
)

const writers = 2

// traffic is the clients: writers, and a searcher per node.
type traffic struct {
	c    *clustertest.Cluster
	wg   sync.WaitGroup
	end  context.CancelFunc
	gate sync.RWMutex // writers hold it for reading during a write

	mu       sync.Mutex
	ids      map[string]string
	index    uint64
	answered int
	failed   map[string]int
	// broken counts, per node, the faults that take its process down now; epoch
	// changes with each.
	broken [nodes]int
	epoch  [nodes]int
}

func startTraffic(ctx context.Context, c *clustertest.Cluster) *traffic {
	ctx, cancel := context.WithCancel(ctx)
	t := &traffic{c: c, end: cancel, ids: map[string]string{}, failed: map[string]int{}}
	for w := range writers {
		t.wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				t.write(ctx, w, fmt.Sprintf("CHAOS-%d-%06d", w, n))
			}
		})
	}
	for i := range nodes {
		t.wg.Go(func() {
			tick := time.NewTicker(25 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				t.search(ctx, i)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return t
}

func (t *traffic) stop() {
	t.end()
	t.wg.Wait()
}

// pause holds the writers between two writes until resume is called.
func (t *traffic) pause() (resume func()) {
	t.gate.Lock()
	return t.gate.Unlock
}

// down says that a node's process is about to end, up that it is ready again.
func (t *traffic) down(node int) { t.mark(node, 1) }

func (t *traffic) up(node int) { t.mark(node, -1) }

func (t *traffic) mark(node, by int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broken[node] += by
	t.epoch[node]++
}

// alive is the node's epoch, -1 while it is down.
func (t *traffic) alive(node int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken[node] > 0 {
		return -1
	}
	return t.epoch[node]
}

// write sends one entry until some node acknowledges it.
func (t *traffic) write(ctx context.Context, node int, ref string) {
	now := time.Now().UTC()
	body, err := json.Marshal(map[string]any{
		"category": "smuggler", "action": "locate", "specimen": true,
		"names":       []map[string]any{{"kind": "primary", "full": ref}},
		"legal_basis": "specimen", "offence": "specimen", "case_reference": ref, "issued": now.Format(time.RFC3339),
		"review_by": now.AddDate(1, 0, 0).Format(time.RFC3339), "expires_at": now.AddDate(3, 0, 0).Format(time.RFC3339),
	})
	if err != nil {
		panic(err) // constant types
	}
	for ; ctx.Err() == nil; node++ {
		t.gate.RLock()
		status, answer, err := send(ctx, t.c, node%nodes, "/v1/entries", body, ref)
		t.gate.RUnlock()
		if err == nil && status == http.StatusCreated {
			var out struct {
				ID    string `json:"id"`
				Index uint64 `json:"index"`
			}
			// It is acknowledged, whatever the body: one without an id fails the check.
			_ = json.Unmarshal(answer, &out)
			t.mu.Lock()
			t.ids[ref], t.index = out.ID, max(t.index, out.Index)
			t.mu.Unlock()
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// search asks one node and counts what a living one does not answer.
func (t *traffic) search(ctx context.Context, node int) {
	before := t.alive(node)
	if before < 0 {
		return
	}
	status, answer, err := send(ctx, t.c, node, "/v1/match", []byte(`{"purpose":"test","reason":"chaos","names":[{"full":"Specimen Nobody"}]}`), "")
	if ctx.Err() != nil || t.alive(node) != before {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil:
		t.failed["no_answer"]++
	case status == http.StatusOK:
		t.answered++
	default:
		var p struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(answer, &p)
		t.failed[p.Code]++
	}
}

func (t *traffic) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ids)
}

func (t *traffic) last() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.index
}

func (t *traffic) acked() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ids
}

func (t *traffic) searches() (int, map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answered, t.failed
}

// send posts JSON to a node with the administrator's key.
func send(ctx context.Context, c *clustertest.Cluster, node int, path string, body []byte, key string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL(node)+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return do(c, req)
}

func do(c *clustertest.Cluster, req *http.Request) (int, []byte, error) {
	req.Header.Set("Authorization", "Bearer "+c.Admin.Key)
	res, err := c.Client().Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("asking a node: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading a node's answer: %w", err)
	}
	return res.StatusCode, b, nil
}

// list reads all entries of a node's own copy.
func list(ctx context.Context, c *clustertest.Cluster, node int) ([]entry, error) {
	var all []entry
	for cursor := ""; ; {
		path := c.URL(node) + "/v1/entries?consistency=local&limit=500"
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
		if err != nil {
			return nil, fmt.Errorf("making a request: %w", err)
		}
		status, b, err := do(c, req)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []struct {
				ID    string `json:"id"`
				Names []struct {
					Full string `json:"full"`
				} `json:"names"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(b, &page); err != nil || status != http.StatusOK {
			return nil, fmt.Errorf("status %d", status)
		}
		for _, e := range page.Items {
			if len(e.Names) > 0 {
				all = append(all, entry{e.ID, e.Names[0].Full})
			}
		}
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}
