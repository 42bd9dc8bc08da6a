package cluster

import (
	"context"
	"errors"
	"iter"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/fsm"
	"vigie/watchlist"
)

// TestLostLogIsRefused: a node whose log was lost but not its registry has
// acknowledged entries that it could no longer defend with its vote.
func TestLostLogIsRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	leader, f := c.leader(), c.followers()
	lags, loses := f[0], f[1]
	lags.stop()
	leader.mustPut(50) // on leader and loses only
	loses.waitEntry(50)
	leader.stop()
	loses.stop()
	if err := os.RemoveAll(layout(loses.dir).raft()); err != nil {
		t.Fatal(err)
	}
	if err := loses.tryStart(); !errors.Is(err, fsm.ErrDiverged) {
		t.Fatalf("a node without its log started: %v, want ErrDiverged", err)
	}
	// With the log there is nothing to refuse, and nothing is lost.
	lags.start()
	leader.start()
	lags.waitEntry(50)
}

// holdingIndex keeps the state machine from applying entries once it is shut.
type holdingIndex struct {
	applied atomic.Uint64
	held    chan struct{} // gets a value when an entry waits
	open    chan struct{}
}

func (h *holdingIndex) Apply(changes []watchlist.Change, index uint64) error {
	if len(changes) > 0 {
		select {
		case h.held <- struct{}{}:
		default:
		}
		<-h.open
	}
	h.applied.Store(index)
	return nil
}

func (h *holdingIndex) Rebuild(_ iter.Seq2[*watchlist.Entry, error], index uint64) error {
	h.applied.Store(index)
	return nil
}

func (h *holdingIndex) Applied() uint64 { return h.applied.Load() }

// TestLaggingLeaderKeepsNewMembers: a leader that has a member's raft
// configuration in its log, but not yet applied the member's record, must not
// take it for a stranger.
func TestLaggingLeaderKeepsNewMembers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, nil)
	lags := c.slot()
	lags.obtain(c.token(watchlist.NodeVoter))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lags.addr = ln.Addr().String()
	h := &holdingIndex{held: make(chan struct{}, 1), open: make(chan struct{})}
	cfg := Config{DataDir: lags.dir, Listener: ln, ClusterAdvertise: lags.addr, Dial: c.net.dialer(lags.addr), Logger: testLogger()}
	if lags.node, err = Open(context.Background(), cfg, []fsm.Index{h}); err != nil {
		t.Fatal(err)
	}
	defer close(h.open) // before the cluster stops
	c.waitVoters(3)
	c.leader().mustPut(1)
	<-h.held // its state machine stands still from here on
	joined := c.join(watchlist.NodeVoter)
	c.waitVoters(4)
	id := raft.ServerID(lags.node.ID())
	if err := c.leader().node.rep.raft.LeadershipTransferToServer(id, raft.ServerAddress(id)).Error(); err != nil {
		t.Fatal(err)
	}
	c.eventually("the lagging node leads", lags.node.leads)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := lags.node.reconcile(ctx); err == nil {
		t.Error("the raft configuration was brought in line with records that are not applied yet")
	}
	if !slices.ContainsFunc(lags.node.servers(), func(s raft.Server) bool { return s.ID == raft.ServerID(joined.node.ID()) }) {
		t.Error("the lagging leader removed a member with a record")
	}
}
