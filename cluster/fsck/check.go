package fsck

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vigie/cluster"
	"vigie/cluster/disk"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
)

// openWait is how long an open database of another process is waited for.
const openWait = 2 * time.Second

// ErrCannot: the folder could not be checked; nothing is known of its content.
var ErrCannot = errors.New("can't check")

// Extra checks a part of the folder that this package does not know. It adds
// findings to the report; an error means that it could not read. The store is nil
// when the registry does not open.
type Extra struct {
	Name  string
	Check func(ctx context.Context, paths cluster.Paths, node *seal.Key, reg *registry.Store, rep *Report) (items int, unit string, err error)
}

// Options says what to check. Dir is required.
type Options struct {
	Dir string
	// NodeKeyFile and ClusterKeyFile are as in cluster.Config.
	NodeKeyFile, ClusterKeyFile string
	// Known names entries of the folder that Extra checks deal with.
	Known []string
	Extra []Extra
	// Before may add findings of what lies outside the folder; nil for none.
	Before func(*Report)
	// Progress is told how far a part is; nil for none.
	Progress func(part string, done, total int)
}

// checker is one run.
type checker struct {
	opt        Options
	paths      cluster.Paths
	rep        *Report
	nodeKey    *seal.Key
	clusterKey *seal.Key

	id    *cluster.Identity // nil when damaged
	store *registry.Store   // nil when it does not open
	reg   *registry.Inspection
	// others counts the members besides this node.
	others int
	// termAt is the log's term at the registry's index, 0 when the log lacks it.
	termAt uint64
	// wanted lists the blobs that the registry refers to.
	wanted blobRefs
	snaps  []snapshotFile // sound ones, newest first
}

// Run checks the data folder. The error wraps ErrCannot, and cluster.ErrInUse or
// cluster.ErrNoIdentity, when it could not be checked; damage is no error but in the
// report. Nothing in the folder is written; the state is computed anew in the
// system's folder for temporary files, sealed with a key that is forgotten.
func Run(ctx context.Context, opt Options) (rep *Report, err error) {
	c := &checker{opt: opt, paths: cluster.PathsOf(opt.Dir), rep: &Report{Dir: opt.Dir, Clean: true, Findings: []Finding{}}}
	if st, err := os.Stat(opt.Dir); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("%w: %s is no folder", ErrCannot, opt.Dir)
	}
	release, err := cluster.HoldStopped(opt.Dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCannot, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if !cluster.HasNode(opt.Dir) && !exists(c.paths.Registry) && !exists(c.paths.Raft) {
		return nil, fmt.Errorf("%w: %w", ErrCannot, cluster.ErrNoIdentity)
	}
	if opt.Before != nil {
		opt.Before(c.rep)
	}
	switch ok, err := c.keys(); {
	case err != nil:
		return nil, err
	case !ok:
		return c.rep, nil
	}
	defer func() {
		if c.store != nil {
			err = errors.Join(err, c.store.Close())
		}
	}()
	for _, step := range []func(context.Context) error{c.folder, c.identity, c.registry, c.log, c.blobs, c.auditLog, c.extras} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCannot, err)
		}
	}
	return c.rep, nil
}

// log checks the raft log and what depends on it.
func (c *checker) log(ctx context.Context) error {
	if !exists(c.paths.Raft) {
		if c.reg != nil && c.reg.State.Index > 0 {
			c.rep.Add(LogShort, "raft", 0, "the folder is missing")
		}
		return nil
	}
	l, ok, err := c.checkLog(ctx)
	if err != nil {
		return err
	}
	if err := c.snapshots(ctx); err != nil {
		return err
	}
	if !ok {
		return nil
	}
	acked, err := disk.Acknowledged(c.paths.Raft)
	if err != nil {
		return err
	}
	c.joints(l, acked)
	return c.replay(ctx, l)
}

// joints checks that snapshot, log and registry join, and that the log has all that
// it noted as acknowledged: what tells a damaged last batch from an unfinished write.
func (c *checker) joints(l *raftLog, acked uint64) {
	var snap uint64
	if len(c.snaps) > 0 {
		snap = c.snaps[0].meta.Index
	}
	switch {
	case l.first > 1 && snap == 0:
		c.rep.Add(SnapshotMissing, "raft/snapshots", l.first, "the log begins at index %d", l.first)
	case l.first > snap+1:
		c.rep.Add(LogGap, "raft", snap+1, "the snapshot ends at index %d, the log begins at %d", snap, l.first)
	}
	if end := max(l.last, snap); acked > end {
		c.rep.Add(LogShort, "raft", end, "the log ends at %d, the node has acknowledged entries up to %d", end, acked)
	}
	if c.reg == nil {
		return
	}
	at := c.reg.State
	if end := max(l.last, snap); at.Index > end {
		c.rep.Add(LogShort, "raft", end, "the log ends at %d, the registry is at %d", end, at.Index)
	}
	if c.termAt != 0 && c.termAt != at.Term {
		c.rep.Add(RegistryHistory, "registry.db", at.Index, "term %d in the registry, %d in the log", at.Term, c.termAt)
	}
}

func (c *checker) extras(ctx context.Context) error {
	for _, x := range c.opt.Extra {
		begin := time.Now()
		c.step(x.Name, 0, 0)
		n, unit, err := x.Check(ctx, c.paths, c.nodeKey, c.store, c.rep)
		if err != nil {
			return fmt.Errorf("check %s: %w", x.Name, err)
		}
		c.rep.part(x.Name, n, unit, begin)
	}
	return nil
}

// step tells the progress.
func (c *checker) step(part string, done, total int) {
	if c.opt.Progress != nil {
		c.opt.Progress(part, done, total)
	}
}

// rel names a path below the data folder.
func (c *checker) rel(path string) string {
	r, err := filepath.Rel(c.opt.Dir, path)
	if err != nil {
		return filepath.Base(path)
	}
	return r
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
