package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/raft"

	"vigie/cluster/registry"
	"vigie/watchlist"
)

// errDiverged is ErrDiverged as a reason not to stamp: nothing was proposed, and the
// next leader may take the command.
var errDiverged = fmt.Errorf("%w: %w", watchlist.ErrNoLeader, watchlist.ErrDiverged)

// diverged reports whether this node's state is known to be wrong.
func (n *Node) diverged() bool { return n.states.now().self }

// stamp lets the clock guard stamp a command, unless this node must not lead.
func (n *Node) stamp(last int64) (int64, error) {
	if n.diverged() {
		return 0, errDiverged
	}
	return n.clock.stamp(last)
}

// compareStates judges what the members said of their states, tells the operator, and
// as a leader with a wrong state gives way to a voter with a right one.
func (n *Node) compareStates(ctx context.Context) {
	var voters []watchlist.NodeID
	for _, s := range n.servers() {
		if s.Suffrage == raft.Voter {
			voters = append(voters, watchlist.NodeID(s.ID))
		}
	}
	var peers []watchlist.NodeID
	for _, m := range n.book.others() {
		peers = append(peers, m.ID)
	}
	before := n.states.now()
	v := n.states.judge(n.id.Node, voters, peers, n.rep.reg.ID(), func(c claim) (string, bool) {
		if c.check {
			return n.rep.fsm.CheckAt(c.index)
		}
		return n.rep.fsm.HashAt(c.index)
	})
	if text := v.text(); n.states.news(text) {
		if text == "" {
			n.log.Info("the members' states agree again")
		} else {
			n.log.Error("THE STATES OF THE NODES DIVERGE", "index", v.index, "what", text)
		}
	}
	if v.open && !before.open {
		// Nobody has a majority: whoever is damaged may see it by itself.
		n.background(ctx, "verifying", n.verifyOwn)
	}
}

// verifyOwn adds this node's registry up.
func (n *Node) verifyOwn(ctx context.Context) {
	switch err := n.rep.reg.Verify(ctx); {
	case errors.Is(err, registry.ErrCorrupt):
		n.states.prove()
		n.log.Error("this node's registry is damaged", "error", err)
	case err != nil && ctx.Err() == nil:
		n.log.Warn("the registry could not be verified", "error", err)
	}
}

// giveWay hands leadership over when this node must not lead.
func (n *Node) giveWay(ctx context.Context) {
	v := n.states.now()
	if !v.self || !n.leads() {
		return
	}
	// At the same index, a voter with the same state is as wrong.
	applied, mine := n.rep.fsm.Stamp()
	fit := func(p progressReply) bool { return p.Applied != applied || p.StateHash != mine }
	ctx, cancel := context.WithTimeout(ctx, n.electionWait())
	defer cancel()
	if err := n.handOver(ctx, fit); err != nil {
		n.log.Warn("leadership could not be given to a voter with the right state", "error", err)
	}
}

// knownWrong reports whether a member's state is known to be wrong: it differs from
// this node's, which is not known to be.
func (n *Node) knownWrong(id watchlist.NodeID) bool {
	v := n.states.now()
	return !v.self && !v.open && slices.Contains(v.others, id)
}
