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

const (
	// shallow is how many rows of a chunk may pass the first plane for them to be
	// tested with the second one by one: more of them cost more time than reading all
	// of the second plane, which is then done at once for some chunks.
	shallow = chunkRows / 64
	// manyPass: once more than one row in so many passes, kernels expect it of the next
	// chunk (kernel.Set.Scan).
	manyPass = 128
	// fewDeep is how many chunks these are at first, mostDeep in the end.
	fewDeep, mostDeep = 4, 64
)

// levels runs both levels over the rows. Level 2 of a chunk waits for level 1 of
// the next: meanwhile the memory brings the rows it needs.
func (t *taker) levels(from, to int) {
	s := t.s
	var before found
	for turn := 0; from < to; turn ^= 1 {
		n := min(chunkRows, to-from)
		now := t.level1(from, n, s.ids[turn][:], s.sums[turn][:])
		s.stats.Rows += uint64(n)
		t.level2(before)
		before = now
		from += n
	}
	t.level2(before)
}

// found is what level 1 lets pass of a chunk.
type found struct {
	ids  []uint32
	sums []int32
	// shallow says that the second plane has not been looked at.
	shallow bool
}

// level1 scans a chunk, with the second plane if it is worth it, and asks for what
// the next step reads.
func (t *taker) level1(from, n int, ids []uint32, sums []int32) found {
	c, s := t.c, t.s
	w, first := &s.p.weights, c.first[from/Lanes*kernel.FirstBlock:]
	if s.deep == 0 || c.b.planes == 1 {
		passed := c.k.Scan(first, n, w, s.thr1[0], s.many, uint32(from), ids, sums)
		s.many = passed > n/manyPass
		if c.b.planes == 1 {
			c.k.PrefetchFirst(c.rows, 1, ids[:passed])
			return found{ids: ids[:passed], sums: sums}
		}
		if passed <= shallow {
			c.k.PrefetchLanes(c.second, ids[:passed])
			s.patient = 0
			return found{ids: ids[:passed], sums: sums, shallow: true}
		}
		s.patient = min(max(2*s.patient, fewDeep), mostDeep)
		s.deep = s.patient
	}
	s.deep--
	passed := c.k.ScanBoth(first, c.second[from/Lanes*kernel.SecondBlock:], n, w, s.thr1[1], s.many, uint32(from), ids, sums)
	s.many = passed > n/manyPass
	s.stats.Both += uint64(n)
	c.k.PrefetchFirst(c.rows, c.b.planes, ids[:passed])
	return found{ids: ids[:passed], sums: sums}
}

// level2 appends those of the rows that pass it. Outliers pass at loose limits;
// they are left out here.
func (t *taker) level2(f found) {
	c, s := t.c, t.s
	if f.shallow {
		s.stats.Deepened += uint64(len(f.ids))
		f.ids = f.ids[:c.k.Deepen(c.second, &s.p.weights, s.thr1[1], f.ids, f.sums)]
	}
	s.stats.Level1 += uint64(len(f.ids))
	n := c.k.Refine(c.rows, &s.targets, s.thr2, f.ids, f.sums)
	for i, id := range f.ids[:n] {
		if t.passes(id) {
			e8 := c.rows[(int(id)+1)*c.rowSize-4]
			t.out = append(t.out, Survivor{id, s.lower(c.b, f.sums[i], e8)})
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
	q := &s.p.whole
	unit := b.unit / fine
	e := float64(e8) * float64(b.unitE8)
	sum := float64(total) - float64(e8)*float64(s.targets.Factor)
	over := 2 * unit * (sum - q.middle)
	square := q.square + float64(e*e) - over
	square -= 1e-12 * (q.square + float64(e*e) + 2*unit*(math.Abs(sum)+math.Abs(q.middle)+1))
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
