// Package pki makes and checks the certificates of a cluster: its certificate
// authority, the certificate of each node, the server certificates of the REST
// API, and the join token that lets a new node trust the authority.
//
// A node certificate names its cluster and node in one URI,
// vigie://<cluster-id>/node/<node-id>, and nothing else counts as an identity:
// names and addresses change, the URI does not. Which key a node may use is
// pinned elsewhere, by SPKI hash in the replicated member record.
//
// Clocks in the field are wrong. Certificates are backdated by Backdate, and a
// verifier never refuses a certificate as "not yet valid" (a dead clock battery
// says 1970); it does refuse one that has ended. Pinning makes that safe.
//
// The functions keep no state and may be called from any goroutine.
package pki
