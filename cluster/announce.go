package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// announcement tells the leader that a member is up, and where. Any member may
// pass on another's.
type announcement struct {
	Node        watchlist.NodeID `cbor:"1,keyasint"`
	Name        string           `cbor:"2,keyasint"`
	ClusterAddr string           `cbor:"3,keyasint"`
	APIAddr     string           `cbor:"4,keyasint"`
	// Forwarded stops it from being passed on twice.
	Forwarded bool `cbor:"5,keyasint,omitempty"`
}

func (n *Node) ownAnnouncement() announcement {
	return announcement{Node: n.id.Node, Name: n.id.Name, ClusterAddr: n.cfg.ClusterAdvertise, APIAddr: n.cfg.APIAdvertise}
}

// askAnnounce asks for an announcement soon; it never blocks.
func (n *Node) askAnnounce() {
	select {
	case n.announce <- struct{}{}:
	default:
	}
}

// announceLoop announces this node at start, until the leader has taken it, and
// again when there is a reason to.
func (n *Node) announceLoop(ctx context.Context) {
	pause := n.timing.heartbeat / 8
	for {
		if err := n.announceOnce(ctx); err != nil {
			n.log.Debug("announcement not taken yet", "error", err)
			pause = min(2*pause, 10*n.timing.heartbeat)
		} else {
			pause = n.timing.heartbeat
			if !n.reasonToAnnounce(ctx) {
				return
			}
		}
		select { // not faster than one per heartbeat
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// reasonToAnnounce waits until a stranger shows that the member list may be old,
// or no leader is heard of. It reports false at the end of ctx.
func (n *Node) reasonToAnnounce(ctx context.Context) bool {
	for {
		select {
		case <-n.announce:
			return true
		case <-time.After(10 * n.timing.heartbeat):
			if !n.connected() {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// announceOnce tells the leader, or any member that passes it on.
func (n *Node) announceOnce(ctx context.Context) error {
	a := n.ownAnnouncement()
	if n.leads() {
		_, err := n.admitAnnounced(ctx, a)
		return err
	}
	targets := n.announceTargets()
	errs := []error{watchlist.ErrNoLeader}
	for _, id := range targets {
		ctx, cancel := context.WithTimeout(ctx, n.electionWait())
		var got roster
		err := n.post(ctx, id, pathAnnounce, a, &got)
		cancel()
		if err == nil {
			n.book.adopt(got)
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// announceTargets are the leader, if known, and the other members.
func (n *Node) announceTargets() []watchlist.NodeID {
	var out []watchlist.NodeID
	leader := n.leader()
	if leader != "" && leader != n.id.Node {
		out = append(out, leader)
	}
	for _, m := range n.book.others() {
		if m.ID != leader {
			out = append(out, m.ID)
		}
	}
	return out
}

// serveAnnounce takes an announcement as the leader, or passes it on.
func (n *Node) serveAnnounce(w http.ResponseWriter, r *http.Request) {
	var a announcement
	if err := readWire(r, &a); err != nil {
		reply(w, nil, err)
		return
	}
	if n.leads() {
		got, err := n.admitAnnounced(r.Context(), a)
		reply(w, got, err)
		return
	}
	leader := n.leader()
	if a.Forwarded || leader == "" || leader == n.id.Node {
		reply(w, nil, watchlist.ErrNoLeader)
		return
	}
	a.Forwarded = true
	var got roster
	err := n.post(r.Context(), leader, pathAnnounce, a, &got)
	reply(w, got, err)
}

// admitAnnounced is the leader's part: it brings the member's record up to date,
// lets raft replicate to it, and returns the member list. It is idempotent.
func (n *Node) admitAnnounced(ctx context.Context, a announcement) (roster, error) {
	m, err := n.rep.reg.Member(a.Node)
	if errors.Is(err, watchlist.ErrNotFound) {
		return roster{}, fmt.Errorf("node %s: %w", a.Node, transport.ErrNotMember)
	}
	if err != nil {
		return roster{}, fmt.Errorf("reading a member: %w", err)
	}
	want := m
	want.Name, want.ClusterAddr, want.APIAddr = a.Name, a.ClusterAddr, a.APIAddr
	if want != m {
		res, err := n.proposals.apply(ctx, command.New(actorNode, command.MemberPut{Member: want}))
		if err != nil {
			return roster{}, err
		}
		if res.Code != command.OK {
			return roster{}, fmt.Errorf("recording a member: %s", res.Code)
		}
	}
	servers := n.servers()
	present := slices.ContainsFunc(servers, func(s raft.Server) bool { return s.ID == raft.ServerID(a.Node) })
	if len(servers) > 0 && !present {
		f := n.rep.raft.AddNonvoter(raft.ServerID(a.Node), transport.RaftAddress(a.Node), 0, enqueueTimeout)
		if err := n.change(ctx, f); err != nil {
			return roster{}, fmt.Errorf("adding node %s: %w", a.Node, err)
		}
	}
	return n.book.members()
}
