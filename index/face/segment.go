package face

import (
	"sync/atomic"

	"vigie/watchlist"
)

const (
	minRows = 256
	maxRows = 1 << 16
)

// identity is one entry of the gallery. id never changes; rows and skipped
// belong to the writer.
type identity struct {
	id      watchlist.EntryID
	rows    []slot
	skipped int
}

// slot says where one of an identity's templates lies. sum tells an unchanged
// template when the entry is written again.
type slot struct {
	seg *segment
	pos int
	sum [16]byte
}

// rowMeta says whose template a row is.
type rowMeta struct {
	who  *identity
	face string
}

// segment holds up to a fixed number of rows. A row is written once, before a
// view that covers it is published, and never again; only died changes later.
type segment struct {
	stride int
	lead   int
	// heads holds the leading values of every row, rests the others: the kernel
	// reads few rests.
	heads []float32
	rests []float32
	// tails holds an upper bound of the norm of every rest.
	tails []float32
	meta  []rowMeta
	// died holds, per row, the first view sequence that no longer shows it, or 0.
	died []atomic.Uint64

	n    int // rows written; writer only
	dead int // rows with died set; writer only
}

func newSegment(stride, capacity int) *segment {
	lead := leadOf(stride)
	return &segment{
		stride: stride,
		lead:   lead,
		heads:  make([]float32, capacity*lead),
		rests:  make([]float32, capacity*(stride-lead)),
		tails:  make([]float32, capacity),
		meta:   make([]rowMeta, capacity),
		died:   make([]atomic.Uint64, capacity),
	}
}

func (s *segment) full() bool { return s.n == len(s.meta) }

func (s *segment) live() int { return s.n - s.dead }

func (s *segment) head(i int) []float32 { return s.heads[i*s.lead : (i+1)*s.lead] }

func (s *segment) rest(i int) []float32 {
	w := s.stride - s.lead
	return s.rests[i*w : (i+1)*w]
}

// score is the ComparisonScore of row i and a probe of length stride.
func (s *segment) score(probe []float32, i int) float64 {
	sum := dot64(probe[:s.lead], s.head(i), 0)
	return clamp(dot64(probe[s.lead:], s.rest(i), sum))
}

// add writes the next row: a projected template, padded with zeros to stride
// values.
func (s *segment) add(padded []float32, m rowMeta) int {
	pos := s.n
	copy(s.head(pos), padded[:s.lead])
	copy(s.rest(pos), padded[s.lead:])
	s.tails[pos] = norm(padded[s.lead:])
	s.meta[pos] = m
	s.n++
	return pos
}

// copyRow writes row i of another segment as the next row.
func (s *segment) copyRow(from *segment, i int) int {
	pos := s.n
	copy(s.head(pos), from.head(i))
	copy(s.rest(pos), from.rest(i))
	s.tails[pos], s.meta[pos] = from.tails[i], from.meta[i]
	s.n++
	return pos
}

// kill takes a row out of all views from seq on.
func (s *segment) kill(pos int, seq uint64) {
	s.died[pos].Store(seq)
	s.dead++
}

// visible reports whether the view with sequence seq shows row i.
func (s *segment) visible(i int, seq uint64) bool {
	d := s.died[i].Load()
	return d == 0 || d > seq
}
