// Package feed is the pure core of the signed sovereign feed: what an origin
// publishes to one recipient (a partner country, or an own post), and how the
// recipient checks it. Bytes go in, bytes come out: there is no network, no clock,
// no store and no raft in here. docs/feed-format.md says the format so that others
// can implement it; docs/adr/0016 says why it is so.
//
// A feed is an append-only list of leaves. A Leaf says that a record was put or
// taken away, and commits to each field group by a salted digest, shown or not. The
// leaf hashes make a Merkle tree (RFC 6962); the live records make a second one, by
// buckets. A Checkpoint signs both roots. Frames carry the leaves, with the bodies of
// the groups that the recipient may see, compressed and encrypted to the recipient.
//
// Producer: Publish makes a leaf and its Item of an entry and a sharing.View; Tree and
// Live keep the two trees; Codec.Frame, Codec.Bucket and Revocations give the bytes to
// serve. All of it is deterministic: nodes that hold the same state give the same
// bytes.
//
// Receiver: a Ratchet is the last state that was accepted. Its methods take bytes and
// give the next Ratchet with the changes, or a Rejection with a named Reason and
// nothing else. The caller persists the Ratchet and the changes together.
//
// Errors and reasons never hold a value of a record.
package feed
