package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"vigie/cluster/pki"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// serveJoin takes a join request from outside and admits the node, or passes it
// on to the leader.
func (n *Node) serveJoin(w http.ResponseWriter, r *http.Request) {
	var req joinRequest
	if err := readWire(r, &req); err != nil {
		reply(w, nil, err)
		return
	}
	var out joinReply
	var err error
	if n.leads() {
		out, err = n.admit(r.Context(), req)
	} else if leader := n.leader(); leader != "" && leader != n.id.Node {
		err = n.post(r.Context(), leader, pathAdmit, req, &out)
	} else {
		err = watchlist.ErrNoLeader
	}
	if err != nil {
		n.log.Warn("a join request was refused", "remote", r.RemoteAddr, "error", err)
	}
	reply(w, out, outsideError(err))
}

// outsideError keeps details from a stranger.
func outsideError(err error) error {
	for _, known := range []error{ErrTokenRefused, watchlist.ErrNoLeader, watchlist.ErrOutcomeUnknown, watchlist.ErrOverloaded} {
		if errors.Is(err, known) {
			return known
		}
	}
	if err != nil {
		return errRefused
	}
	return nil
}

// serveAdmit is the leader's half of a join that another member took.
func (n *Node) serveAdmit(w http.ResponseWriter, r *http.Request) {
	var req joinRequest
	if err := readWire(r, &req); err != nil {
		reply(w, nil, err)
		return
	}
	if !n.leads() {
		reply(w, nil, errNotLeader)
		return
	}
	out, err := n.admit(r.Context(), req)
	reply(w, out, err)
}

// admit makes a member of the sender of a join request. Everything that can fail
// happens before the token is burned.
func (n *Node) admit(ctx context.Context, req joinRequest) (joinReply, error) {
	// The new node finds this one by its record, which a leader that has just
	// started may not have written yet.
	if _, err := n.admitAnnounced(ctx, n.ownAnnouncement()); err != nil {
		return joinReply{}, err
	}
	setup, err := n.rep.reg.Cluster()
	if err != nil {
		return joinReply{}, fmt.Errorf("reading the cluster setup: %w", err)
	}
	authority, err := n.id.authority()
	if err != nil {
		return joinReply{}, err
	}
	draw, err := uuid.NewRandom()
	if err != nil {
		return joinReply{}, fmt.Errorf("drawing a node id: %w", err)
	}
	node := watchlist.NodeID(draw.String())
	cert, err := authority.IssueNode(req.Request, n.id.Cluster, node, n.cfg.Now())
	if err != nil {
		return joinReply{}, err
	}
	key, err := n.id.cluster.Marshal()
	if err != nil {
		return joinReply{}, err
	}
	burn := command.TokenBurn{Hash: pki.SecretHash(req.Secret), Member: watchlist.Member{
		ID: node, Name: req.Name, Role: req.Role, ClusterAddr: req.ClusterAddr, APIAddr: req.APIAddr, SPKI: pki.SPKI(cert),
	}}
	res, err := n.proposals.apply(ctx, command.New(actorNode, burn))
	if err != nil {
		return joinReply{}, err
	}
	if res.Code != command.OK {
		return joinReply{}, fmt.Errorf("%w (%s)", ErrTokenRefused, res.Code)
	}
	n.log.Info("a node was admitted", "admitted", string(node), "role", string(req.Role))
	list, err := n.book.members()
	if err != nil {
		return joinReply{}, err
	}
	return joinReply{Node: node, Certificate: cert.Raw, Setup: setup, ClusterKey: key, Roster: list}, nil
}
