// Package transport carries everything that nodes say to each other over one
// TCP port with TLS 1.3. The protocol is chosen by ALPN:
//
//	vigie-raft/1   raft's own RPC stream, mutual TLS
//	vigie-node/1   the control plane: HTTP/1.1 between members, mutual TLS
//	vigie-join/1   admission of a new node: HTTP/1.1, no client certificate
//
// On the first two, each side checks that the other's certificate chains to the
// cluster's authority, names this cluster, and is allowed by the Directory,
// which compares the key with the one pinned in the replicated member record.
// The dialling side also checks that it reached the node it meant to. Checks
// run on resumed sessions too. Sweep closes connections of members that have
// been removed since.
//
// raft server addresses are node ids here: Dial resolves an id through the
// Directory at each connection, so a node may change its address without a
// change of the raft configuration.
//
// Limits: handshakes have a deadline, a cap in total and one per address (the
// address with the most gives way to one with fewer, so that silent strangers
// keep no member out), connections are capped in total and per member, bulk
// transfers have connections of their own, join connections are few and rate limited, headers and bodies
// are bounded, dead peers are found by TCP keepalive.
//
// Start order: Listen binds the port (so that its address is known), Serve
// begins to accept. Close stops accepting, closes every connection and waits
// for the goroutines.
package transport
