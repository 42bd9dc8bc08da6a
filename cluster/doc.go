// Package cluster runs one node of the replicated watchlist: it keeps the raft
// log and the registry, talks to the other nodes, and is the only way to change
// what they share.
//
// Init makes a new cluster of one node, Join fetches the identity of a further
// one, and Open starts a node. A Node proposes commands from wherever it stands
// (they are forwarded to the leader), says how current its list is (Stamp),
// waits for an index (WaitIndex) or for everything committed (Linearizable),
// and admits or removes members.
//
// What is replicated decides: the member records in the registry say who may
// connect and with which key, and the leader makes the raft configuration agree
// with them. DESIGN.md tells how, and what was rejected.
//
// A Node may be used from any goroutine.
package cluster
