package cluster

import (
	"context"
	"errors"
	"testing"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

func TestThreeNodes(t *testing.T) {
	c := newCluster(t, 3, nil)
	t.Run("writes on every node", func(t *testing.T) {
		for i, n := range c.nodes {
			res := n.mustPut(i)
			for _, other := range c.nodes {
				if err := other.node.WaitIndex(ctxFor(t), res.Index); err != nil {
					t.Fatal(err)
				}
				if _, err := other.node.Registry().Entry(testEntry(i).ID); err != nil {
					t.Errorf("entry %d on node %s: %v", i, other.addr, err)
				}
			}
		}
		c.sameState()
	})
	t.Run("linearizable reads on every node", func(t *testing.T) {
		for i, n := range c.nodes {
			c.nodes[(i+1)%3].mustPut(10 + i)
			if err := n.node.Linearizable(ctxFor(t)); err != nil {
				t.Fatal(err)
			}
			if _, err := n.node.Registry().Entry(testEntry(10 + i).ID); err != nil {
				t.Errorf("a linearizable read on node %d misses an acknowledged write: %v", i, err)
			}
		}
	})
	t.Run("refused commands are results", func(t *testing.T) {
		res, err := c.followers()[0].put(0)
		if err != nil || res.Code != command.Exists {
			t.Errorf("second create: %s, %v; want %s", res.Code, err, command.Exists)
		}
	})
	t.Run("stamps are current", func(t *testing.T) {
		for _, n := range c.nodes {
			c.eventually("stamp", func() bool {
				st := n.node.Stamp()
				return st.Connected && st.AgeMillis < 1000 && st.Entries == 6
			})
		}
	})
	t.Run("status", func(t *testing.T) {
		n := c.followers()[0]
		c.eventually("status knows all members", func() bool {
			st := n.node.Status()
			for _, m := range st.Members {
				if !m.Voting || !m.Reachable || m.Lag != 0 || m.ClusterAddr == "" {
					return false
				}
			}
			return len(st.Members) == 3 && st.State == "follower" && st.Leader == c.leader().node.ID()
		})
	})
	t.Run("transfer", func(t *testing.T) {
		old := c.leader().node.ID()
		if err := c.followers()[0].node.TransferLeadership(ctxFor(t)); err != nil {
			t.Fatal(err)
		}
		if c.leader().node.ID() == old {
			t.Error("the leader did not change")
		}
		c.leader().mustPut(20)
	})
}

func TestLeaderStops(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.leader().mustPut(1)
	old := c.leader()
	begin := time.Now()
	old.stop()
	for i, n := range c.running() {
		n.mustPut(10 + i)
	}
	t.Logf("leader stopped to two writes done: %s", time.Since(begin))
	for _, n := range c.running() {
		if err := n.node.Linearizable(ctxFor(t)); err != nil {
			t.Error(err)
		}
	}
	old.start()
	c.waitVoters(3)
	c.sameState()
	old.mustPut(50)
}

func TestLeaderCutOff(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	old := c.leader()
	c.net.isolate(old.addr)
	// The old leader must not answer linearizable reads nor take writes.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := old.node.Linearizable(ctx); !errors.Is(err, watchlist.ErrNoLeader) {
		t.Errorf("linearizable read on a leader cut off: %v, want ErrNoLeader", err)
	}
	if res, err := old.node.Propose(ctx, command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(7)})); err == nil {
		t.Errorf("a leader cut off accepted a write: %+v", res)
	}
	next := c.leader()
	if next == old {
		t.Fatal("no new leader")
	}
	next.mustPut(1)
	c.net.heal(old.addr)
	old.waitEntry(1)
	c.sameState()
	if _, err := old.node.Registry().Entry(testEntry(7).ID); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("the refused write is there: %v", err)
	}
}

func TestIdempotentWriteSurvivesFailover(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	writer := c.followers()[0]
	old := c.leader()
	env := command.New("tester", command.EntryPut{Op: command.OpCreate, Entry: testEntry(1)})
	env.IdemKey, env.IdemHash = "k1", make([]byte, 32)
	if _, err := writer.node.Propose(ctxFor(t), env); err != nil {
		t.Fatal(err)
	}
	c.net.isolate(old.addr)
	res, err := writer.node.Propose(ctxFor(t), env)
	if err != nil || res.Code != command.OK || !res.Replayed {
		t.Errorf("the same request after failover: %+v, %v; want a replayed OK", res, err)
	}
	env.IdemKey = "k2"
	env.Body = command.EntryPut{Op: command.OpCreate, Entry: testEntry(2)}
	if res, err := writer.node.Propose(ctxFor(t), env); err != nil || res.Code != command.OK {
		t.Errorf("a new request after failover: %+v, %v", res, err)
	}
	c.net.heal(old.addr)
}

func TestIsolatedNodeGoesOnReading(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	c.leader().mustPut(1)
	lone := c.followers()[0]
	lone.waitEntry(1)
	c.eventually("fresh", func() bool { st := lone.node.Stamp(); return st.Connected && st.AgeMillis < 500 })
	c.net.isolate(lone.addr)
	c.leader().mustPut(2)
	c.eventually("the stamp shows the cut", func() bool { st := lone.node.Stamp(); return !st.Connected && st.AgeMillis > 700 })
	before := lone.node.Stamp()
	if _, err := lone.node.Registry().Entry(testEntry(1).ID); err != nil {
		t.Errorf("an isolated node must go on reading: %v", err)
	}
	c.eventually("age grows", func() bool { return lone.node.Stamp().AgeMillis > before.AgeMillis+100 })
	if lone.node.Stamp().AppliedIndex != before.AppliedIndex {
		t.Error("an isolated node applied something")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := lone.node.Propose(ctx, command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(3)})); !errors.Is(err, watchlist.ErrNoLeader) {
		t.Errorf("write on an isolated node: %v, want ErrNoLeader", err)
	}
	c.net.heal(lone.addr)
	lone.waitEntry(2)
	c.eventually("fresh again", func() bool { st := lone.node.Stamp(); return st.Connected && st.AgeMillis < 500 })
	c.sameState()
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	n := c.nodes[0]
	for i := range 20 {
		n.mustPut(i)
	}
	index, hash := n.node.rep.fsm.Stamp()
	term := n.node.Status().Term
	n.stop()
	n.start()
	if i, h := n.node.rep.fsm.Stamp(); i < index || (i == index && h != hash) {
		t.Errorf("after the restart: index %d hash %s, before %d %s", i, h, index, hash)
	}
	c.leader()
	n.mustPut(100)
	if got := n.node.Status().Term; got <= term {
		t.Errorf("term %d after the restart, %d before", got, term)
	}
	if n.node.Registry().Count() != 21 {
		t.Errorf("%d entries, want 21", n.node.Registry().Count())
	}
}

func TestAddressChange(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	n := c.followers()[0]
	n.stop()
	c.leader().mustPut(1)
	n.addr = "" // a new port
	n.start()
	n.waitEntry(1)
	c.sameState()
	id := n.node.ID()
	c.eventually("the new address is known", func() bool {
		m, err := c.leader().node.Registry().Member(id)
		return err == nil && m.ClusterAddr == n.addr
	})
}

func TestFiveNodesLoseTwo(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 5, nil)
	c.leader().mustPut(1)
	c.leader().stop()
	c.leader().mustPut(2)
	c.leader().stop()
	for i, n := range c.running() {
		n.mustPut(10 + i)
	}
	c.sameState()
}

func TestLateJoinerGetsSnapshot(t *testing.T) {
	c := newCluster(t, 1, func(cfg *Config) {
		cfg.SnapshotThreshold, cfg.TrailingLogs, cfg.SnapshotInterval = 20, 5, 20*time.Millisecond
	})
	n := c.nodes[0]
	for i := range 100 {
		n.mustPut(i)
	}
	c.eventually("the log is compacted", func() bool {
		first, err := n.node.rep.log.FirstIndex()
		return err == nil && first > 50
	})
	late := c.join(watchlist.NodeVoter)
	late.waitEntry(99)
	c.waitVoters(2)
	c.sameState()
	if late.node.Registry().Count() != 100 {
		t.Errorf("%d entries, want 100", late.node.Registry().Count())
	}
	late.mustPut(200)
	// And again from its own disk.
	late.stop()
	late.start()
	c.sameState()
}

func TestTooLarge(t *testing.T) {
	c := newCluster(t, 1, nil)
	e := testEntry(1)
	e.Facts = string(make([]byte, 70<<10))
	_, err := c.nodes[0].node.Propose(ctxFor(t), command.New("t", command.EntryPut{Op: command.OpCreate, Entry: e}))
	if !errors.Is(err, watchlist.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
}
