package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigie/watchlist"
)

// indexReply answers a read-index request.
type indexReply struct {
	Index uint64 `cbor:"1,keyasint"`
}

// WaitIndex returns once this node's registry and every derived index hold the
// command at a raft index, such as the one in a Result: reading your own writes
// on any node. Otherwise it returns ctx's error.
func (n *Node) WaitIndex(ctx context.Context, index uint64) error {
	return n.rep.fsm.WaitApplied(ctx, index)
}

// Linearizable returns once this node holds everything that was committed
// before the call, on whichever node: reads that follow are linearizable. It
// costs the leader one round of heartbeats; leases are not relied upon, since a
// paused process can outlive its lease. The error wraps watchlist.ErrNoLeader
// when there is no leader with a quorum.
func (n *Node) Linearizable(ctx context.Context) error {
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
		return n.leaderIndex(ctx)
	}
	leader := n.leader()
	if leader == "" || leader == n.id.Node {
		return 0, watchlist.ErrNoLeader
	}
	ctx, cancel := context.WithTimeout(ctx, 2*n.timing.election+n.timing.heartbeat)
	defer cancel()
	var out indexReply
	if err := n.post(ctx, leader, pathIndex, struct{}{}, &out); err != nil {
		if errors.Is(err, errRefused) {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	}
	return out.Index, nil
}

// leaderIndex is the leader's half of a linearizable read: the index of the last
// command committed now, with proof that this node leads now.
func (n *Node) leaderIndex(ctx context.Context) (uint64, error) {
	term := n.rep.raft.CurrentTerm()
	if err := n.settleTerm(ctx, term); err != nil {
		return 0, err
	}
	commit := n.rep.raft.CommitIndex()
	if err := n.await(ctx, n.rep.raft.VerifyLeader().Error); err != nil {
		return 0, fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	}
	if n.rep.raft.CurrentTerm() != term {
		return 0, watchlist.ErrNoLeader
	}
	return n.rep.lastCommand(commit)
}

// settleTerm makes sure that an entry of this term is committed: before that, a
// new leader's commit index may lie behind what its predecessor acknowledged.
func (n *Node) settleTerm(ctx context.Context, term uint64) error {
	if n.barrier.Load() == term {
		return nil
	}
	if err := n.await(ctx, n.rep.raft.Barrier(enqueueTimeout).Error); err != nil {
		return fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	}
	if n.rep.raft.CurrentTerm() != term {
		return watchlist.ErrNoLeader
	}
	n.barrier.Store(term)
	return nil
}

// serveIndex answers a follower's readIndex.
func (n *Node) serveIndex(w http.ResponseWriter, r *http.Request) {
	if !n.leads() {
		reply(w, nil, errNotLeader)
		return
	}
	index, err := n.leaderIndex(r.Context())
	reply(w, indexReply{Index: index}, err)
}
