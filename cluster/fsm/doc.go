// Package fsm is the replicated state machine: it applies the commands of the
// raft log to the registry, in order, and tells the derived indexes.
//
// Applying is deterministic: the same commands give the same results and the
// same state hash on every node, whatever the node's key, the batches that raft
// hands over, or the machine. There is no clock, no chance and no map order
// here; time comes stamped in the command. What cannot be applied for sure the
// same everywhere (an unknown or undecodable command, a damaged registry, an
// index that fails) stops the node with a panic, because skipping it would let
// the replicas drift apart (D20).
//
// DESIGN.md has the rules of each command and what was rejected.
package fsm
