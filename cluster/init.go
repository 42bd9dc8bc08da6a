package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/raft"

	"vigie/cluster/pki"
	"vigie/cluster/seal"
	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// InitConfig says what a new cluster starts with. DataDir and Origin are
// required.
type InitConfig struct {
	// DataDir, NodeKeyFile and ClusterKeyFile are as in Config.
	DataDir, NodeKeyFile, ClusterKeyFile string
	// Origin is the country and authority that own what is entered here.
	Origin watchlist.Origin
	// Name, ClusterAdvertise and APIAdvertise describe the first node; the last
	// two may be left for the first start.
	Name, ClusterAdvertise, APIAdvertise string
	// Commands are proposed after the cluster's own, in order; the first
	// administrator for instance. Each must be accepted.
	Commands []command.Envelope
	Logger   *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// InitResult names what Init made.
type InitResult struct {
	Cluster string
	Node    watchlist.NodeID
	// AuthorityHash is the SHA-256 of the authority's public key, hexadecimal:
	// write it down.
	AuthorityHash string
}

// Init makes a new cluster of one node in an empty data folder: authority, keys,
// raft log and registry, with the first commands applied. The node does not run
// afterwards; Open starts it. Everything is built aside and moved into place at
// the end, so that after an error the folder is as it was. The error wraps
// ErrNotEmpty when the folder holds anything.
func Init(ctx context.Context, ic InitConfig) (InitResult, error) {
	cfg := Config{
		DataDir: ic.DataDir, NodeKeyFile: ic.NodeKeyFile, ClusterKeyFile: ic.ClusterKeyFile,
		Logger: ic.Logger, Now: ic.Now,
	}
	if err := cfg.setDefaults(); err != nil {
		return InitResult{}, err
	}
	id, err := newIdentity(ic, cfg.Now())
	if err != nil {
		return InitResult{}, err
	}
	err = build(layout(cfg.DataDir), cfg.NodeKeyFile, cfg.ClusterKeyFile, id, func(tmp layout) error {
		return firstCommands(ctx, tmp, &cfg, id, ic)
	})
	if err != nil {
		return InitResult{}, fmt.Errorf("making a new cluster: %w", err)
	}
	return InitResult{Cluster: id.Cluster, Node: id.Node, AuthorityHash: pki.SPKI(id.ca)}, nil
}

// newIdentity draws ids, keys and authority of a new cluster.
func newIdentity(ic InitConfig, now time.Time) (*identity, error) {
	id := &identity{nodeRecord: nodeRecord{Format: identityFormat, Name: ic.Name, Role: watchlist.NodeVoter}}
	clusterID, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("drawing the cluster id: %w", err)
	}
	nodeID, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("drawing the node id: %w", err)
	}
	id.Cluster, id.Node = clusterID.String(), watchlist.NodeID(nodeID.String())
	if id.nodeKey, err = seal.NewKey(); err != nil {
		return nil, err
	}
	if id.cluster, err = seal.NewKey(); err != nil {
		return nil, err
	}
	if id.key, err = pki.NewKey(); err != nil {
		return nil, err
	}
	authority, err := pki.NewAuthority(id.Cluster, now)
	if err != nil {
		return nil, err
	}
	id.ca = authority.Certificate()
	if id.cert, err = authority.SignNode(&id.key.PublicKey, id.Cluster, id.Node, now); err != nil {
		return nil, err
	}
	der, err := authority.MarshalKey()
	if err != nil {
		return nil, err
	}
	sealed, err := id.cluster.Seal(der, []byte(adCAKey))
	if err != nil {
		return nil, fmt.Errorf("sealing the authority key: %w", err)
	}
	id.setup = command.ClusterSetup{ClusterID: id.Cluster, Origin: ic.Origin, CACert: id.ca.Raw, CAKey: sealed}
	return id, nil
}

// firstCommands runs raft alone, without a network, for as long as it takes to
// apply the first commands.
func firstCommands(ctx context.Context, dir layout, cfg *Config, id *identity, ic InitConfig) (err error) {
	boot := onlyVoter(id)
	rep, p, err := aloneReplica(ctx, dir, cfg, id, &boot)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rep.stop()) }()
	first := []command.Envelope{
		command.New(actorNode, id.setup),
		command.New(actorNode, command.MemberPut{Member: watchlist.Member{
			ID: id.Node, Name: id.Name, Role: id.Role, SPKI: pki.SPKI(id.cert),
			ClusterAddr: ic.ClusterAdvertise, APIAddr: ic.APIAdvertise,
		}}),
	}
	return applyAll(ctx, p, append(first, ic.Commands...))
}

// aloneReplica starts the replica of the only voter without a network and waits until
// it leads. The caller stops it.
func aloneReplica(ctx context.Context, dir layout, cfg *Config, id *identity, boot *raft.Configuration) (rep *replica, p *proposer, err error) {
	timing, err := ProfileLAN.timing()
	if err != nil {
		return nil, nil, err
	}
	// Nobody else votes: the election need not wait.
	timing.heartbeat, timing.election, timing.lease = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	rc := replicaConfig{dir: dir, id: id, timing: timing, cfg: cfg, logger: cfg.Logger}
	if rep, err = openState(rc); err != nil {
		return nil, nil, err
	}
	_, trans := raft.NewInmemTransport(transport.RaftAddress(id.Node))
	if err := rep.start(rc, trans, boot); err != nil {
		return nil, nil, errors.Join(err, rep.stop())
	}
	if err := rep.awaitLeader(ctx); err != nil {
		return nil, nil, errors.Join(err, rep.stop())
	}
	wall := func(int64) (int64, error) { return cfg.Now().UnixMilli(), nil }
	return rep, newProposer(rep, id.cluster, wall), nil
}

// applyAll proposes commands that must all be accepted.
func applyAll(ctx context.Context, p *proposer, envs []command.Envelope) error {
	for i, env := range envs {
		res, err := p.apply(ctx, env)
		if err != nil {
			return fmt.Errorf("first command %d: %w", i+1, err)
		}
		if res.Code != command.OK {
			return fmt.Errorf("first command %d was refused: %s: %w", i+1, res.Code, res.Fields)
		}
	}
	return nil
}

// APICertificate makes a server certificate for the REST API, signed by the
// cluster's authority, whose certificate it also returns as PEM for clients.
// hosts are the DNS names and addresses that clients use. It lasts 180 days and
// its key never touches the disk: ask again at each start.
func (n *Node) APICertificate(hosts []string) (tls.Certificate, []byte, error) {
	authority, err := n.id.authority()
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	cert, err := authority.IssueServer(hosts, n.cfg.Now())
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return cert, pki.EncodePEM(n.id.ca), nil
}

// renewIfDue replaces a node certificate that ends soon, with the same key: the
// pinned SPKI stays right. Any node can, since it holds the cluster key, also
// when it was off or cut off past the end.
func renewIfDue(dir layout, id *identity, now time.Time) error {
	if id.cert.NotAfter.Sub(now) > pki.RenewBefore {
		return nil
	}
	authority, err := id.authority()
	if err != nil {
		return err
	}
	cert, err := authority.SignNode(&id.key.PublicKey, id.Cluster, id.Node, now)
	if err != nil {
		return err
	}
	if err := writeFile(dir.in(certFile), pki.EncodePEM(cert)); err != nil {
		return err
	}
	id.cert = cert
	return nil
}

// renew is renewIfDue for a running node.
func (n *Node) renew() {
	n.idMu.Lock()
	defer n.idMu.Unlock()
	if err := renewIfDue(n.dir, n.id, n.cfg.Now()); err != nil {
		n.log.Error("the node certificate could not be renewed", "error", err)
	}
}
