package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// actorNode is the actor of commands that nodes propose by themselves.
const actorNode = "node"

// promoteLag is how many entries a new voter may still lack when it begins to
// count for the quorum.
const promoteLag = 256

// reconcile makes the raft configuration agree with the member records. Only
// the leader calls it, often. A new voter first receives as a nonvoter, so that
// the cluster does not wait for a node that holds nothing yet, and becomes a
// voter here; a node without a record is removed.
func (n *Node) reconcile(ctx context.Context) error {
	// Raft uses a configuration as soon as it is in the log, the records that it
	// rests on are there once they are applied: all that came before this term is
	// after a barrier, and this leader adds only nodes whose record it has.
	if err := n.settleTerm(ctx, n.rep.raft.CurrentTerm()); err != nil {
		return err
	}
	members, err := n.rep.reg.Members()
	if err != nil {
		return fmt.Errorf("reading the member list: %w", err)
	}
	role := make(map[raft.ServerID]watchlist.NodeRole, len(members))
	for _, m := range members {
		role[raft.ServerID(m.ID)] = m.Role
	}
	for _, s := range n.servers() {
		want, member := role[s.ID]
		switch {
		case !member:
			err = n.change(ctx, n.rep.raft.RemoveServer(s.ID, 0, enqueueTimeout))
		case want == watchlist.NodeVoter && s.Suffrage != raft.Voter && n.nearlyCurrent(ctx, watchlist.NodeID(s.ID)):
			err = n.change(ctx, n.rep.raft.AddVoter(s.ID, s.Address, 0, enqueueTimeout))
		}
		if err != nil {
			return fmt.Errorf("changing the part of node %s in raft: %w", s.ID, err)
		}
	}
	return nil
}

// change waits for a configuration change.
func (n *Node) change(ctx context.Context, f raft.IndexFuture) error {
	if err := n.await(ctx, f); err != nil {
		return classify(err)
	}
	return nil
}

// nearlyCurrent asks a member whether it holds nearly all of the log.
func (n *Node) nearlyCurrent(ctx context.Context, id watchlist.NodeID) bool {
	p, err := n.askProgress(ctx, id)
	return err == nil && p.Received+promoteLag >= n.rep.raft.CommitIndex()
}

// Remove takes a node out of the cluster: its record is dropped, so every member
// refuses it from then on, and raft forgets it. The removed node keeps its disk:
// rotate the cluster key if that was lost to others. A node that leads hands
// over first. The error wraps watchlist.ErrNotFound for an unknown node. A voter
// is not removed when fewer than a majority of the remaining voters answer, for
// that would leave the cluster without a leader.
func (n *Node) Remove(ctx context.Context, id watchlist.NodeID) error {
	// This node's view of the members may be old.
	if err := n.Linearizable(ctx); err != nil {
		return fmt.Errorf("removing a node: %w", err)
	}
	if _, err := n.rep.reg.Member(id); err != nil {
		return fmt.Errorf("removing a node: %w", err)
	}
	if err := n.quorumWithout(ctx, id); err != nil {
		return err
	}
	if n.leader() == id {
		if err := n.TransferLeadership(ctx); err != nil {
			return fmt.Errorf("removing the leader: %w", err)
		}
	}
	res, err := n.Propose(ctx, command.New(actorNode, command.MemberDrop{ID: id}))
	if err != nil {
		return fmt.Errorf("removing a node: %w", err)
	}
	if res.Code != command.OK && res.Code != command.NotFound {
		return fmt.Errorf("removing a node: %s", res.Code)
	}
	if id == n.id.Node {
		return nil // it won't hear of the rest
	}
	return n.until(ctx, func() bool {
		return !slices.ContainsFunc(n.servers(), func(s raft.Server) bool { return s.ID == raft.ServerID(id) })
	})
}

// quorumWithout checks that enough voters answer to go on without one.
func (n *Node) quorumWithout(ctx context.Context, id watchlist.NodeID) error {
	voters, alive := 0, 0
	for _, s := range n.servers() {
		if s.Suffrage != raft.Voter || s.ID == raft.ServerID(id) {
			continue
		}
		voters++
		if s.ID == raft.ServerID(n.id.Node) {
			alive++
		} else if _, err := n.askProgress(ctx, watchlist.NodeID(s.ID)); err == nil {
			alive++
		}
	}
	if voters == 0 {
		return errors.New("the last voter can't be removed")
	}
	if alive <= voters/2 {
		return fmt.Errorf("only %d of the %d remaining voters answer; removing one now would stop the cluster: %w", alive, voters, watchlist.ErrNoLeader)
	}
	return nil
}

// TransferLeadership makes another voter the leader, wherever it is called, and
// returns once this node knows of the new one. When the old leader is elected
// again, as may happen on a busy machine, it tries again while ctx lasts.
func (n *Node) TransferLeadership(ctx context.Context) error {
	old := n.leader()
	if old == "" {
		return watchlist.ErrNoLeader
	}
	for {
		before := n.rep.raft.CurrentTerm()
		var err error
		if n.leads() {
			err = n.handOver(ctx, nil)
		} else {
			err = n.post(ctx, old, pathTransfer, struct{}{}, nil)
		}
		// A node that does not lead any more has what was asked of it.
		if err != nil && !errors.Is(err, errNotLeader) {
			return fmt.Errorf("transferring leadership: %w", err)
		}
		var now watchlist.NodeID
		err = n.until(ctx, func() bool {
			// The term first: raft forgets the leader before it raises the term.
			later := n.rep.raft.CurrentTerm() > before
			now = n.leader()
			return now != "" && (now != old || later)
		})
		if err != nil || now != old {
			return err
		}
	}
}

// handOver gives leadership to a voter that answers now, is not known to have a wrong
// state, and that fit takes (nil: any), the most advanced first. Raft's own choice goes by what it sent last,
// which may be to a node that is down.
func (n *Node) handOver(ctx context.Context, fit func(progressReply) bool) error {
	type heir struct {
		server   raft.Server
		received uint64
	}
	var mu sync.Mutex
	var heirs []heir
	var wg sync.WaitGroup
	for _, s := range n.servers() {
		if s.Suffrage != raft.Voter || s.ID == raft.ServerID(n.id.Node) {
			continue
		}
		wg.Go(func() {
			if p, err := n.askProgress(ctx, watchlist.NodeID(s.ID)); err == nil && (fit == nil || fit(p)) && !n.knownWrong(watchlist.NodeID(s.ID)) {
				mu.Lock()
				heirs = append(heirs, heir{s, p.Received})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(heirs, func(a, b heir) int { return cmp.Compare(b.received, a.received) })
	err := fmt.Errorf("no fit voter answers: %w", watchlist.ErrNoLeader)
	for _, h := range heirs {
		err = n.await(ctx, n.rep.raft.LeadershipTransferToServer(h.server.ID, h.server.Address))
		if err == nil || !n.leads() || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (n *Node) serveTransfer(w http.ResponseWriter, r *http.Request) {
	if !n.leads() {
		reply(w, nil, errNotLeader)
		return
	}
	reply(w, struct{}{}, n.handOver(r.Context(), nil))
}

// until waits for a condition of raft that sends no signal.
func (n *Node) until(ctx context.Context, ok func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the cluster: %w", ctx.Err())
		case <-n.stopping:
			return errClosing
		}
	}
	return nil
}

// loadRoster reads the member list that a peer sent in an earlier run, or at
// Join, and keeps later ones in the same file.
func (n *Node) loadRoster() error {
	path := n.dir.in(rosterFile)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("reading the saved member list: %w", err)
	default:
		r, err := decodeRoster(b)
		if err != nil {
			return err
		}
		n.book.adopt(r)
	}
	n.book.onSave = func(r roster) {
		b, err := r.encode()
		if err == nil {
			err = writeFile(path, b)
		}
		if err != nil {
			n.log.Warn("the member list could not be saved", "error", err)
		}
	}
	return nil
}
