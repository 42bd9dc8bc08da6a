package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigie/watchlist"
)

// indexRequest asks the leader for the index of the last command committed.
type indexRequest struct {
	// Recent is content with what the leader confirmed a moment ago; otherwise it
	// confirms after the request came.
	Recent bool `cbor:"1,keyasint,omitempty"`
}

// indexReply answers it.
type indexReply struct {
	Index uint64 `cbor:"1,keyasint"`
	// AgeMicros is how long before the answer a recent confirmation began.
	AgeMicros int64 `cbor:"2,keyasint,omitempty"`
}

// WaitIndex returns once this node's registry and every derived index hold the
// command at a raft index, such as the one in a Result: reading your own writes
// on any node. Otherwise it returns ctx's error.
func (n *Node) WaitIndex(ctx context.Context, index uint64) error {
	return n.rep.fsm.WaitApplied(ctx, index)
}

// Linearizable returns once this node holds everything that was committed
// before the call, on whichever node: reads that follow are linearizable. It
// costs the leader one question to a majority; leases are not relied upon, since
// a paused process can outlive its lease. The error wraps watchlist.ErrNoLeader
// when there is no leader with a quorum, and watchlist.ErrDiverged when this node's
// state is known to be wrong.
func (n *Node) Linearizable(ctx context.Context) error {
	if n.diverged() {
		return fmt.Errorf("linearizable read: %w", watchlist.ErrDiverged)
	}
	deadline := time.Now().Add(n.electionWait())
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		index, err := n.readIndex(ctx)
		if err == nil {
			return n.WaitIndex(ctx, index)
		}
		if ctx.Err() != nil || time.Now().After(deadline) || !errors.Is(err, watchlist.ErrNoLeader) {
			return fmt.Errorf("linearizable read: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("linearizable read: %w", errors.Join(err, ctx.Err()))
		case <-n.stopping:
			return fmt.Errorf("linearizable read: %w", errClosing)
		case <-time.After(pause):
		}
	}
}

// readIndex asks the leader of the moment.
func (n *Node) readIndex(ctx context.Context) (uint64, error) {
	if n.leads() {
		c, err := n.confirmation(ctx)
		if errors.Is(err, errNotLeader) {
			err = watchlist.ErrNoLeader
		}
		return c.index, err
	}
	leader := n.leader()
	if leader == "" || leader == n.id.Node {
		return 0, watchlist.ErrNoLeader
	}
	return n.askIndex(ctx, leader, indexRequest{})
}

// askIndex asks the leader, and notes how current that makes this node's list:
// what the leader confirmed some time before its answer, it confirmed at most
// that time before the question. How long the answer took does not matter.
func (n *Node) askIndex(ctx context.Context, leader watchlist.NodeID, in indexRequest) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*n.timing.election+n.timing.heartbeat)
	defer cancel()
	begin := n.cfg.uptime()
	var out indexReply
	if err := n.post(ctx, leader, pathIndex, in, &out); err != nil {
		if errors.Is(err, errRefused) {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	}
	n.fresh.confirmed(confirmation{index: out.Index, at: begin - time.Duration(out.AgeMicros)*time.Microsecond})
	return out.Index, nil
}

// settleTerm makes sure that an entry of this term is committed: before that, a
// new leader's commit index may lie behind what its predecessor acknowledged.
func (n *Node) settleTerm(ctx context.Context, term uint64) error {
	if n.barrier.Load() == term {
		return nil
	}
	if err := n.await(ctx, n.rep.raft.Barrier(enqueueTimeout)); err != nil {
		return fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	}
	if n.rep.raft.CurrentTerm() != term {
		return watchlist.ErrNoLeader
	}
	n.barrier.Store(term)
	return nil
}

// serveIndex is the leader's half of readIndex.
func (n *Node) serveIndex(w http.ResponseWriter, r *http.Request) {
	var in indexRequest
	if err := readWire(r, &in); err != nil {
		reply(w, nil, err)
		return
	}
	if !n.leads() {
		reply(w, nil, errNotLeader)
		return
	}
	if !in.Recent {
		c, err := n.confirmation(r.Context())
		reply(w, indexReply{Index: c.index}, err)
		return
	}
	c, err := n.recent(r.Context())
	age := n.cfg.uptime() - c.at
	reply(w, indexReply{Index: c.index, AgeMicros: age.Microseconds() + 1}, err)
}
