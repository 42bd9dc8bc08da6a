package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// TestAcknowledgedWritesSurviveFaults writes on all nodes while leaders are cut
// off and stopped in turn. Afterwards every acknowledged entry is on every node,
// an entry refused for certain is on none, and the states are equal.
func TestAcknowledgedWritesSurviveFaults(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, func(cfg *Config) {
		cfg.SnapshotThreshold, cfg.TrailingLogs, cfg.SnapshotInterval = 50, 20, 50*time.Millisecond
	})
	w := &writers{acked: make(map[int]bool), refused: make(map[int]bool)}
	var nodesMu sync.RWMutex // writers hold it for reading, restarts for writing
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				nodesMu.RLock()
				n := c.nodes[rand.IntN(len(c.nodes))]
				w.one(ctx, n)
				nodesMu.RUnlock()
			}
		})
	}
	for round := range 3 {
		w.waitFor(c, 30)
		old := c.leader()
		c.net.isolate(old.addr)
		w.waitFor(c, 30)
		c.net.heal(old.addr)
		w.waitFor(c, 30)
		nodesMu.Lock()
		if round%2 == 0 {
			old = c.leader()
		}
		old.stop()
		old.start()
		nodesMu.Unlock()
	}
	cancel()
	wg.Wait()
	c.sameState()
	for _, n := range c.nodes {
		for i := range w.acked {
			if _, err := n.node.Registry().Entry(testEntry(i).ID); err != nil {
				t.Errorf("node %s lost the acknowledged entry %d: %v", n.addr, i, err)
			}
		}
		for i := range w.refused {
			if _, err := n.node.Registry().Entry(testEntry(i).ID); !errors.Is(err, watchlist.ErrNotFound) {
				t.Errorf("node %s holds entry %d, which was refused: %v", n.addr, i, err)
			}
		}
	}
	t.Logf("%d acknowledged, %d refused, %d in doubt", len(w.acked), len(w.refused), w.doubt.Load())
}

// writers counts what became of each entry.
type writers struct {
	next, doubt atomic.Int64

	mu             sync.Mutex
	acked, refused map[int]bool
}

func (w *writers) one(ctx context.Context, n *testNode) {
	i := int(w.next.Add(1))
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	env := command.New("tester", command.EntryPut{Op: command.OpCreate, Entry: testEntry(i)})
	if i%2 == 0 {
		env.IdemKey, env.IdemHash = fmt.Sprint(i), make([]byte, 32)
	}
	res, err := n.node.Propose(ctx, env)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil && res.Code == command.OK:
		w.acked[i] = true
	case err == nil:
		panic(fmt.Sprintf("entry %d: %s: a write was done twice", i, res.Code))
	case errors.Is(err, watchlist.ErrOutcomeUnknown):
		w.doubt.Add(1)
	default:
		w.refused[i] = true
	}
}

// waitFor waits until so many more writes are acknowledged.
func (w *writers) waitFor(c *testCluster, more int) {
	c.t.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.acked)
	}
	want := count() + more
	c.eventually("the cluster takes no writes", func() bool { return count() >= want })
}
