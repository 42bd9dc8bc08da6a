// Package clustertest starts a whole cluster of real `vigie serve` processes on
// loopback, the way a user would: `vigie init`, `serve`, `token create`, `join`.
// The demo, the end-to-end tests and the benchmarks use it, so that what they
// show is what an operator gets, process boundaries, TLS and fsync included.
//
// # Lifecycle
//
// Start returns once every node answers /readyz. Kill9, Stop and Restart act on
// one node; Close stops all and waits. The package signals only processes that
// it started: each is the leader of its own process group, and on Linux the
// kernel kills it when this process dies in whatever way, so that nothing is
// left behind. What the nodes print goes to DIR/nodeN/serve.log.
//
// # Concurrency
//
// A Cluster's methods may be called from several goroutines; Kill9, Stop and
// Restart of one node are serialised.
//
// It imports the standard library and watchlist only: it knows Vigie by its
// command line and its HTTPS interface.
package clustertest
