package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Buckets is the number of buckets that the live records are divided into.
const Buckets = 4096

// bucketLevels is log2 of Buckets.
const bucketLevels = 12

// maxBucket bounds the records of one bucket: a hundred times what a million evenly
// spread records give.
const maxBucket = 25600

// Bucket is the bucket of a record: the first 12 bits of the SHA-256 of its id.
func Bucket(record string) int {
	h := sha256.Sum256([]byte(record))
	return int(binary.BigEndian.Uint16(h[:]) >> 4)
}

// BucketHash is the hash of a bucket: RFC 6962's leaf hash of the leaf hashes of its
// live records, one after the other in the order of their ids.
func BucketHash(leafHashes [][]byte) []byte {
	return rfc6962.DefaultHasher.HashLeaf(bytes.Join(leafHashes, nil))
}

// Live is the set of live records of a feed: of each the hash of its last Put. It is
// for one goroutine.
type Live struct {
	buckets [Buckets][]liveRecord
	// nodes[0] are the bucket hashes, nodes[12] the root; stale buckets are hashed
	// again by Root.
	nodes [bucketLevels + 1][][]byte
	stale map[int]bool
	n     uint64
}

type liveRecord struct {
	record string
	hash   []byte
}

// NewLive gives the empty set.
func NewLive() *Live {
	l := &Live{stale: map[int]bool{}}
	h := BucketHash(nil)
	for level := range l.nodes {
		l.nodes[level] = make([][]byte, Buckets>>level)
		for i := range l.nodes[level] {
			l.nodes[level][i] = h
		}
		h = rfc6962.DefaultHasher.HashChildren(h, h)
	}
	return l
}

// Len is the number of records.
func (l *Live) Len() uint64 { return l.n }

func (l *Live) find(record string) (b, i int, ok bool) {
	b = Bucket(record)
	i, ok = slices.BinarySearchFunc(l.buckets[b], record, func(r liveRecord, s string) int { return strings.Compare(r.record, s) })
	return b, i, ok
}

// Put notes the hash of a record's last Put.
func (l *Live) Put(record string, leafHash []byte) {
	b, i, ok := l.find(record)
	l.stale[b] = true
	if ok {
		l.buckets[b][i].hash = leafHash
		return
	}
	l.n++
	l.buckets[b] = slices.Insert(l.buckets[b], i, liveRecord{record, leafHash})
}

// Drop takes a record out; it may be missing.
func (l *Live) Drop(record string) {
	if b, i, ok := l.find(record); ok {
		l.n--
		l.stale[b] = true
		l.buckets[b] = slices.Delete(l.buckets[b], i, i+1)
	}
}

// Hash gives the hash of a record's last Put, nil if it is not live.
func (l *Live) Hash(record string) []byte {
	if b, i, ok := l.find(record); ok {
		return l.buckets[b][i].hash
	}
	return nil
}

// Records gives the ids of a bucket's records, in order.
func (l *Live) Records(bucket int) []string {
	out := make([]string, len(l.buckets[bucket]))
	for i, r := range l.buckets[bucket] {
		out[i] = r.record
	}
	return out
}

// Apply takes over a verified change.
func (l *Live) Apply(c Change) {
	switch {
	case c.Elided:
	case c.Leaf.Type == Put:
		l.Put(c.Leaf.Record, c.Hash)
	case c.Leaf.Type == Tombstone:
		l.Drop(c.Leaf.Record)
	}
}

// Replace makes a bucket hold exactly the records of a verified one, and gives the
// ids that it held besides: those are no longer live at the origin.
func (l *Live) Replace(bucket int, changes []Change) (gone []string) {
	want := map[string]bool{}
	for _, c := range changes {
		want[c.Leaf.Record] = true
	}
	for _, r := range l.buckets[bucket] {
		if !want[r.record] {
			gone = append(gone, r.record)
		}
	}
	for _, r := range gone {
		l.Drop(r)
	}
	for _, c := range changes {
		l.Put(c.Leaf.Record, c.Hash)
	}
	return gone
}

// Root is the state root: the Merkle root of the bucket hashes.
func (l *Live) Root() []byte {
	dirty := map[int]bool{}
	for b := range l.stale {
		hashes := make([][]byte, len(l.buckets[b]))
		for i, r := range l.buckets[b] {
			hashes[i] = r.hash
		}
		l.nodes[0][b] = BucketHash(hashes)
		dirty[b>>1] = true
	}
	l.stale = map[int]bool{}
	for level := 1; level <= bucketLevels; level++ {
		up := map[int]bool{}
		for i := range dirty {
			l.nodes[level][i] = rfc6962.DefaultHasher.HashChildren(l.nodes[level-1][2*i], l.nodes[level-1][2*i+1])
			up[i>>1] = true
		}
		dirty = up
	}
	return l.nodes[bucketLevels][0]
}

// Table gives the bucket hashes, one after the other: 131,072 bytes.
func (l *Live) Table() []byte {
	l.Root()
	return bytes.Join(l.nodes[0], nil)
}

// Proof proves that a bucket's hash is in the state root: 12 hashes, from below.
func (l *Live) Proof(bucket int) [][]byte {
	l.Root()
	out := make([][]byte, bucketLevels)
	for level := range out {
		out[level] = l.nodes[level][(bucket>>level)^1]
	}
	return out
}

// Differ gives the buckets whose hash is another in a verified table.
func (l *Live) Differ(table []byte) []int {
	l.Root()
	var out []int
	for b := range Buckets {
		if !bytes.Equal(l.nodes[0][b], table[b*sha256.Size:(b+1)*sha256.Size]) {
			out = append(out, b)
		}
	}
	return out
}

// verifyTable checks a table of bucket hashes against a state root.
func verifyTable(table, root []byte) error {
	if len(table) != Buckets*sha256.Size {
		return reject(Malformed, "table of buckets")
	}
	r := ranges().NewEmptyRange(0)
	for i := 0; i < len(table); i += sha256.Size {
		if err := r.Append(table[i:i+sha256.Size], nil); err != nil {
			return reject(Malformed, "table of buckets")
		}
	}
	got, err := rootOfRange(r)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, root) {
		return reject(StateMismatch, "table of buckets")
	}
	return nil
}

// verifyBucketProof checks a bucket's hash against a state root.
func verifyBucketProof(bucket int, hash []byte, p [][]byte, root []byte) error {
	if len(p) != bucketLevels || !hashesValid(p) ||
		proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(bucket), Buckets, hash, p, root) != nil {
		return reject(StateMismatch, "bucket")
	}
	return nil
}

// Bucket packs the live records of one bucket, as of a size of the feed. items are
// Puts in the order of their ids.
func (c *Codec) Bucket(feed ID, epoch, size uint64, bucket int, items []Item, generation uint32, key []byte) ([]byte, error) {
	if bucket < 0 || bucket >= Buckets || len(items) > maxBucket {
		return nil, reject(Malformed, "bucket")
	}
	plain, err := encodeItems(items)
	if err != nil {
		return nil, err
	}
	return c.seal(header{kind: boxBucket, epoch: epoch, first: uint64(bucket), size: size, count: uint32(len(items)), key: generation}, feed, key, plain)
}
