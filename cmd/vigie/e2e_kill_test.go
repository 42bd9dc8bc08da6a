package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// acked is what the cluster acknowledged: case reference -> entry id.
type acked struct {
	mu      sync.Mutex
	entries map[string]string
	last    int64
	count   atomic.Int64
	// at is when the last one was acknowledged, gap the longest pause between
	// two.
	at  time.Time
	gap time.Duration
}

func (a *acked) add(ref string, w client.EntryWritten) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries[ref] = w.Id
	a.last = max(a.last, w.Index)
	a.count.Store(int64(len(a.entries)))
	now := time.Now()
	if !a.at.IsZero() {
		a.gap = max(a.gap, now.Sub(a.at))
	}
	a.at = now
}

// waitFor returns once n writes are acknowledged.
func (a *acked) waitFor(t *testing.T, n int64) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for a.count.Load() < n {
		select {
		case <-deadline:
			t.Fatalf("only %d of %d writes were acknowledged within a minute", a.count.Load(), n)
		case <-tick.C:
		}
	}
}

// writeOne writes one entry until a node acknowledges it, going from node to
// node under one idempotency key, as a careful client does.
func writeOne(ctx context.Context, c *clustertest.Cluster, node int, body []byte, key string) (reply, error) {
	for ; ; node++ {
		one, cancel := context.WithTimeout(ctx, 10*time.Second)
		r, err := request(one, c, node%c.Len(), "POST", "/v1/entries", body, "Idempotency-Key", key)
		cancel()
		if err == nil && r.status != http.StatusServiceUnavailable {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return reply{}, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// testE2EKillLeader kills the leader while eight clients write, and then checks
// that nothing acknowledged is lost or doubled, on any node.
func testE2EKillLeader(t *testing.T, c *clustertest.Cluster) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	got := &acked{entries: map[string]string{}}
	var writers sync.WaitGroup
	template := specimen.Entries(8, time.Now())
	for w := range 8 {
		in := entryInput(&template[w])
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				in.CaseReference = fmt.Sprintf("KILL-%d-%d", w, n)
				r, err := writeOne(ctx, c, w, mustJSON(t, in), "e2e-"+in.CaseReference)
				if err != nil {
					return // the test stops
				}
				var written client.EntryWritten
				if r.status != http.StatusCreated {
					t.Errorf("%s: %d %s", in.CaseReference, r.status, r.body)
					return
				}
				r.decode(t, &written)
				got.add(in.CaseReference, written)
			}
		})
	}
	got.waitFor(t, 150)
	leader, err := c.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before := got.count.Load()
	c.Kill9(leader)
	got.waitFor(t, before+150)
	stop()
	writers.Wait()
	t.Logf("%s killed after %d writes; the longest pause between two acknowledgements was %v", c.Name(leader), before, got.gap.Round(time.Millisecond))

	begin := time.Now()
	if err := c.Restart(t.Context(), leader); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s was ready %v after its restart", c.Name(leader), time.Since(begin).Round(time.Millisecond))
	wait, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stamps, err := c.Converge(wait, uint64(got.last))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d writes acknowledged; all nodes at index %d with state %.16s", got.count.Load(), stamps[0].AppliedIndex, stamps[0].StateHash)
	for n := range c.Len() {
		checkAcked(t, c, n, got)
	}
}

// checkAcked reads all entries of a node's own copy and compares them with what
// was acknowledged: each is there under its id, and each case once only.
func checkAcked(t *testing.T, c *clustertest.Cluster, n int, got *acked) {
	t.Helper()
	ids := map[string]bool{}
	for cursor := ""; ; {
		r := call(t, c, n, "GET", "/v1/entries?consistency=local&limit=500&cursor="+cursor, nil)
		if cursor == "" {
			r = call(t, c, n, "GET", "/v1/entries?consistency=local&limit=500", nil)
		}
		if r.status != http.StatusOK {
			t.Fatalf("%s: list: %d %s", c.Name(n), r.status, r.body)
		}
		var page client.EntryList
		r.decode(t, &page)
		for _, e := range page.Items {
			if ids[e.Id] {
				t.Errorf("%s lists %s twice", c.Name(n), e.Id)
			}
			ids[e.Id] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	lost := 0
	for ref, id := range got.entries {
		if !ids[id] {
			lost++
			t.Logf("%s lost %s (%s)", c.Name(n), id, ref)
		}
	}
	if lost > 0 {
		t.Errorf("%s lost %d of %d acknowledged entries", c.Name(n), lost, len(got.entries))
	}
	cases := map[string]string{}
	for ref, id := range got.entries {
		if other, twice := cases[id]; twice {
			t.Errorf("%s and %s were acknowledged with the same id", ref, other)
		}
		cases[id] = ref
	}
	// At most one write per client was under way and never acknowledged.
	if extra := len(ids) - len(got.entries); extra < 0 {
		t.Errorf("%s holds %d entries, fewer than were acknowledged", c.Name(n), len(ids))
	}
}
