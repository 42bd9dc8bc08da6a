package face

import (
	"crypto/sha256"

	"vigie/watchlist"
)

// ownerKey stands for an entry id in the writer's map: a million keys without a
// pointer cost the garbage collector nothing.
type ownerKey [16]byte

func keyOf(id watchlist.EntryID) (k ownerKey) {
	var buf [128]byte
	sum := sha256.Sum256(append(buf[:0], id...))
	copy(k[:], sum[:])
	return k
}

// owner is an entry that the gallery knows: its number, its rows as a list of
// slots, and how many of its templates can't be found.
type owner struct {
	who     uint32
	first   uint32
	skipped uint32
}

// slot says where a row lies; next is the owner's next slot, or 0. The segment
// may have been merged away: see store.locate.
type slot struct {
	seg  uint32 // 0 for a free slot
	pos  uint32
	next uint32
}

// slotChunk is how many slots lie in one piece: growing copies nothing.
const slotChunk = 4096

// slots holds numbered slots, from 1.
type slots struct {
	chunks []*[slotChunk]slot
	used   uint32 // the highest number given out
	free   uint32 // list of numbers given back
}

func (s *slots) at(i uint32) *slot { return &s.chunks[i/slotChunk][i%slotChunk] }

// add makes a slot and gives its number.
func (s *slots) add(v slot) uint32 {
	i := s.free
	if i != 0 {
		s.free = s.at(i).next
	} else {
		s.used++
		i = s.used
		if int(i/slotChunk) >= len(s.chunks) {
			s.chunks = append(s.chunks, new([slotChunk]slot))
		}
	}
	*s.at(i) = v
	return i
}

// drop takes a slot back.
func (s *slots) drop(i uint32) {
	*s.at(i) = slot{next: s.free}
	s.free = i
}

// moved says where the rows of a segment that was merged away lie now.
type moved struct {
	to uint32
	at []uint32 // by old row; gone for rows that were dropped
}

// gone stands for a row that was not copied. Only dead rows are dropped, so no
// slot leads to one.
const gone = ^uint32(0)

// locate finds the row of a slot and notes its place.
func (w *store) locate(s *slot) (*segment, int) {
	for {
		if seg := w.segs[s.seg]; seg != nil {
			return seg, int(s.pos)
		}
		m := w.moved[s.seg]
		s.seg, s.pos = m.to, m.at[s.pos]
	}
}

// sweepSome brings up to slotChunk slots from a number on up to date and returns
// where to go on, or 0 at the end.
func (w *store) sweepSome(from uint32) uint32 {
	to := min(from+slotChunk, w.slots.used+1)
	for i := from; i < to; i++ {
		if s := w.slots.at(i); s.seg != 0 {
			w.locate(s)
		}
	}
	if to > w.slots.used {
		return 0
	}
	return to
}
