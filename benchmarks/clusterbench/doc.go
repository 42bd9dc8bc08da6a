// Package clusterbench measures what a cluster of real processes promises: durable
// writes beside bare raft, imports, how long nobody can write after a leader's
// death or hand-over, restarts under load, new nodes, and what idle nodes send.
//
// All processes, the clients and the disk share one machine: a figure here is what
// one machine does for three nodes, and the CPU seconds beside it say how much of
// it was one node's. Entries are made up and marked as specimen.
package clusterbench
