// Package seam names the few places where a node touches what lies outside its
// process: the network, the disk under the raft log, the machine's uptime. Only
// cluster/sim fills them in, to run whole nodes in virtual time over a network
// and a disk that fail on demand. Being internal to cluster, nobody else can.
package seam
