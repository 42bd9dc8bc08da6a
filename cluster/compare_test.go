package cluster

import (
	"errors"
	"os"
	"testing"

	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// falsify changes a record of a stopped node's registry so that every seal and the
// stored hash still fit: what a fault of the program would do.
func (n *testNode) falsify() {
	n.c.t.Helper()
	l := layout(n.dir)
	node, cl := PathsOf(n.dir).KeyFiles("", "")
	id, err := loadIdentity(l, node, cl)
	must(n.c.t, err)
	old, err := registry.Open(l.registry(), id.nodeKey)
	must(n.c.t, err)
	v, err := old.View()
	must(n.c.t, err)
	fresh, err := registry.Open(l.registry()+".false", id.nodeKey)
	must(n.c.t, err)
	must(n.c.t, fresh.Replace(func(add func(registry.Record) error) (registry.State, error) {
		st := v.State()
		for r, err := range v.Records() {
			if err != nil {
				return st, err
			}
			if r.Bucket == registry.BucketEntries {
				st.Hash.Sub(r)
				var e watchlist.Entry
				must(n.c.t, command.Unmarshal(r.Value, &e))
				e.Offence += " (changed)"
				if r.Value, err = command.Marshal(e); err != nil {
					return st, err
				}
				st.Hash.Add(r)
			}
			if err := add(r); err != nil {
				return st, err
			}
		}
		return st, nil
	}))
	must(n.c.t, errors.Join(v.Close(), old.Close(), fresh.Close(), os.Rename(l.registry()+".false", l.registry())))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDivergedNodeStops: one node of three has a wrong state. It finds out, refuses
// writes and linearizable reads, flags its answers and does not go on leading; the
// others go on.
func TestDivergedNodeStops(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	c.write(1)
	bad := c.followers()[0]
	bad.stop()
	bad.falsify()
	bad.start()
	c.eventually("the node sees that it is wrong", func() bool { return bad.node.Stamp().Diverged })
	if st := bad.node.Status(); st.Divergence == "" {
		t.Error("the status does not tell")
	}
	env := command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(50)})
	if _, err := bad.node.Propose(ctxFor(t), env); !errors.Is(err, watchlist.ErrDiverged) {
		t.Errorf("a write there: %v", err)
	}
	if err := bad.node.Linearizable(ctxFor(t)); !errors.Is(err, watchlist.ErrDiverged) {
		t.Errorf("a linearizable read there: %v", err)
	}
	for _, n := range c.running() {
		if n == bad {
			continue
		}
		c.eventually("the others know who is wrong", func() bool { return n.node.knownWrong(bad.node.ID()) })
		if st := n.node.Stamp(); st.Diverged {
			t.Error("a healthy node takes itself for wrong")
		}
	}
	c.write(2)

	// Whoever makes it the leader: it gives way, and writes go on.
	if l := c.leader(); l != bad {
		id := l.node.servers()
		for _, s := range id {
			if string(s.ID) == string(bad.node.ID()) {
				_ = l.node.rep.raft.LeadershipTransferToServer(s.ID, s.Address).Error()
			}
		}
	}
	c.eventually("another one leads", func() bool {
		for _, n := range c.running() {
			if n != bad && n.node.leads() {
				return true
			}
		}
		return false
	})
	c.write(3)
	// A command more at the same index everywhere changes nothing of the verdict.
	if !bad.node.Stamp().Diverged {
		t.Error("the node takes itself for right again")
	}
}

// write writes entry i through a node that takes it, and waits until all have it.
func (c *testCluster) write(i int) {
	c.t.Helper()
	var index uint64
	c.eventually("a write", func() bool {
		for _, n := range c.running() {
			env := command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(i)})
			env.IdemKey, env.IdemHash = "write"+string(rune('a'+i)), []byte{1}
			if res, err := n.node.Propose(ctxFor(c.t), env); err == nil && res.Code == command.OK {
				index = res.Index
				return true
			}
		}
		return false
	})
	for _, n := range c.running() {
		must(c.t, n.node.WaitIndex(ctxFor(c.t), index))
	}
}

// TestTwoNodesDisagree: nobody can tell who is right, so nobody stops, and both tell.
func TestTwoNodesDisagree(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, nil)
	c.write(1)
	bad := c.followers()[0]
	bad.stop()
	bad.falsify()
	bad.start()
	for _, n := range c.running() {
		c.eventually("both tell", func() bool { return n.node.Status().Divergence != "" })
		if n.node.Stamp().Diverged {
			t.Error("a node stopped without a majority against it")
		}
	}
}
