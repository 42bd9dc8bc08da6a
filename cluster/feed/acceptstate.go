package feed

import (
	"bytes"
	"strings"
)

// AcceptRevocations verifies a revocation set. It changes no Ratchet: what it revokes
// stops counting at once, and the leaves that follow say the same, or the state root
// does not agree. A set that begins after Size misses some and is refused.
func (r Ratchet) AcceptRevocations(c *Codec, b []byte, keys ContentKeys) (RevocationSet, error) {
	s, signed, err := c.openRevocations(b, r.Feed, r.keyList(), keys)
	if err != nil {
		return RevocationSet{}, err
	}
	h, ok := r.head()
	switch {
	case !ok:
		return RevocationSet{}, reject(BeyondCheckpoint, "revocations before any checkpoint")
	case !r.covered(signed, s.Epoch, s.Size, h.Issued):
		return RevocationSet{}, reject(KeyNotValid, "")
	case s.Epoch != h.Epoch:
		return RevocationSet{}, reject(OldEpoch, "revocations")
	case s.From > r.Size:
		return RevocationSet{}, reject(Gap, "revocations")
	case s.Size < h.Size:
		return RevocationSet{}, reject(Rollback, "revocations")
	case s.Size > h.Size:
		return RevocationSet{}, reject(BeyondCheckpoint, "revocations")
	}
	return s, nil
}

// SkipTo moves to Head without its leaves: for a new or long-absent receiver, and
// after a Cut. frontier is that of Head's size. The state must then be fetched by
// bucket; until Synced the receiver serves what it held before. When Head moves on
// meanwhile, SkipTo again: buckets that did not change stay good.
func (r Ratchet) SkipTo(frontier [][]byte) (Ratchet, error) {
	h, ok := r.head()
	if !ok {
		return r, reject(NeedsState, "no checkpoint")
	}
	if !hashesValid(frontier) || len(frontier) > 64 {
		return r, reject(Malformed, "frontier")
	}
	root, err := rootOf(h.Size, frontier)
	if err != nil {
		return r, err
	}
	if !bytes.Equal(root, h.Root) {
		return r, reject(RootMismatch, "frontier")
	}
	next := r
	next.Size, next.Root, next.Frontier, next.Epoch, next.Index = h.Size, h.Root, frontier, h.Epoch, h.Index
	next.Skip, next.Unsynced = false, true
	return next, nil
}

// Synced ends what SkipTo began: root is the state root of what the receiver now
// holds, of Head's size.
func (r Ratchet) Synced(root []byte) (Ratchet, error) {
	h, ok := r.head()
	if !ok || !r.Unsynced || h.Size != r.Size {
		return r, reject(NeedsState, "the state is that of another checkpoint")
	}
	if !bytes.Equal(root, h.State) {
		return r, reject(StateMismatch, "")
	}
	next := r
	next.Unsynced = false
	return next, nil
}

// AcceptTable verifies the table of bucket hashes of Head.
func (r Ratchet) AcceptTable(table []byte) error {
	h, ok := r.head()
	if !ok {
		return reject(NeedsState, "no checkpoint")
	}
	return verifyTable(table, h.State)
}

// AcceptBucket verifies one bucket of Head's state by itself and gives its number and
// its records, all of them and in the order of their ids: after SkipTo, or to repair a
// state that does not agree with Head although all of its leaves are there. proof is Live.Proof, or nil
// with a table that AcceptTable has verified.
func (r Ratchet) AcceptBucket(c *Codec, b []byte, keys ContentKeys, proof [][]byte, table []byte) (bucket int, records []Change, err error) {
	h, ok := r.head()
	if !ok || !r.Unsynced && (r.Skip || r.Size != h.Size) {
		return 0, nil, reject(NeedsState, "no checkpoint, or leaves or SkipTo come first")
	}
	head, plain, err := c.open(b, boxBucket, r.Feed, keys)
	if err != nil {
		return 0, nil, err
	}
	switch {
	case head.first >= Buckets || head.count > maxBucket:
		return 0, nil, reject(Malformed, "bucket")
	case head.epoch != h.Epoch:
		return 0, nil, reject(OldEpoch, "bucket")
	case head.size != h.Size:
		return 0, nil, reject(StateMismatch, "bucket of another size")
	}
	bucket = int(head.first)
	items, err := decodeItems(plain, int(head.count))
	if err != nil {
		return 0, nil, err
	}
	hashes := make([][]byte, 0, len(items))
	for i, it := range items {
		c, err := it.open(r.Feed.Origin())
		switch {
		case err != nil:
			return 0, nil, err
		case c.Elided || c.Leaf.Type != Put || Bucket(c.Leaf.Record) != bucket:
			return 0, nil, reject(Malformed, "bucket")
		case i > 0 && strings.Compare(records[i-1].Leaf.Record, c.Leaf.Record) >= 0:
			return 0, nil, reject(Malformed, "order of a bucket")
		}
		records, hashes = append(records, c), append(hashes, c.Hash)
	}
	hash := BucketHash(hashes)
	if proof == nil && len(table) == Buckets*32 {
		if !bytes.Equal(hash, table[bucket*32:(bucket+1)*32]) {
			return 0, nil, reject(StateMismatch, "bucket")
		}
		return bucket, records, nil
	}
	if err := verifyBucketProof(bucket, hash, proof, h.State); err != nil {
		return 0, nil, err
	}
	return bucket, records, nil
}

// CrossCheck compares Head with a checkpoint that somebody else holds of the same
// feed, such as one that another post or another partner has cosigned. keys are the
// certified keys to read it with, beside those of the certificate in force. proof is
// Consistency from the smaller to the larger of the two. SplitView is proved: the two
// signatures contradict each other. Inconsistent only says that the proof does not
// show one to continue the other; who can give no better one has something to explain.
func (r Ratchet) CrossCheck(other []byte, proof [][]byte, keys ...string) error {
	text, _, err := openNote(other, append(r.keyList(), keys...))
	if err != nil {
		return err
	}
	c, err := parseCheckpoint(text)
	if err != nil {
		return err
	}
	h, ok := r.head()
	if c.Feed != r.Feed {
		return reject(WrongFeed, "")
	}
	if !ok || c.Epoch != h.Epoch {
		return nil
	}
	if c.Size == h.Size {
		if !bytes.Equal(c.Root, h.Root) || !bytes.Equal(c.State, h.State) {
			return reject(SplitView, "")
		}
		return nil
	}
	small, large := c, h
	if c.Size > h.Size {
		small, large = h, c
	}
	if !hashesValid(proof) || !consistent(small.Size, large.Size, proof, small.Root, large.Root) {
		return reject(Inconsistent, "")
	}
	return nil
}
