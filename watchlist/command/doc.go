// Package command defines the replicated commands: what goes through the raft
// log and is applied on every node in the same order.
//
// A command is an Envelope around one body. The encoding is CBOR in its core
// deterministic form (RFC 8949 §4.2.1) with integer keys, so equal commands have
// equal bytes; golden bytes in testdata pin every kind for ever. A node that
// meets a kind or a MinReader that it doesn't know must stop, never skip (D20).
//
// Time and ids are in the command: nothing is drawn or read while applying.
package command
