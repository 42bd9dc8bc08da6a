// Package bareraft is what the cluster's writes are held against: three processes
// that run hashicorp/raft over raft-wal and nothing else.
//
// The settings of raft and of the log are those of the link profile "lan". Each
// entry is synced on a majority's disks before it counts, as the product's are.
// What is missing is all that the product adds: TLS, HTTP, JSON, validation,
// permissions, audit, sealing, checksums, registry and indexes. The clients are
// goroutines of the leader's process, so that not even a request is decoded.
//
// Serve is one node, driven by lines of JSON; Start runs three of them.
package bareraft
