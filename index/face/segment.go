package face

import (
	"encoding/binary"
	"math"
	"slices"
	"sync/atomic"
	"unsafe"

	"vigie/index/face/codes"
	"vigie/index/face/kernel"
	"vigie/index/face/mem"
	"vigie/watchlist"
)

const (
	// maxRows is how many rows a segment has at most.
	maxRows = 1 << 20
	// maxNames is how many bytes the ids of a segment may take.
	maxNames = 1 << 31
)

// segment holds up to a fixed number of rows. A row is written once, before a
// view that covers it is published, and never again; only died changes later.
// Vectors and codes lie outside the Go heap and live as long as the segment is
// reachable.
type segment struct {
	id     uint32 // unique in a store, from 1
	stride int
	// codes is nil while Rebuild gathers rows.
	codes   *codes.Codes
	basis   *codes.Basis
	region  *mem.Region
	vectors []float32

	// born and died hold, per row, the stamp of the change that put it in, and of
	// the one that took it out, or 0.
	born []uint64
	died []atomic.Uint64
	// who tells identities apart: two rows that one view shows have the same
	// number exactly when they belong to the same entry.
	who []uint32
	// name says where in names the row's entry id and label begin.
	name []uint32

	// The rest belongs to the writer; names up to the length that a view knows
	// never changes.
	names   []byte
	n       int
	dead    int    // rows with died set
	merging bool   // the background copies it
	checkAt uint64 // raft index from which compaction is worth a look
}

// newSegment makes an empty segment without codes for up to capacity rows.
func newSegment(id uint32, stride, capacity int) *segment {
	region := mem.New(4 * stride * capacity)
	return &segment{
		id: id, stride: stride, region: region, vectors: region.Float32s(),
		born: make([]uint64, capacity), died: make([]atomic.Uint64, capacity),
		who: make([]uint32, capacity), name: make([]uint32, capacity),
	}
}

// encode gives the segment codes over a basis, for the rows it has and those to
// come.
func (s *segment) encode(b *codes.Basis, k *kernel.Set) {
	s.basis = b
	s.codes = codes.New(b, (len(s.who)+codes.Lanes-1)/codes.Lanes*codes.Lanes, k)
	for i := range s.n {
		s.codes.Append(s.vector(i))
	}
}

// populate asks for the memory of vectors and codes ahead of the rows.
func (s *segment) populate(stop func() bool) {
	s.region.Populate(stop)
	s.codes.Populate(stop)
}

// full reports whether no row with names of that many bytes has room.
func (s *segment) full(names int) bool { return s.n == len(s.who) || len(s.names)+names > maxNames }

func (s *segment) live() int { return s.n - s.dead }

// vector is row i, padded. The caller keeps the segment reachable.
func (s *segment) vector(i int) []float32 { return s.vectors[i*s.stride:][:s.stride:s.stride] }

// add writes the next row: a reference, padded to the stride.
func (s *segment) add(x []float32, born uint64, who uint32, id watchlist.EntryID, label string) int {
	pos := s.n
	s.name[pos] = uint32(len(s.names))
	s.names = appendName(appendName(s.names, string(id)), label)
	s.put(x, born, who)
	return pos
}

// copyRow writes row i of another segment as the next row, with its death so far.
func (s *segment) copyRow(from *segment, i int, died uint64) {
	pos := s.n
	s.name[pos] = uint32(len(s.names))
	at := from.name[i]
	s.names = append(s.names, from.names[at:at+nameLen(from.names[at:])]...)
	if s.died[pos].Store(died); died != 0 {
		s.dead++
	}
	s.put(from.vector(i), from.born[i], from.who[i])
}

func (s *segment) put(x []float32, born uint64, who uint32) {
	copy(s.vector(s.n), x)
	s.born[s.n], s.who[s.n] = born, who
	if s.codes != nil {
		s.codes.Append(s.vector(s.n))
	}
	s.n++
}

// kill takes a row out of all views from the stamp on.
func (s *segment) kill(pos int, stamp uint64) {
	s.died[pos].Store(stamp)
	s.dead++
}

// visible reports whether row i was there at the stamp.
func (s *segment) visible(i int, stamp uint64) bool {
	d := s.died[i].Load()
	return (d == 0 || d > stamp) && s.born[i] <= stamp
}

// holds reports whether row i has that label and that vector, bit for bit.
func (s *segment) holds(i int, label string, x []float32) bool {
	if _, l := namesAt(s.names, s.name[i]); l != label {
		return false
	}
	return slices.EqualFunc(s.vector(i), x, func(a, b float32) bool {
		return math.Float32bits(a) == math.Float32bits(b)
	})
}

// appendName writes a string with its length in front.
func appendName(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// nameLen is how many bytes the two names in front of b take.
func nameLen(b []byte) (total uint32) {
	for range 2 {
		n, w := binary.Uvarint(b[total:])
		total += uint32(n) + uint32(w)
	}
	return total
}

// namesAt reads the entry id and the label at a place. They lie in names and
// keep all of it reachable: clone what is to last.
func namesAt(names []byte, at uint32) (id watchlist.EntryID, label string) {
	b := names[at:]
	n, w := binary.Uvarint(b)
	id = watchlist.EntryID(text(b[w:][:n]))
	b = b[uint64(w)+n:]
	n, w = binary.Uvarint(b)
	return id, text(b[w:][:n])
}

// text is b as a string, without a copy; b must not change any more.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
