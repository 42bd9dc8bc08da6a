// Package chaos breaks real nodes while clients write and search, and checks that
// nothing acknowledged is lost (ring R2 of issue 6).
//
// Run starts three `vigie serve` processes on loopback, each with a small file
// system of its own, and breaks one thing per round: kill -9 of a node or of the
// leader, a full disk on one node or on all, a flipped bit in the raft log of a
// stopped node, failing syncs (by strace). Writers go from node to node under one
// idempotency key until a write is acknowledged; a searcher per node asks all the
// time. After each round the nodes must reach one index with one state hash; at
// the end every node must hold every acknowledged entry, each once.
//
// Searches of a node are not counted while its process is down, nor while its
// syncs are made to fail: it can't record them then, and refuses.
//
// What it does not do: links are not broken, power is not cut (tmpfs keeps nothing), and the registry's
// file is not damaged. No bug is planted, so PlantedBugsCaught is 0 of 0; that the
// check finds a loss is shown by TestCheckFindsWhatIsMissing alone.
//
// It needs the right to mount (root) and, for failing syncs, strace; it signals
// only processes that it started.
package chaos
