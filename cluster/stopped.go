package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"vigie/cluster/pki"
	"vigie/cluster/seal"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// Paths names the parts of a data folder.
type Paths struct {
	Root, Identity, Keys, Raft, Registry, Blobs, Audit, AuditBefore, Lock string
}

// PathsOf names the parts of the data folder dir.
func PathsOf(dir string) Paths {
	l := layout(dir)
	return Paths{Root: dir, Identity: l.identity(), Keys: l.keys(), Raft: l.raft(), Registry: l.registry(), Blobs: l.blobs(), Audit: l.audit(), AuditBefore: l.auditBefore(), Lock: l.lock()}
}

// KeyFiles gives the two key files of a data folder: the ones given, or where they
// lie by default.
func (p Paths) KeyFiles(nodeKeyFile, clusterKeyFile string) (node, cluster string) {
	if nodeKeyFile == "" {
		nodeKeyFile = filepath.Join(p.Keys, "node.key")
	}
	if clusterKeyFile == "" {
		clusterKeyFile = filepath.Join(p.Keys, "cluster.key")
	}
	return nodeKeyFile, clusterKeyFile
}

// HoldStopped keeps a node from starting on a data folder until release is called,
// without writing to it. The error wraps ErrInUse when a node runs. A folder
// without a lock file is a copy, which nobody can run on without making one: it
// can't be held, and release does nothing.
func HoldStopped(dir string) (release func() error, err error) {
	f, err := os.Open(layout(dir).lock())
	if errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), f.Close())
	}
	return f.Close, nil
}

// Identity is who a node is, as its identity folder tells.
type Identity struct {
	Cluster string
	Node    watchlist.NodeID
	Name    string
	Role    watchlist.NodeRole
	// SPKI is the hash of the node's public key, as Member.SPKI.
	SPKI string
	// Setup is what the cluster was set up with.
	Setup command.ClusterSetup
	// CertificateEnds is when the node's certificate ends.
	CertificateEnds time.Time
}

// HasNode reports whether dir holds a node's identity.
func HasNode(dir string) bool {
	_, err := os.Lstat(layout(dir).in(nodeFile))
	return err == nil
}

// ReadIdentity reads the identity folder of dir with both keys and checks that its
// parts belong together: certificates, the node's key, the authority's key, the
// member list and the note of when the list was current. The error says which part
// is wrong; it wraps ErrNoIdentity when dir holds no node.
func ReadIdentity(dir string, node, cluster *seal.Key) (Identity, error) {
	l := layout(dir)
	rec, err := loadNodeRecord(l)
	if err != nil {
		return Identity{}, err
	}
	id := &identity{nodeRecord: rec, nodeKey: node, cluster: cluster}
	if err := id.loadSetup(l); err != nil {
		return Identity{}, err
	}
	if err := id.loadTLS(l); err != nil {
		return Identity{}, err
	}
	if _, err := id.authority(); err != nil {
		return Identity{}, err
	}
	if err := id.cert.CheckSignatureFrom(id.ca); err != nil {
		return Identity{}, fmt.Errorf("the node certificate is not of the cluster's authority: %w", err)
	}
	if id.setup.ClusterID != id.Cluster {
		return Identity{}, errors.New("the node record and the cluster setup name different clusters")
	}
	b, err := os.ReadFile(l.in(rosterFile))
	if err == nil {
		var list roster
		err = command.Unmarshal(b, &list)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Identity{}, fmt.Errorf("the member list is damaged: %w", err)
	}
	return Identity{
		Cluster: id.Cluster, Node: id.Node, Name: id.Name, Role: id.Role, SPKI: pki.SPKI(id.cert),
		Setup: id.setup, CertificateEnds: id.cert.NotAfter,
	}, nil
}
