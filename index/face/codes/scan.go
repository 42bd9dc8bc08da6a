package codes

import (
	"math"
	"runtime"
	"slices"

	"vigie/index/face/kernel"
)

// Survivor is a row that may lie within the limit.
type Survivor struct {
	Row   uint32
	Lower float32 // a lower bound of its distance, 0 or more
}

// Scan appends to out every row from <= row < to of m that may lie within limit
// of the probe, outliers excepted, in ascending order, and returns out. The
// distance of two vectors is the square root of the float64 sum, from the first
// dimension to the last, of the squares of their differences in float64; no row
// whose distance is at most limit is missing, unless Outliers lists it. Rows
// beyond the limit may be there.
//
// from is a multiple of Lanes; to is cut to the rows of m. limit is a distance,
// +Inf allowed; nothing lies within a negative one. The basis of the probe must
// be that of c. Scan allocates only if out has no room.
func (c *Codes) Scan(m Mark, p *Probe, from, to int, limit float64, s *Scratch, out []Survivor) []Survivor {
	if p.b != c.b && p.b.id != c.b.id {
		panic("codes: a probe of another basis")
	}
	if from < 0 || from%Lanes != 0 {
		panic("codes: a scan must start at a block")
	}
	if math.IsNaN(limit) {
		panic("codes: the limit is no number")
	}
	to = min(to, m.rows)
	if limit < 0 || from >= to {
		return out
	}
	s.set(p, &m, limit)
	t := taker{c: c, s: s, out: out, outliers: m.outliers}
	if len(t.outliers) > 0 {
		at, _ := slices.BinarySearch(t.outliers, uint32(from))
		t.outliers = t.outliers[at:]
	}
	if s.every {
		t.all(from, to)
		return t.out
	}
	t.levels(from, to)
	runtime.KeepAlive(c.region)
	return t.out
}

// taker is one scan on its way: it gathers survivors and steps over outliers.
type taker struct {
	c        *Codes
	s        *Scratch
	out      []Survivor
	outliers []uint32 // those not yet passed
}

// levels runs both levels over the rows. Level 2 of a chunk waits for level 1 of
// the next: meanwhile the memory brings the rows it needs.
func (t *taker) levels(from, to int) {
	c, s := t.c, t.s
	groups := c.b.groups
	size := kernel.BlockSize(groups)
	var before []uint32
	for turn := 0; from < to; turn ^= 1 {
		n := min(chunkRows, to-from)
		ids, sums := s.ids[turn][:], s.sums[turn][:]
		ids = ids[:c.k.Scan(c.plane[from/Lanes*size:], groups, n, &s.p.weights, s.thr1, uint32(from), ids, sums)]
		c.k.PrefetchFirst(c.rows, groups, ids)
		s.stats.Rows += uint64(n)
		s.stats.Level1 += uint64(len(ids))
		t.level2(before, s.sums[turn^1][:])
		before = ids
		if from += n; from >= to {
			t.level2(before, sums)
		}
	}
}

// level2 appends those of the rows that pass it. Outliers pass at loose limits;
// they are left out here.
func (t *taker) level2(ids []uint32, sums []int32) {
	if len(ids) == 0 {
		return
	}
	c, s := t.c, t.s
	n := c.k.Refine(c.rows, &s.targets, s.thr2, ids, sums)
	for i, id := range ids[:n] {
		if t.passes(id) {
			e8 := c.rows[(int(id)+1)*c.rowSize-4]
			t.out = append(t.out, Survivor{id, s.lower(c.b, sums[i], e8)})
			s.stats.Level2++
		}
	}
}

// passes is false for outliers. Ids ascend.
func (t *taker) passes(id uint32) bool {
	for len(t.outliers) > 0 && t.outliers[0] < id {
		t.outliers = t.outliers[1:]
	}
	return len(t.outliers) == 0 || t.outliers[0] != id
}

// all appends all rows but outliers.
func (t *taker) all(from, to int) {
	for row := uint32(from); row < uint32(to); row++ {
		if t.passes(row) {
			t.out = append(t.out, Survivor{Row: row})
			t.s.stats.Unpruned++
		}
	}
}

// lower is a lower bound of the distance of a row with that total and error byte
// (DESIGN.md §5).
func (s *Scratch) lower(b *Basis, total int32, e8 byte) float32 {
	q := &s.p.two
	unit := s.p.unit / fine
	e := float64(e8) * float64(b.unitE8)
	sum := float64(total) - float64(e8)*float64(s.targets.Factor)
	over := 2 * unit * (sum - q.middle + s.lost*fine)
	square := q.square + float64(e*e) - over
	square -= 1e-12 * (q.square + float64(e*e) + 2*unit*(math.Abs(sum)+math.Abs(q.middle)+fine))
	d := math.Sqrt(max(0, square))*(1-1e-12) - e - q.err
	return roundDown(d*((1-2e-12)/b.widen) - tiny)
}

// roundDown is a float32 in [0, max(x, 0)] near x.
func roundDown(x float64) float32 {
	if !(x > 1e-18) {
		return 0
	}
	return float32(x * (1 - 2*unitRoundoff))
}
