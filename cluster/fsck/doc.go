// Package fsck checks the data folder of a node that does not run, and changes
// nothing in it.
//
// It reads everything: the raft log (checksum of each batch, decoding of each
// command, gaps), the vote, the snapshots (each one restored beside), the registry
// (page structure, every sealed value, every record, the state hash added up anew),
// the blobs, the audit chain, identity, keys and rights. And it does the node's work
// again: newest snapshot and log are applied to an empty registry, whose state hash
// must be that of the node at the same raft index.
//
// Damage that only a reader of all parts can see is the point: raft-wal takes a
// broken batch in its last file for a torn write and goes on before it; bbolt checks
// no page; a wrong value in the registry decodes well.
//
// A Finding names files, raft indexes and counts, never a key, a name or a template
// (invariant 7).
package fsck
