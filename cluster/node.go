package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"vigie/cluster/audit"
	"vigie/cluster/blob"
	"vigie/cluster/disk"
	"vigie/cluster/fsm"
	"vigie/cluster/internal/seam"
	"vigie/cluster/registry"
	"vigie/cluster/transport"
	"vigie/watchlist"
)

// Node is one running member of the cluster.
type Node struct {
	cfg    Config
	dir    layout
	log    *slog.Logger
	timing timing

	idMu sync.RWMutex // guards id.cert, which is renewed
	id   *identity

	rep   *replica
	net   seam.Network
	book  *book
	blobs *blob.Store
	audit *audit.Log
	disk  *disk.Monitor
	veto  *veto

	proposals *proposer
	fresh     *freshness
	confirms  *confirmer
	progress  *progressTable
	clock     *clockGuard
	states    *divergence
	clockBad  atomic.Bool   // told to the operator
	pollNow   chan struct{} // asks for the others' progress now
	barrier   atomic.Uint64 // the last term in which a Barrier succeeded

	stopping <-chan struct{}    // closed by Shutdown
	cancel   context.CancelFunc // ends background work
	wg       sync.WaitGroup
	announce chan struct{} // asks for an announcement now
	unlock   func() error
	metrics  *collector
	tel      *telemetry
	seen     chan raft.Observation // of raft, for observeLoop
	stopOnce sync.Once
	stopErr  error
	// awaits are the requests to raft that await waits for.
	awaits awaits
}

// Open starts the node in cfg.DataDir with the given derived indexes, which are
// rebuilt before it returns. The node answers at once from what it has; it is
// current when Stamp says so. The error wraps ErrNoIdentity when the folder
// holds no node, and ErrInUse when another process runs on it.
func Open(ctx context.Context, cfg Config, indexes []fsm.Index) (node *Node, err error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	timing, err := cfg.Profile.timing()
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, dir: layout(cfg.DataDir), log: cfg.Logger, timing: timing,
		announce: make(chan struct{}, 1), pollNow: make(chan struct{}, 1), progress: newProgressTable(),
		confirms: newConfirmer(), states: newDivergence(), tel: newTelemetry(),
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	n.stopping, n.cancel = life.Done(), cancel
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
			node = nil
		}
	}()
	// Start order: lock, identity, watch over the disk, blobs on this disk, state (answers from here
	// on), network bound, the other stores, raft, network served, background work.
	// close goes backwards.
	if n.id, err = openDir(n); err != nil {
		return nil, err
	}
	n.log = n.log.With("node", string(n.id.Node))
	if err := n.watchDisk(); err != nil {
		return nil, err
	}
	if err := n.openBlobs(); err != nil {
		return nil, err
	}
	rc := replicaConfig{dir: n.dir, id: n.id, timing: timing, cfg: &n.cfg, logger: n.log, indexes: indexes, disk: n.disk, tel: n.tel}
	watch := &blobWatch{}
	rc.indexes = append(append([]fsm.Index(nil), indexes...), watch)
	if n.rep, err = openState(rc); err != nil {
		return nil, err
	}
	if err := n.openNetwork(ctx); err != nil {
		return nil, err
	}
	if err := n.openStores(watch); err != nil {
		return nil, err
	}
	if err := n.startRaft(rc); err != nil {
		return nil, err
	}
	n.net.Serve()
	if err := n.register(); err != nil {
		return nil, err
	}
	n.background(life, "observing", n.observeLoop)
	n.background(life, "disk", n.diskLoop)
	n.background(life, "scrub", n.scrubLoop)
	n.background(life, "announce", n.announceLoop)
	n.background(life, "housekeeping", n.housekeeping)
	n.background(life, "polling", n.pollLoop)
	n.background(life, "confirming", n.confirmLoop)
	n.background(life, "following", n.followLoop)
	return n, nil
}

// openDir takes the lock and reads the identity.
func openDir(n *Node) (*identity, error) {
	if _, err := loadNodeRecord(n.dir); err != nil {
		return nil, err
	}
	release, err := lockDir(n.dir)
	if err != nil {
		return nil, err
	}
	n.unlock = release
	id, err := loadIdentity(n.dir, n.cfg.NodeKeyFile, n.cfg.ClusterKeyFile)
	if err != nil {
		return nil, err
	}
	if n.cfg.Name != "" {
		id.Name = n.cfg.Name
	}
	return id, renewIfDue(n.dir, id, n.cfg.Now())
}

// openNetwork makes the member book and binds the cluster port.
func (n *Node) openNetwork(ctx context.Context) error {
	n.book = &book{reg: n.rep.reg, self: n.id.Node, unknown: n.askAnnounce}
	if err := n.loadRoster(); err != nil {
		return err
	}
	if make := n.cfg.Seams.Network; make != nil {
		n.net = make(seam.Server{Self: n.id.Node, Control: n.controlPlane(), Authorise: n.book.known})
		return nil
	}
	net, err := transport.Listen(ctx, transport.Config{
		Listen: n.cfg.ClusterListen, Listener: n.cfg.Listener, Dial: n.cfg.Dial,
		Self: n.id.Node, Cluster: n.id.Cluster, Authority: n.id.ca,
		Certificate: n.certificate, Directory: n.book,
		Control: n.controlPlane(), Join: n.joinPlane(),
		Logger: n.log, Now: n.cfg.Now,
	})
	if err != nil {
		return err
	}
	n.net = net
	if n.cfg.ClusterAdvertise == "" {
		n.cfg.ClusterAdvertise = net.Addr().String()
	}
	return nil
}

// openBlobs opens the blobs before the state is loaded, since an index may need
// one of them. What this disk does not hold can be fetched once the network is
// there: nothing is asked for before.
func (n *Node) openBlobs() error {
	var err error
	n.blobs, err = blob.Open(n.dir.blobs(), blob.Options{Sealer: n.id.nodeKey, Peers: blobPeers{n}, Logger: n.log, Disk: n.disk})
	if err == nil && n.cfg.OnBlobs != nil {
		n.cfg.OnBlobs(n.blobs)
	}
	return err
}

func (n *Node) openStores(watch *blobWatch) error {
	watch.attach(n.blobs)
	var err error
	n.audit, err = audit.Open(n.dir.audit(), audit.Options{Sealer: n.id.nodeKey, Node: n.id.Node, Logger: n.log, Now: n.cfg.Now, Watch: n.disk.Begin, Ready: n.disk.Answers})
	return err
}

func (n *Node) startRaft(rc replicaConfig) error {
	last, err := n.rep.reg.Clock()
	if err != nil {
		return fmt.Errorf("reading the cluster's clock: %w", err)
	}
	n.fresh = newFreshness(n.dir, n.cfg.Now(), last, n.cfg.uptime, n.rep.fsm.Applied)
	trans := newRaftTransport(raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: n.net.Raft(), MaxPool: 3, Timeout: n.timing.rpc, Logger: newRaftLogger(n.log),
	}), &n.rep.failures)
	if err := n.rep.start(rc, vetoed{trans, n.veto}, nil); err != nil {
		return errors.Join(err, trans.Close())
	}
	trans.rep.Store(n.rep)
	n.watchRaft()
	n.clock = newClockGuard(&n.cfg, n.peerClocks)
	n.proposals = newProposer(n.rep, n.id.cluster, n.stamp)
	n.proposals.newTerm = n.learnClocks
	n.proposals.writable = n.writable
	n.proposals.watch = n.tel.proposed
	return nil
}

// certificate is the node's present TLS certificate.
func (n *Node) certificate() tls.Certificate {
	n.idMu.RLock()
	defer n.idMu.RUnlock()
	return n.id.tlsCertificate()
}

// ID is the node's id.
func (n *Node) ID() watchlist.NodeID { return n.id.Node }

// Registry is the node's replicated state, for reading.
func (n *Node) Registry() *registry.Store { return n.rep.reg }

// Blobs is the node's photo store.
func (n *Node) Blobs() *blob.Store { return n.blobs }

// Audit is the node's audit log.
func (n *Node) Audit() *audit.Log { return n.audit }

// Addr is the bound address of the cluster port.
func (n *Node) Addr() string { return n.net.Addr().String() }

// leader is the leader that this node knows of, "" for none.
func (n *Node) leader() watchlist.NodeID {
	_, id := n.rep.raft.LeaderWithID()
	return watchlist.NodeID(id)
}

// leads reports whether this node believes that it leads.
func (n *Node) leads() bool { return n.rep.raft.State() == raft.Leader }

func (n *Node) hasOtherVoter() bool {
	for _, s := range n.servers() {
		if s.Suffrage == raft.Voter && s.ID != raft.ServerID(n.id.Node) {
			return true
		}
	}
	return false
}

// servers is raft's latest configuration.
func (n *Node) servers() []raft.Server {
	f := n.rep.raft.GetConfiguration()
	if err := f.Error(); err != nil {
		return nil
	}
	return f.Configuration().Servers
}

// errClosing is what calls get once the node is shutting down.
var errClosing = fmt.Errorf("the node is shutting down: %w", watchlist.ErrNoLeader)
