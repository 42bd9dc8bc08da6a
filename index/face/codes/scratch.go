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
	thr1    int32
	thr2    int32
	lost    float64 // what the shift of level 1 may take from a sum, in units
	every   bool    // nothing can be pruned
	stats   Stats
}

// scratchKey is what the thresholds depend on. It holds the Probe itself, so
// that its address cannot be taken by another one.
type scratchKey struct {
	p          *Probe
	turn       uint64
	limit      float64
	minE, maxE float64
}

// Stats counts rows: those that level 1 read, and those that passed level 1 and
// level 2.
type Stats struct {
	Rows           uint64
	Unpruned       uint64 // rows returned without a look at the codes
	Level1, Level2 uint64 // rows that passed
}

// Stats returns what was counted since the Scratch was made or ResetStats called.
func (s *Scratch) Stats() Stats { return s.stats }

// ResetStats sets the counters to zero.
func (s *Scratch) ResetStats() { s.stats = Stats{} }

// Bytes is how many bytes of codes were read, for a basis with that many groups in
// the plane: sequential ones of level 1, and rows of level 2.
func (t Stats) Bytes(groups int) (scanned, fetched uint64) {
	return t.Rows * uint64(4*groups+2), t.Level1 * uint64(kernel.RowSize(groups))
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
	}
	s.key = key
	// The distance of the rotated vectors; 1e-12 covers the float64 evaluation of
	// the limit and of the true distance (DESIGN.md §2).
	d := limit * b.widen * (1 + 1e-12)
	if s.every = !(d+p.two.err <= 1e15); s.every { // NaN too
		return
	}
	s.lost = 0
	if b.shifts[0] > 0 { // sums of the high nibbles are multiples of 16
		s.lost = 1
	}
	within := d + p.one.err
	e := m.minE
	if within > b.bref {
		e = m.maxE
	}
	s.thr1 = threshold(&p.one, within, float64((within-b.bref)*e), p.unit, s.lost, -1<<30, 1<<30)
	within = d + p.two.err
	factor := math.Ceil(within*float64(b.unitE8)/p.unit*fine*(1+1e-12) + 1e-6)
	if !(factor <= 1<<20) {
		s.thr2 = math.MinInt32
		return
	}
	s.targets.Factor = uint32(factor)
	s.thr2 = threshold(&p.two, within, 0, p.unit/fine, s.lost*fine, math.MinInt32, math.MaxInt32)
}

// threshold is the least value of the sum of a row within that distance of what
// the weights stand for, less the error that the sum does not hold itself
// (DESIGN.md §4 and §5); from all on every sum passes, none passes at none.
func threshold(q *side, within, apart, unit, lost float64, all, none float64) int32 {
	x := ((q.square-float64(within*within))/2 - apart) / unit
	size := (q.square+float64(within*within)+math.Abs(apart))/unit + math.Abs(q.middle)
	x = math.Ceil(x + q.middle - lost - 1e-6 - 1e-12*size)
	if !(x > all) { // NaN too
		return int32(all)
	}
	return int32(min(x, none))
}
