package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"

	"vigie/cluster/audit"
	"vigie/cluster/blob"
	"vigie/cluster/fsm"
	"vigie/cluster/pki"
	"vigie/cluster/registry"
	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// RestoreSource gives the content of a backup, in this order.
type RestoreSource interface {
	// Records hands over every record and then gives the state that they add up to.
	Records(add func(registry.Record) error) (registry.State, error)
	// Rest hands over the blobs, and the files of the audit log with the key that
	// opens them (AuditKeyName).
	Rest(blob func(plain []byte) error, auditFile func(name string, b []byte) error) error
}

// AuditKeyName names the key among the files of an audit log that was backed up.
const AuditKeyName = "node.key"

// RestoreConfig says where a backup becomes a new cluster.
type RestoreConfig struct {
	// Init is as for a new cluster; Origin must be the backup's. Its Commands are
	// proposed after the state is restored.
	Init InitConfig
	// From and FromNode name the cluster and node that the backup is of; Reason is
	// why it is restored. All go into the audit log.
	From     string
	FromNode watchlist.NodeID
	Reason   string
	// Taken is when the backup was made.
	Taken time.Time
}

// RestoreResult names what Restore made.
type RestoreResult struct {
	InitResult
	// Index is where the restored state stands, Entries how many entries it has.
	Index, Entries uint64
}

// Restore makes a new cluster of one node with the state of a backup, in an empty
// data folder: new cluster id, authority, keys and node. Entries, accounts, API keys,
// batches, reports and decisions are taken over; members, join tokens and sessions are
// not, since they belong to the cluster that was lost. The audit log begins anew with
// an event that tells all this; the old one goes to audit-before, its key to
// audit-before.key beside the node's key, where none of an earlier restore may lie:
// it may be the only one for a log that still exists. As with Init, nothing is left
// after an error.
func Restore(ctx context.Context, rc RestoreConfig, src RestoreSource) (RestoreResult, error) {
	cfg := Config{
		DataDir: rc.Init.DataDir, NodeKeyFile: rc.Init.NodeKeyFile, ClusterKeyFile: rc.Init.ClusterKeyFile,
		Logger: rc.Init.Logger, Now: rc.Init.Now,
	}
	if err := cfg.setDefaults(); err != nil {
		return RestoreResult{}, err
	}
	id, err := newIdentity(rc.Init, cfg.Now())
	if err != nil {
		return RestoreResult{}, err
	}
	out := RestoreResult{InitResult: InitResult{Cluster: id.Cluster, Node: id.Node, AuthorityHash: pki.SPKI(id.ca)}}
	oldKey := filepath.Join(filepath.Dir(cfg.NodeKeyFile), "audit-before.key")
	saved := false
	err = build(layout(cfg.DataDir), cfg.NodeKeyFile, cfg.ClusterKeyFile, id, func(tmp layout) error {
		if _, err := os.Lstat(oldKey); err == nil {
			return fmt.Errorf("key file %s: %w", oldKey, os.ErrExist)
		}
		st, err := restoreState(tmp, id, src)
		if err != nil {
			return err
		}
		out.Index, out.Entries = st.Index, st.Entries
		key, err := restoreFiles(tmp, id, src, cfg.Logger)
		if err != nil {
			return err
		}
		if err := restoreCommands(ctx, tmp, &cfg, id, rc.Init); err != nil {
			return err
		}
		if err := auditRestore(ctx, tmp, &cfg, id, rc, st); err != nil || key == nil {
			return err
		}
		saved = true
		return saveOldKey(oldKey, key)
	})
	if err != nil {
		if saved {
			err = errors.Join(err, os.RemoveAll(oldKey))
		}
		return RestoreResult{}, fmt.Errorf("restoring a backup: %w", err)
	}
	return out, nil
}

// saveOldKey writes the key of the audit log that was taken over.
func saveOldKey(path string, key []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	return writeFile(path, key)
}

// restoreState makes the registry and, at the same index, the snapshot and the term
// that raft starts from.
func restoreState(tmp layout, id *identity, src RestoreSource) (st registry.State, err error) {
	reg, err := registry.Open(tmp.registry(), id.nodeKey)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, reg.Close()) }()
	err = reg.Replace(func(add func(registry.Record) error) (registry.State, error) {
		var sum registry.Sum
		var records uint64
		st, err := src.Records(func(r registry.Record) error {
			r, keep, err := registry.Rebase(r, id.setup)
			if err != nil || !keep {
				return err
			}
			sum.Add(r)
			records++
			return add(r)
		})
		st.Hash, st.Records = sum, records
		return st, err
	})
	if err != nil {
		return st, err
	}
	v, err := reg.View()
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return v.State(), restoreRaft(tmp, id, v)
}

func restoreRaft(tmp layout, id *identity, v *registry.View) (err error) {
	st := v.State()
	if st.Index == 0 || st.Term == 0 {
		return errors.New("the backup holds no state")
	}
	if err := os.MkdirAll(tmp.raft(), 0o700); err != nil {
		return fmt.Errorf("making the raft folder: %w", err)
	}
	logger := newRaftLogger(slog.New(slog.DiscardHandler))
	snaps, err := raft.NewFileSnapshotStoreWithLogger(tmp.raft(), keptSnapshots, logger)
	if err != nil {
		return fmt.Errorf("opening the snapshots: %w", err)
	}
	addr := transport.RaftAddress(id.Node)
	_, trans := raft.NewInmemTransport(addr)
	sink, err := snaps.Create(1, st.Index, st.Term, onlyVoter(id), 1, trans)
	if err != nil {
		return fmt.Errorf("making a snapshot: %w", err)
	}
	if err := fsm.WriteSnapshot(sink, id.cluster, v); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	if err := sink.Close(); err != nil {
		return fmt.Errorf("making a snapshot: %w", err)
	}
	// New terms must follow those of the state.
	w, err := wal.Open(tmp.raft(), wal.WithSegmentSize(walSegment), wal.WithLogger(logger))
	if err != nil {
		return fmt.Errorf("opening the raft log: %w", err)
	}
	return errors.Join(w.SetUint64([]byte("CurrentTerm"), st.Term), w.Close())
}

// onlyVoter is the raft configuration of a cluster of one.
func onlyVoter(id *identity) raft.Configuration {
	return raft.Configuration{Servers: []raft.Server{{ID: raft.ServerID(id.Node), Address: transport.RaftAddress(id.Node), Suffrage: raft.Voter}}}
}

// restoreFiles takes over the blobs and the old audit log, and gives that one's key.
func restoreFiles(tmp layout, id *identity, src RestoreSource, log *slog.Logger) (key []byte, err error) {
	blobs, err := blob.Open(tmp.blobs(), blob.Options{Sealer: id.nodeKey, Logger: log})
	if err != nil {
		return nil, err
	}
	defer blobs.Close()
	if err := os.MkdirAll(tmp.auditBefore(), 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	err = src.Rest(
		func(plain []byte) error { return blobs.Accept(blob.Name(plain), plain) },
		func(name string, b []byte) error {
			if name == AuditKeyName {
				key = b
				return nil
			}
			return writeFile(filepath.Join(tmp.auditBefore(), filepath.Base(name)), b)
		},
	)
	return key, err
}

// restoreCommands runs raft alone and makes this node the first member.
func restoreCommands(ctx context.Context, tmp layout, cfg *Config, id *identity, ic InitConfig) (err error) {
	rep, p, err := aloneReplica(ctx, tmp, cfg, id, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rep.stop()) }()
	first := command.New(actorNode, command.MemberPut{Member: watchlist.Member{
		ID: id.Node, Name: id.Name, Role: id.Role, SPKI: pki.SPKI(id.cert),
		ClusterAddr: ic.ClusterAdvertise, APIAddr: ic.APIAdvertise,
	}})
	return applyAll(ctx, p, append([]command.Envelope{first}, ic.Commands...))
}

// auditRestore begins the new audit log.
func auditRestore(ctx context.Context, tmp layout, cfg *Config, id *identity, rc RestoreConfig, st registry.State) (err error) {
	log, err := audit.Open(tmp.audit(), audit.Options{Sealer: id.nodeKey, Node: id.Node, Logger: cfg.Logger, Now: cfg.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	_, err = log.Append(ctx, watchlist.AuditEvent{
		Kind: watchlist.AuditCluster, Operation: "restoreBackup", Principal: actorNode, Outcome: "ok", Reason: rc.Reason,
		Subject: rc.From, Index: st.Index, StateHash: st.Hash.String(),
		Changes: []string{"cluster=" + id.Cluster, "from_node=" + string(rc.FromNode), "taken=" + strconv.FormatInt(rc.Taken.UnixMilli(), 10), "entries=" + strconv.FormatUint(st.Entries, 10)},
	})
	return err
}
