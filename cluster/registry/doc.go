// Package registry is the authoritative store of one node: entries, accounts,
// members and what applying commands needs to remember (D5).
//
// It is one bbolt file. Every value is sealed with the node's key and bound to
// its bucket and key; keys that could tell something of a person are replaced
// by a keyed hash, so a stolen file yields entry ids and nothing else (D14).
// The applied raft index, its term and the state hash are written in the same
// transaction as the changes of the commands up to that index.
//
// Any goroutine may read at any time, also while a restored state replaces the
// file; Update and Replace belong to the state machine alone. DESIGN.md tells
// why the package is shaped like this.
package registry
