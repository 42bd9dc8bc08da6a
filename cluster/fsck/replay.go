package fsck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/fsm"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
)

// replayBatch is how many entries go into one transaction: fewer syncs.
const replayBatch = 512

// replay computes the state anew: the newest snapshot that the registry has reached,
// or nothing, and the log behind it up to the registry's index. Applying is
// deterministic, so the state hash must be the registry's.
func (c *checker) replay(ctx context.Context, l *raftLog) (err error) {
	if c.reg == nil || c.reg.State.Index == 0 {
		return nil
	}
	begin, at := time.Now(), c.reg.State
	var base *snapshotFile
	for i := range c.snaps {
		if c.snaps[i].state.Index <= at.Index {
			base = &c.snaps[i]
			break
		}
	}
	from := uint64(1)
	if base != nil {
		from = base.meta.Index + 1
	}
	if at.Index >= from && (l.first == 0 || l.first > from || l.last < at.Index) {
		c.rep.Add(ReplaySkipped, "raft", at.Index, "the log holds %d to %d, needed are %d to %d", l.first, l.last, from, at.Index)
		return nil
	}
	tmp, err := os.MkdirTemp("", "vigie-fsck-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if !c.room(tmp) {
		c.rep.Add(ReplaySkipped, "raft", at.Index, "too little room in %s for temporary files", os.TempDir())
		return nil
	}
	key, err := seal.NewKey()
	if err != nil {
		return err
	}
	reg, err := registry.Open(filepath.Join(tmp, "registry.db"), key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reg.Close()) }()
	n, failed := c.rebuild(ctx, reg, l, base, from, at.Index)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.rep.part("replay", n, "entries", begin)
	if errors.Is(failed, errUnreadable) {
		c.rep.Add(ReplaySkipped, "raft", at.Index, "an entry of the log can't be read")
		return nil
	}
	if failed != nil {
		c.rep.Add(RegistryReplay, "raft", at.Index, "%v", failed)
		return nil
	}
	c.rep.Replayed = true
	if index, _, hash := reg.Position(); hash != at.Hash.String() {
		c.rep.Add(RegistryReplay, "registry.db", at.Index, "the registry has %.16s…, index %d applied anew gives %.16s…", at.Hash, index, hash)
	}
	return nil
}

// errUnreadable: the log's own check has told what is wrong.
var errUnreadable = errors.New("the log can't be read")

// rebuild restores base and applies the log from index from to index to. A panic of
// the state machine is its way to refuse.
func (c *checker) rebuild(ctx context.Context, reg *registry.Store, l *raftLog, base *snapshotFile, from, to uint64) (n int, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error: // the state machine's own words, which hold no content
			err = fmt.Errorf("the state machine refuses the log: %w", r)
		default:
			err = fmt.Errorf("the state machine panics with a %T", r)
		}
	}()
	m, err := fsm.New(reg, c.clusterKey, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer m.Close()
	if base != nil {
		f, err := os.Open(filepath.Join(base.dir, "state.bin"))
		if err != nil {
			return 0, err
		}
		if err := m.Restore(f); err != nil {
			return 0, err
		}
	}
	var batch []*raft.Log
	flush := func() {
		if len(batch) > 0 {
			m.ApplyBatch(batch)
		}
		batch = batch[:0]
	}
	for e, err := range l.entries(from) {
		if err != nil || ctx.Err() != nil {
			return n, errors.Join(errUnreadable, err, ctx.Err())
		}
		if e.Index > to {
			break
		}
		n++
		c.step("replay", n, int(to-from+1))
		if e.Type == raft.LogCommand || e.Type == raft.LogConfiguration {
			batch = append(batch, e)
		}
		if len(batch) == replayBatch {
			flush()
		}
	}
	flush()
	return n, nil
}

// room reports whether the temporary folder has room for a second registry: the
// state machine waits for room rather than fail.
func (c *checker) room(tmp string) bool {
	st, err := os.Stat(c.paths.Registry)
	var fs syscall.Statfs_t
	if err != nil || syscall.Statfs(tmp, &fs) != nil {
		return false
	}
	return int64(fs.Bavail)*int64(fs.Bsize) > 2*st.Size()+(64<<20)
}
