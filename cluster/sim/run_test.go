package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vigie/watchlist"
)

// result is what came out of one seed.
type result struct {
	Seed      uint64 `json:"seed"`
	Profile   string `json:"profile"`
	Nodes     int    `json:"nodes"`
	VirtualMs int64  `json:"virtual_ms"`
	WallMs    int64  `json:"wall_ms"`
	// Acked, Conflicts and Refused are writes that succeeded, that met another
	// revision, and that certainly were not committed; Unknown is the rest.
	Acked     int `json:"acked"`
	Conflicts int `json:"conflicts"`
	Refused   int `json:"refused"`
	Unknown   int `json:"unknown"`
	// Reads are linearizable, Matches local and stamped.
	Reads   int `json:"reads"`
	Matches int `json:"matches"`
	Faults  int `json:"faults"`
	Starts  int `json:"starts"`
	Crashes int `json:"crashes"`
	// Hashes counts state hashes that were compared, Histories those of entries
	// that porcupine found right, Undecided those that it gave up on.
	Hashes    int `json:"hashes"`
	Histories int `json:"histories"`
	Undecided int `json:"undecided"`

	AckedLost        int      `json:"acked_lost"`
	Violations       int      `json:"violations"`
	HashMismatches   int      `json:"hash_mismatches"`
	MatchUnavailable int      `json:"match_unavailable"`
	Unstamped        int      `json:"unstamped"`
	Details          []string `json:"details,omitempty"`
}

// unknownAge is what a node says that never had a list, milliseconds.
const unknownAge = 100 * 365 * 24 * 3600 * 1000

// simulation is one run of a schedule.
type simulation struct {
	plan    schedule
	base    time.Duration // from the bubble's clock to the nodes'
	net     *network
	members []*member
	history *history
	rng     *rand.Rand
	wg      sync.WaitGroup // what must end before the bubble does

	extras atomic.Int64

	mu    sync.Mutex
	index map[int]uint64 // the highest stamped index of each node
}

func (h *history) refused() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.res.Refused++
}

// matched records a match: it must be answered at once.
func (h *history) matched(ok bool, took time.Duration, stamp watchlist.ListStamp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.res.Matches++
	if !ok || took > 100*time.Millisecond {
		h.res.MatchUnavailable++
		h.violatedLocked("a living node did not answer a match: ok=%v after %s", ok, took)
	}
	// A node that has joined and got nothing yet says so by its age.
	if stamp.StateHash == "" && (stamp.AppliedIndex > 0 || stamp.AgeMillis < unknownAge) {
		h.res.Unstamped++
		h.violatedLocked("an answer without a stamp")
	}
}

func (c *simulation) stamped(m *member, index uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index[m.i] = max(c.index[m.i], index)
}

func (c *simulation) reached(i int) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.index[i]
}

// simulate runs one seed from a template in a bubble of virtual time.
func simulate(t *testing.T, from *template, p schedule) *result {
	res := &result{Seed: p.Seed, Profile: string(p.Profile), Nodes: p.Nodes}
	began := time.Now()
	dir, err := os.MkdirTemp(scratch(), "seed")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var h *history
	synctest.Test(t, func(t *testing.T) {
		c := &simulation{plan: p, rng: rand.New(rand.NewPCG(p.Seed, 2)), index: make(map[int]uint64), history: newHistory(res)}
		h = c.history
		c.base = time.Until(from.Made.Add(time.Minute))
		c.net = newNetwork(rand.New(rand.NewPCG(p.Seed, 3)), link{
			latency: p.Latency, jitter: p.Jitter, loss: p.Loss, rto: max(200*time.Millisecond, 4*p.Latency),
		})
		for i, n := range from.of(p.Nodes).Nodes[:p.Nodes+p.Spares] {
			m := &member{c: c, i: i, id: n.ID, dir: filepath.Join(dir, fmt.Sprint(i)), rng: rand.New(rand.NewPCG(p.Seed, uint64(100+i)))}
			m.disk = n.disk.clone(m.rng)
			if err := copyTree(n.Dir, m.dir); err != nil {
				t.Fatal(err)
			}
			c.members = append(c.members, m)
		}
		c.run()
		res.VirtualMs = time.Since(h.start).Milliseconds()
	})
	h.check()
	res.WallMs = time.Since(began).Milliseconds()
	return res
}

func (c *simulation) run() {
	for _, m := range c.members[:c.plan.Nodes] {
		m.wanted = true
		c.wg.Go(m.start)
	}
	c.wg.Wait()
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for i := range c.plan.Clients {
		cl := c.client(i)
		clients.Go(func() { cl.work(stop) })
	}
	for _, e := range c.plan.Events {
		time.Sleep(time.Until(c.history.start.Add(e.At)))
		c.history.count(&c.history.res.Faults)
		c.wg.Go(func() { c.strike(e) })
	}
	time.Sleep(time.Until(c.history.start.Add(c.plan.Length)))
	close(stop)
	clients.Wait()
	c.recover()
	c.wg.Wait()
	c.verify()
	var ends sync.WaitGroup
	for _, m := range c.members {
		// All at once: nobody waits for a successor.
		ends.Go(m.stop)
	}
	ends.Wait()
	close(c.net.done)
	c.net.wg.Wait()
}

// recover ends all faults, starts everybody, and waits until the cluster is one.
func (c *simulation) recover() {
	c.wg.Wait() // each fault ends by itself
	c.net.heal()
	for _, m := range c.members {
		m.skew.Store(0)
		if r := m.current(); r != nil {
			r.disk.set(nil, nil, 0)
		}
		m.disk.set(nil, nil, 0)
		if m.wanted {
			c.wg.Go(m.start)
		}
	}
	c.wg.Wait()
	patience := time.Now().Add(100*unit(c.plan.Profile) + 10*time.Minute)
	for why := ""; ; time.Sleep(unit(c.plan.Profile)) {
		if why = c.settled(); why == "" {
			return
		}
		if time.Now().After(patience) {
			c.history.violated("the cluster does not recover: %s", why)
			return
		}
	}
}

// settled says what is missing until every member is current, "" for nothing.
func (c *simulation) settled() string {
	var index uint64
	for _, m := range c.members {
		r := m.current()
		if !m.wanted || m.removed {
			continue
		}
		if r == nil {
			return fmt.Sprintf("node %d is down", m.i)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 40*unit(c.plan.Profile))
		err := r.node.Linearizable(ctx)
		cancel()
		if err != nil {
			return fmt.Sprintf("node %d: %v", m.i, err)
		}
		index = max(index, r.node.Stamp().AppliedIndex)
	}
	for _, m := range c.members {
		if r := m.current(); r != nil && m.wanted && !m.removed && r.node.Stamp().AppliedIndex != index {
			return fmt.Sprintf("node %d is at %d, another at %d", m.i, r.node.Stamp().AppliedIndex, index)
		}
	}
	return ""
}

// verify compares the nodes with each other and with what was acknowledged.
func (c *simulation) verify() {
	h := c.history
	for _, m := range c.members {
		r := m.current()
		if r == nil || !m.wanted || m.removed {
			continue
		}
		stamp := r.node.Stamp()
		h.moved(m.i, stamp.AppliedIndex, stamp.StateHash)
		if err := r.node.Registry().Verify(context.Background()); err != nil {
			h.violated("node %d: the registry does not verify: %v", m.i, err)
		}
		h.lost(m.i, func(id watchlist.EntryID) value {
			e, err := r.node.Registry().Entry(id)
			if err != nil {
				return value{}
			}
			return valueOf(e)
		})
		stored := 0
		for e, err := range r.node.Registry().Each() {
			if err != nil {
				h.violated("node %d: reading the registry: %v", m.i, err)
				break
			}
			stored++
			if found, _ := r.shadow.get(e.ID); found != valueOf(e) {
				h.violated("node %d: the index holds %+v of an entry, the registry %+v", m.i, found, valueOf(e))
			}
		}
		if found := len(r.shadow.entries); found != stored {
			h.violated("node %d: the index holds %d entries, the registry %d", m.i, found, stored)
		}
		for i := range c.plan.Entries {
			id := entryID(i)
			e, err := r.node.Registry().Entry(id)
			if err != nil {
				e = nil
			}
			h.done(100+m.i, act{Entry: id, Read: true}, time.Now(), outcome{Found: valueOf(e)}, 0)
		}
	}
}
