package codes

import (
	"math"

	"vigie/index/face/kernel"
)

// chunkRows is how many rows go through level 1 before level 2 looks at those of
// the chunk before.
const chunkRows = 2048

// Scratch is what one goroutine needs to scan: buffers, the thresholds of the
// last probe and limit, and counters. The zero Scratch is ready. It must not be
// shared; a goroutine that scans for several probes in turn does best with a
// Scratch for each.
type Scratch struct {
	ids     [2][chunkRows + Lanes]uint32 // of two chunks by turns
	sums    [2][chunkRows + Lanes]int32
	key     scratchKey
	p       *Probe
	targets kernel.Targets
	thr1    [kernel.MaxPlanes]int32 // for one plane, and for two
	thr2    int32
	every   bool // nothing can be pruned
	many    bool // so many rows passed level 1 that kernels should expect it
	deep    int  // of that many chunks both planes are read at once
	patient int  // how many the next time
	stats   Stats
}

// scratchKey is what the thresholds depend on. It holds the Probe itself, so
// that its address cannot be taken by another one.
type scratchKey struct {
	p          *Probe
	turn       uint64
	limit      float64
	minE, maxE [kernel.MaxPlanes]float64
}

// Stats counts rows: those that level 1 read, those of them that it read both planes
// of at once, and those that passed level 1 and level 2. Deepened rows passed the
// first plane and were tested with the second one by one.
type Stats struct {
	Rows, Both     uint64
	Unpruned       uint64 // rows returned without a look at the codes
	Deepened       uint64
	Level1, Level2 uint64 // rows that passed
}

// Stats returns what was counted since the Scratch was made or ResetStats called.
func (s *Scratch) Stats() Stats { return s.stats }

// ResetStats sets the counters to zero.
func (s *Scratch) ResetStats() { s.stats = Stats{} }

// Bytes is how many bytes of codes were read, for a basis with that many planes:
// sequential ones of level 1, and those of single rows.
func (t Stats) Bytes(planes int) (scanned, fetched uint64) {
	return t.Rows*firstBytes + t.Both*secondBytes, t.Deepened*secondBytes + t.Level1*uint64(kernel.RowSize(planes))
}

// set works out the thresholds unless they are those of the last call.
func (s *Scratch) set(p *Probe, m *Mark, limit float64) {
	key := scratchKey{p, p.turn, limit, m.minE, m.maxE}
	if key == s.key {
		return
	}
	b := p.b
	if s.key.p != p || s.key.turn != p.turn {
		s.p, s.targets = p, p.targets
		s.deep, s.patient = 0, 0
	}
	s.key = key
	// The distance of the rotated vectors; 1e-12 covers the float64 evaluation of
	// the limit and of the true distance (DESIGN.md §2).
	d := limit * b.widen * (1 + 1e-12)
	if s.every = !(d+p.whole.err <= 1e15); s.every { // NaN too
		return
	}
	unit := b.unit / fine
	for n := range b.planes {
		within := d + p.sides[n].err
		e := m.minE[n]
		if within > b.bref[n] {
			e = m.maxE[n]
		}
		s.thr1[n] = threshold(&p.sides[n], within, float64((within-b.bref[n])*e), unit)
	}
	within := d + p.whole.err
	factor := math.Ceil(within*float64(b.unitE8)/unit*(1+1e-12) + 1e-6)
	if !(factor <= 1<<20) {
		s.thr2 = math.MinInt32
		return
	}
	s.targets.Factor = uint32(factor)
	s.thr2 = threshold(&p.whole, within, 0, unit)
}

// threshold is the least value of the sum of a row within that distance of what
// the weights stand for (DESIGN.md §4 and §5). Every sum reaches the least int32,
// and none the largest.
func threshold(q *side, within, apart, unit float64) int32 {
	x := ((q.square-float64(within*within))/2 - apart) / unit
	size := (q.square+float64(within*within)+math.Abs(apart))/unit + math.Abs(q.middle)
	x = math.Ceil(x + q.middle - 1e-6 - 1e-12*size)
	if !(x > math.MinInt32) { // NaN too
		return math.MinInt32
	}
	return int32(min(x, math.MaxInt32))
}
