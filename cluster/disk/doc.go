// Package disk watches the disk under a node and keeps the raft log honest on a
// bad one.
//
// A Monitor times every write and sync that its users tell it of, probes an idle
// disk, and says in which State it is; Room refuses writes on a full disk before
// the kernel does, and the reserve file gives what is under way the space to
// finish. Log is the raft log store: it bounds how long raft waits for a write,
// checks everything that it reads back, and never lets a write count that the disk
// has not confirmed. Raft asks one thing of a store that a hung or full disk can't
// give: an answer. What Log answers then, and why that is safe, is in DESIGN.md.
//
// A Monitor and a Log may be used from any goroutine.
package disk
