package cluster

import (
	"context"
	"fmt"
	"time"

	"vigie/cluster/pki"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// maxTokenAddrs bounds the addresses in a token: about 550 characters in all.
const maxTokenAddrs = 8

// NewToken makes a join token: a word that lets one node join with the given
// role. ttl 0 means one hour; more than 24 hours is refused. The token names
// this node's address first, then the other members' (at most 8 in all), their
// keys and the hash of the cluster's authority. Treat it as a secret.
func (n *Node) NewToken(ctx context.Context, role watchlist.NodeRole, ttl time.Duration) (string, error) {
	if role != watchlist.NodeVoter && role != watchlist.NodeNonvoter {
		return "", fmt.Errorf("a node joins as voter or nonvoter, not as %q", string(role))
	}
	if ttl == 0 {
		ttl = pki.TokenDefaultLife
	}
	if ttl < 0 || ttl > pki.TokenMaxLife {
		return "", fmt.Errorf("a join token lasts at most %s", pki.TokenMaxLife)
	}
	// This node may not have heard yet that a member was removed.
	if err := n.Linearizable(ctx); err != nil {
		return "", fmt.Errorf("making a join token: %w", err)
	}
	// The end is compared with the cluster's stamped time, which this node's
	// clock may be behind.
	clock, err := n.rep.reg.Clock()
	if err != nil {
		return "", fmt.Errorf("reading the cluster's clock: %w", err)
	}
	ends := max(clock, n.cfg.Now().UnixMilli()) + ttl.Milliseconds()
	addrs, pins := []string{n.cfg.ClusterAdvertise}, []string{pki.SPKI(n.certificate().Leaf)}
	for _, m := range n.book.others() {
		if m.ClusterAddr != "" && len(addrs) < maxTokenAddrs {
			addrs, pins = append(addrs, m.ClusterAddr), append(pins, m.SPKI)
		}
	}
	tok, err := pki.NewToken(n.id.ca, addrs, pins, role, ends)
	if err != nil {
		return "", err
	}
	put := command.TokenPut{Hash: pki.SecretHash(tok.Secret), Role: role, ExpiresAt: ends}
	res, err := n.Propose(ctx, command.New(actorNode, put))
	if err != nil {
		return "", fmt.Errorf("registering a join token: %w", err)
	}
	if res.Code != command.OK {
		return "", fmt.Errorf("registering a join token: %s", res.Code)
	}
	return tok.Text()
}
