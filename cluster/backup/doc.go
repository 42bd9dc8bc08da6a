// Package backup writes the whole state of a cluster into one encrypted file, reads it
// back, and proves that it can be restored.
//
// A backup is made of the data folder of one node that does not run, while the other
// nodes go on: the registry of one moment, the blobs that it refers to, and the node's
// audit log. The file is an age file (age-encryption.org/v1, X25519 recipients), so
// that the machine that makes backups can't read them; inside is a tar:
//
//	manifest.json        format, whose backup it is, index, state hash, counts, the key
//	                     of the state
//	state/000000 …       a snapshot (package snapshot) in pieces of 1 MiB
//	blob/<sha256>        each blob, in plain: age seals it
//	audit/<file>         the files of the audit log as they lie, sealed
//	audit/node.key       the key that opens them
//
// age tells a changed bit and a cut end; the snapshot, each blob's name and the audit
// chain are checked besides. Verify restores everything into a temporary folder. A
// restored cluster is a new one: see cluster.Restore for what is taken over.
package backup
