// Package seal encrypts what a node keeps or sends: registry values, photos,
// snapshots and the commands in the raft log (D14).
//
// A Key is a Tink keyset of AES-256-GCM keys: sealing uses the primary one,
// opening tries the one that the bytes name, so keys can be rotated. Every
// sealed value is bound to its place by associated data; moving it elsewhere
// makes it unreadable. One AES-GCM key is good for about four thousand million
// values; rotate it long before.
//
// Key files hold the bare key and are the one secret of a node: mode 0600, or
// readable by a service group, never by others.
package seal
