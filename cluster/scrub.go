package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/disk"
	"vigie/cluster/fsm"
	"vigie/cluster/registry"
	"vigie/cluster/snapshot"
)

// The parts of the data that damage is told of; disk.Log adds "log".
const (
	partRegistry = "registry"
	partSnapshot = "snapshot"
)

// rejoin is the way back for a node whose log or registry can't be trusted.
const rejoin = "take this node out ('vigie node remove' on another one), empty its data folder and join it again; 'vigie fsck' tells more"

// firstScrub is how long after the start the first scrub begins, so that it does not
// hold up what the start still has to do.
const firstScrub = 5 * time.Minute

// scrubLoop reads everything that the node keeps back now and then, at most once per
// Config.ScrubEvery: a flipped bit must be found while the others still hold what
// it spoilt.
func (n *Node) scrubLoop(ctx context.Context) {
	// A damaged page of the registry's file can send bbolt anywhere.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	wait := time.NewTimer(min(firstScrub, n.cfg.ScrubEvery))
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		begin := time.Now()
		if err := n.scrub(ctx); err == nil {
			n.log.Info("everything on the disk was read back", "event", "disk_scrub", "took", time.Since(begin).Round(time.Millisecond).String())
		} else if ctx.Err() == nil {
			n.log.Error("not everything on the disk could be read back", "event", "disk_scrub_failed", "error", err)
		}
		wait.Reset(n.cfg.ScrubEvery)
	}
}

// scrub reads log, registry, newest snapshot and blobs. What is wrong is told to
// the disk's monitor: the node leaves leadership to others. Blobs are fetched
// again from another node, a snapshot is made anew; a log or registry needs the
// operator.
func (n *Node) scrub(ctx context.Context) error {
	errs := []error{n.rep.log.Verify(ctx)} // it tells the monitor itself
	errs = append(errs, n.scrubRegistry(ctx), n.scrubSnapshot(ctx))
	mended, err := n.blobs.Scrub(ctx)
	if mended > 0 {
		n.log.Warn("damaged photos were fetched again from another node", "event", "disk_mended", "part", "blobs", "count", mended)
	}
	return errors.Join(append(errs, err)...)
}

func (n *Node) scrubRegistry(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil { // bbolt on a damaged page; the value may hold data
			err = fmt.Errorf("reading the registry: %w", registry.ErrCorrupt)
		}
		if errors.Is(err, registry.ErrCorrupt) {
			n.disk.Damage(partRegistry, "the registry is damaged: "+rejoin)
		}
	}()
	return n.rep.reg.Verify(ctx)
}

// scrubSnapshot reads the newest snapshot, which the next lagging follower would
// get, and has a damaged one followed by another. That one is made from the
// registry, which is checked while it is written.
func (n *Node) scrubSnapshot(ctx context.Context) error {
	bad := n.readSnapshot(ctx)
	if bad == nil || ctx.Err() != nil || errors.Is(bad, fs.ErrNotExist) { // reaped meanwhile
		n.disk.Mended(partSnapshot)
		return ctx.Err()
	}
	n.disk.Damage(partSnapshot, "the newest snapshot is damaged; the next one replaces it")
	if err := n.await(ctx, n.rep.raft.Snapshot()); err != nil {
		return fmt.Errorf("replacing a damaged snapshot: %w", errors.Join(bad, err))
	}
	if err := n.readSnapshot(ctx); err != nil {
		return err
	}
	n.disk.Mended(partSnapshot)
	return nil
}

func (n *Node) readSnapshot(ctx context.Context) (err error) {
	list, err := n.rep.snaps.List()
	if err != nil || len(list) == 0 {
		return err //nolint:wrapcheck // raft says what it was doing
	}
	_, rc, err := n.rep.snaps.Open(list[0].ID)
	if err != nil {
		return fmt.Errorf("opening a snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	r, err := snapshot.NewReader(rc, n.id.cluster)
	for err == nil && ctx.Err() == nil {
		_, err = r.Next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// RejoinAdvice says what to do about an error of Open that means that the node's
// data can't be trusted any more, "" for others.
func RejoinAdvice(err error) string {
	for _, e := range []error{disk.ErrCorrupt, disk.ErrLost, fsm.ErrDiverged} {
		if errors.Is(err, e) {
			return "The other nodes hold everything: " + rejoin + ". If no other node is left, keep a copy of the folder first."
		}
	}
	if errors.Is(err, registry.ErrCorrupt) {
		return "Is node.node_key_file the key that this node was made with? If it is: " + rejoin + "."
	}
	return ""
}

// snapshots is the part of raft's store that is read here.
type snapshots interface {
	List() ([]*raft.SnapshotMeta, error)
	Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error)
}
