package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"vigie/cluster/disk"
	"vigie/cluster/fsm"
	"vigie/cluster/internal/seam"
	"vigie/cluster/planted"
	"vigie/cluster/registry"
	"vigie/cluster/snapshot"
	"vigie/watchlist"
)

const (
	// walSegment is the size of one log file, preallocated.
	walSegment = 16 << 20
	// logCache is how many decoded log entries stay in memory, at most 64 KiB
	// each.
	logCache = 256
	// keptSnapshots survive on disk.
	keptSnapshots = 2
)

// replica is the replicated state of a node without any network of its own:
// registry, state machine, log and raft.
type replica struct {
	raft *raft.Raft
	fsm  *fsm.FSM
	reg  *registry.Store
	log  *disk.Log
	// logs is log as raft sees it.
	logs *raftLog
	// snaps are raft's snapshots, for reading.
	snaps snapshots
	// failures counts writes to the log that failed.
	failures atomic.Uint64
}

// replicaConfig is what openReplica needs.
type replicaConfig struct {
	dir     layout
	id      *identity
	timing  timing
	cfg     *Config
	indexes []fsm.Index
	logger  *slog.Logger
	disk    *disk.Monitor // nil: nobody watches
	tel     *telemetry    // nil: nobody counts
}

// openState opens the registry and the state machine, which rebuilds the
// indexes. The node can answer from here on.
func openState(rc replicaConfig) (*replica, error) {
	reg, err := registry.Open(rc.dir.registry(), rc.id.nodeKey)
	if err != nil {
		return nil, err
	}
	reg.Watch(rc.disk.Begin)
	f, err := fsm.New(reg, rc.id.cluster, rc.indexes, rc.logger)
	if err != nil {
		return nil, errors.Join(err, reg.Close())
	}
	return &replica{fsm: f, reg: reg}, nil
}

// start opens the log and runs raft over trans. A bootstrap configuration is
// written first when given. On an error the caller closes the replica.
func (r *replica) start(rc replicaConfig, trans raft.Transport, bootstrap *raft.Configuration) error {
	if err := os.MkdirAll(rc.dir.raft(), 0o700); err != nil {
		return fmt.Errorf("making the raft folder: %w", err)
	}
	logger := newRaftLogger(rc.logger)
	w, err := openLog(rc, logger.Named("wal"))
	if err != nil {
		return err
	}
	r.log = w
	var store seam.Log = countedLog{w, &r.failures}
	if wrap := rc.cfg.Seams.Log; wrap != nil {
		store = wrap(store)
	}
	logs, err := newRaftLog(store)
	if err != nil {
		return err
	}
	r.logs = logs
	snaps, err := raft.NewFileSnapshotStoreWithLogger(rc.dir.raft(), keptSnapshots, logger.Named("snapshot"))
	if err != nil {
		return fmt.Errorf("opening the snapshots: %w", err)
	}
	r.snaps = snaps
	conf := rc.raftConfig()
	// The registry is durable, so a snapshot is restored at start only when the
	// registry is older: a crash between receiving and restoring one.
	behind, err := r.behindSnapshot(snaps, rc.id.cluster)
	if err != nil {
		return err
	}
	conf.NoSnapshotRestoreOnStart = !behind && !planted.Alive(planted.Rollback)
	if err := r.logCovers(snaps); err != nil {
		return err
	}
	if err := r.startBase(snaps, store); err != nil {
		return err
	}
	if bootstrap != nil {
		if err := raft.BootstrapCluster(conf, logs, store, snaps, trans, *bootstrap); err != nil {
			return fmt.Errorf("bootstrapping raft: %w", err)
		}
	}
	if r.raft, err = raft.NewRaft(conf, rc.watched(r.fsm), logs, store, snaps, trans); err != nil {
		return fmt.Errorf("starting raft: %w", err)
	}
	return nil
}

// openLog opens the raft log.
func openLog(rc replicaConfig, logger hclog.Logger) (*disk.Log, error) {
	opt := disk.Options{Dir: rc.dir.raft(), Monitor: rc.disk, Segment: walSegment, Logger: logger}
	if seams := rc.cfg.Seams; seams.Disk != nil {
		opt.Files, opt.Meta = seams.Disk()
		opt.Segment = cmp.Or(seams.SegmentSize, opt.Segment)
	}
	return disk.OpenLog(opt)
}

func (rc replicaConfig) raftConfig() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(rc.id.Node)
	c.HeartbeatTimeout = rc.timing.heartbeat
	c.ElectionTimeout = rc.timing.election
	c.LeaderLeaseTimeout = rc.timing.lease
	c.CommitTimeout = rc.timing.commit
	c.MaxAppendEntries = rc.timing.batch
	c.BatchApplyCh = true
	c.SnapshotThreshold = rc.cfg.SnapshotThreshold
	c.SnapshotInterval = rc.cfg.SnapshotInterval
	c.TrailingLogs = rc.cfg.TrailingLogs
	c.Logger = newRaftLogger(rc.logger)
	c.NoLegacyTelemetry = true
	return c
}

// behindSnapshot reports whether the newest snapshot on disk holds a later state
// than the registry. The file is opened only if its raft index lies ahead, which
// is also so when the last entries were no commands.
func (r *replica) behindSnapshot(snaps raft.SnapshotStore, key snapshot.Sealer) (bool, error) {
	list, err := snaps.List()
	if err != nil {
		return false, fmt.Errorf("listing snapshots: %w", err)
	}
	applied, _, _ := r.reg.Position()
	if len(list) == 0 || list[0].Index <= applied {
		return false, nil
	}
	_, rc, err := snaps.Open(list[0].ID)
	if err != nil {
		return false, fmt.Errorf("opening a snapshot: %w", err)
	}
	in, err := snapshot.NewReader(rc, key)
	if err != nil {
		return false, errors.Join(fmt.Errorf("reading a snapshot: %w", err), rc.Close())
	}
	if err := rc.Close(); err != nil {
		return false, fmt.Errorf("closing a snapshot: %w", err)
	}
	return in.State().Index > applied, nil
}

// logCovers refuses a log that ends before what the registry holds: this node
// would vote for a leader without entries that it has acknowledged.
func (r *replica) logCovers(snaps raft.SnapshotStore) error {
	end, err := r.log.LastIndex()
	if err != nil {
		return fmt.Errorf("reading the raft log: %w", err)
	}
	list, err := snaps.List()
	if err != nil {
		return fmt.Errorf("listing snapshots: %w", err)
	}
	if len(list) > 0 {
		end = max(end, list[0].Index)
	}
	if applied, _, _ := r.reg.Position(); applied > end {
		return fmt.Errorf("the raft log ends at %d, the registry is at %d: %w", end, applied, fsm.ErrDiverged)
	}
	return nil
}

// startBase brings the log in line with the newest snapshot.
func (r *replica) startBase(snaps raft.SnapshotStore, store seam.Log) error {
	list, err := snaps.List()
	if err != nil {
		return fmt.Errorf("listing snapshots: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	r.logs.setBase(list[0].Index, list[0].Term)
	return dropReplaced(store, list[0])
}

// stop ends raft, then what it stood on: the log, then the registry. raft closes
// its transport.
func (r *replica) stop() error {
	var errs []error
	// First, so that a state machine waiting for disk space lets raft end.
	r.fsm.Close()
	if r.log != nil {
		r.log.Release()
	}
	if r.raft != nil {
		if err := r.raft.Shutdown().Error(); err != nil {
			errs = append(errs, fmt.Errorf("stopping raft: %w", err))
		}
	}
	if r.log != nil {
		if err := r.log.Close(); err != nil {
			errs = append(errs, fmt.Errorf("closing the raft log: %w", err))
		}
	}
	return errors.Join(append(errs, r.reg.Close())...)
}

// lastCommand is the highest index up to index whose entry reaches the state
// machine: a new leader's first entry and barriers do not reach it. index must
// not lie past this node's log.
func (r *replica) lastCommand(index uint64) (uint64, error) {
	applied := r.fsm.Applied()
	for index > applied {
		var l raft.Log
		switch err := r.log.GetLog(index, &l); {
		case errors.Is(err, raft.ErrLogNotFound):
			// Compacted: a snapshot covers it, so the state machine does too.
			return applied, nil
		case err != nil:
			return 0, fmt.Errorf("reading the raft log: %w", err)
		case l.Type == raft.LogCommand || l.Type == raft.LogConfiguration:
			return index, nil
		}
		index--
	}
	return index, nil
}

// awaitLeader waits until this node leads; for a cluster of one.
func (r *replica) awaitLeader(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for r.raft.State() != raft.Leader {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the first election: %w", errors.Join(watchlist.ErrNoLeader, ctx.Err()))
		case <-tick.C:
		}
	}
	return nil
}
