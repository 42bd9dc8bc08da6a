package document

import (
	"hash/maphash"
	"iter"
	"slices"
	"sync/atomic"

	"vigie/watchlist"
)

// record is one indexed document. A record is written once; only died changes.
type record struct {
	entry  watchlist.EntryID
	pos    int // in Entry.Documents
	number string
	folded string
	issuer watchlist.Country
	// died is the first view sequence that no longer shows the record, or 0.
	died atomic.Uint64
}

func (r *record) visible(seq uint64) bool {
	d := r.died.Load()
	return d == 0 || d > seq
}

// chunkSize is how many records one allocation holds.
const chunkSize = 1024

// records is an append-only table. A copy of its header is a snapshot: the
// writer adds only past the ends of all snapshots.
type records struct {
	chunks []*[chunkSize]record
	n      int
}

func (t *records) at(i uint32) *record { return &t.chunks[i/chunkSize][i%chunkSize] }

// next is the next free record and its number.
func (t *records) next() (*record, uint32) {
	if t.n == len(t.chunks)*chunkSize {
		t.chunks = append(t.chunks, new([chunkSize]record))
	}
	i := uint32(t.n)
	t.n++
	return t.at(i), i
}

// run is a sorted list of keys: the hash of a string in the upper half, the
// record in the lower. It is never changed.
type run []uint64

// with yields the records whose key has this hash; other strings may share it.
func (r run) with(hash uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		i, _ := slices.BinarySearch(r, uint64(hash)<<32)
		for ; i < len(r) && uint32(r[i]>>32) == hash; i++ {
			if !yield(uint32(r[i])) {
				return
			}
		}
	}
}

// merge joins two sorted runs; keep tells which records to carry over.
func merge(a, b run, keep func(uint32) bool) run {
	out := make(run, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		var k uint64
		if len(b) == 0 || len(a) > 0 && a[0] <= b[0] {
			k, a = a[0], a[1:]
		} else {
			k, b = b[0], b[1:]
		}
		if keep(uint32(k)) {
			out = append(out, k)
		}
	}
	return out
}

// keys lists the keys of a record, unsorted.
func keys(seed maphash.Seed, folded string, rec uint32, out run) run {
	neighbourhood(folded, func(s []byte) {
		out = append(out, uint64(hashOf(seed, s))<<32|uint64(rec))
	})
	return out
}

func hashOf(seed maphash.Seed, s []byte) uint32 { return uint32(maphash.Bytes(seed, s) >> 32) }
