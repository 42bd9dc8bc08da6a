//go:build !plantedbugs

package planted

import (
	"iter"

	"github.com/hashicorp/raft-wal/types"

	"vigie/cluster/registry"
)

// Alive is always false: this build has no faults.
func Alive(Bug) bool { return false }

// Clock gives the stamped time back.
func Clock(stamped int64) int64 { return stamped }

// Files gives the file system of the raft log back, which may be nil.
func Files(vfs types.VFS) types.VFS { return vfs }

// Order does nothing to the items.
func Order[T any]([]T) {}

// Snapshot gives state and records back.
func Snapshot(st registry.State, records iter.Seq2[registry.Record, error]) (registry.State, iter.Seq2[registry.Record, error]) {
	return st, records
}

// Restored gives the state back.
func Restored(st registry.State, _ *registry.Store, _ func(registry.Record) error) (registry.State, error) {
	return st, nil
}
