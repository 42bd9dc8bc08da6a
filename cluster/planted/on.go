//go:build plantedbugs

package planted

import (
	"errors"
	"iter"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/types"

	"vigie/cluster/registry"
)

// chosen is the bug that the environment names; an unknown name is a mistake of
// whoever runs the gate, not to be taken for a bug that was not found.
var chosen = sync.OnceValue(func() Bug {
	name := os.Getenv("VIGIE_PLANTED_BUG")
	for b := NoFsync; b <= EarlyCursor; b++ {
		if b.String() == name {
			return b
		}
	}
	if name != "" {
		panic("VIGIE_PLANTED_BUG names no planted bug")
	}
	return 0
})

// String is the bug's name in the environment.
func (b Bug) String() string {
	names := []string{
		"none", "no-fsync", "clock-in-apply", "map-order", "no-term-check", "dropped-tombstone",
		"rollback", "short-snapshot", "no-dedup", "restore-keeps", "early-cursor",
	}
	if b < 0 || int(b) >= len(names) {
		return strconv.Itoa(int(b))
	}
	return names[b]
}

// Alive tells whether a bug was chosen.
func Alive(b Bug) bool { return chosen() == b }

// Clock is what Apply takes for the stamped time, Unix milliseconds.
func Clock(stamped int64) int64 {
	if Alive(ClockInApply) {
		return time.Now().UnixMilli()
	}
	return stamped
}

// Order brings items into the order of a map.
func Order[T any](items []T) {
	if !Alive(MapOrder) {
		return
	}
	m := make(map[int]T, len(items))
	for i, x := range items {
		m[i] = x
	}
	i := 0
	for _, x := range m {
		items[i] = x
		i++
	}
}

// Files is a file system for the raft log whose Sync does nothing.
func Files(vfs types.VFS) types.VFS {
	if !Alive(NoFsync) {
		return vfs
	}
	if vfs == nil {
		vfs = fs.New()
	}
	return unsynced{vfs}
}

type unsynced struct{ types.VFS }

// Create implements types.VFS.
func (u unsynced) Create(dir, name string, size uint64) (types.WritableFile, error) {
	f, err := u.VFS.Create(dir, name, size)
	return lazy{f}, err
}

// OpenWriter implements types.VFS.
func (u unsynced) OpenWriter(dir, name string) (types.WritableFile, error) {
	f, err := u.VFS.OpenWriter(dir, name)
	return lazy{f}, err
}

type lazy struct{ types.WritableFile }

// Sync implements types.WritableFile.
func (lazy) Sync() error { return nil }

// Snapshot leaves out the first entry and makes the sums agree.
func Snapshot(st registry.State, records iter.Seq2[registry.Record, error]) (registry.State, iter.Seq2[registry.Record, error]) {
	if !Alive(ShortSnapshot) {
		return st, records
	}
	var gone registry.Record
	for r, err := range records {
		if err == nil && r.Bucket == registry.BucketEntries {
			gone = r
			break
		}
	}
	if gone.Key == nil {
		return st, records
	}
	st.Hash.Sub(gone)
	st.Records--
	st.Entries--
	return st, func(yield func(registry.Record, error) bool) {
		for r, err := range records {
			if err == nil && r.Bucket == gone.Bucket && slices.Equal(r.Key, gone.Key) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Restored adds the sessions of the old state to the new one and makes the sums
// agree.
func Restored(st registry.State, old *registry.Store, add func(registry.Record) error) (registry.State, error) {
	if !Alive(RestoreKeeps) {
		return st, nil
	}
	v, err := old.View()
	if err != nil {
		return st, err
	}
	for r, rerr := range v.Records() {
		if rerr != nil || r.Bucket != "sessions" || add(r) != nil {
			continue // add refuses what the new state has
		}
		st.Hash.Add(r)
		st.Records++
	}
	return st, errors.Join(err, v.Close())
}
