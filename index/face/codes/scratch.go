package codes

import (
	"math"

	"vigie/index/face/kernel"
)

// chunkRows is how many rows go through level 1 before level 2 looks at those
// that passed, while the cache still holds their codes.
const chunkRows = 2048

// Scratch is what one goroutine needs to scan: buffers, the thresholds of the
// last probe and limit, which planes level 1 should read, and counters. The zero
// Scratch is ready. It must not be shared; a goroutine that scans for several
// probes in turn does best with a Scratch for each.
type Scratch struct {
	ids     [chunkRows + Lanes]uint32
	d2      [chunkRows]float32
	key     scratchKey
	targets kernel.Targets
	thrA    int32
	thrAB   int32
	every   bool // nothing can be pruned
	error8  float64
	choice  choice
	stats   Stats
}

// scratchKey is what the thresholds depend on. It holds the Probe itself, so
// that its address cannot be taken by another one.
type scratchKey struct {
	p                        *Probe
	turn                     uint64
	limit                    float64
	minA, maxA, minAB, maxAB float64
}

// Stats counts rows: scanned ones, by what level 1 read of them, and those that
// passed level 1 and level 2.
type Stats struct {
	PlaneA, BothPlanes uint64 // rows scanned in plane A alone, in both planes
	Unpruned           uint64 // rows returned without a look at the codes
	Level1, Level2     uint64 // rows that passed
}

// Stats returns what was counted since the Scratch was made or ResetStats called.
func (s *Scratch) Stats() Stats { return s.stats }

// ResetStats sets the counters to zero.
func (s *Scratch) ResetStats() { s.stats = Stats{} }

// Bytes is how many bytes of codes were read, for a basis with that many groups
// in plane A: sequential ones of level 1, and the cache lines that level 2 had to
// fetch: one or two of residual codes, one of error bytes.
func (t Stats) Bytes(groups int) (scanned, fetched uint64) {
	a := uint64(4*groups + 2)
	both := uint64(BytesPerRow - kernel.RowSize - 1)
	return t.PlaneA*a + t.BothPlanes*both, t.Level1 * 5 * 64 / 2
}

// set works out the thresholds unless they are those of the last call.
func (s *Scratch) set(p *Probe, m *Mark, limit float64) {
	key := scratchKey{p, p.turn, limit, m.minA, m.maxA, m.minAB, m.maxAB}
	if key == s.key {
		return
	}
	b := p.b
	if s.key.p != p || s.key.turn != p.turn {
		s.targets.Point, s.targets.Weight = p.points, b.square
		s.targets.Unit = b.unitE8
		s.error8 = p.error8
	}
	s.key = key
	// The distance of the rotated vectors; 1e-12 covers the float64 evaluation of
	// the limit and of the true distance (DESIGN.md §2).
	d := limit * b.widen * (1 + 1e-12)
	within8 := (d+p.error8)*(1+33*unitRoundoff) + tiny
	s.every = p.wild || !(within8 <= 1e15)
	if s.every {
		return
	}
	s.targets.Limit = roundUp(within8)
	s.thrA = threshold(b, &p.a, d, b.brefA, m.minA, m.maxA, floors(b.shifts[0]))
	s.thrAB = threshold(b, &p.ab, d, b.brefAB, m.minAB, m.maxAB,
		floors(b.shifts[0])+floors(b.shifts[1])+floors(b.shifts[2]))
}

// floors is how much the shift of a sum may take away: sums over high nibbles are
// multiples of 16, so that only what shifts beyond 4 is lost.
func floors(shift uint32) float64 {
	if shift == 0 {
		return 0
	}
	return 1
}

// threshold is the least value of the level-1 test of a row within distance d of
// the query, in both cases rotated (DESIGN.md §4).
func threshold(b *Basis, q *side, d, bref, minE, maxE, lost float64) int32 {
	const all, none = -1 << 30, 1 << 30
	d += q.err
	e := minE
	if d > bref {
		e = maxE
	}
	x := ((q.square-float64(d*d))/2 - float64((d-bref)*e)) / b.unit
	size := (q.square+float64(d*d)+math.Abs(float64((d-bref)*e)))/b.unit + math.Abs(q.middle)
	x = math.Ceil(x + q.middle - lost - 1e-6 - 1e-12*size)
	if !(x > all) { // NaN too
		return all
	}
	return int32(min(x, none))
}

// roundUp is the least float32 that is not below x.
func roundUp(x float64) float32 {
	f := float32(x)
	if float64(f) < x {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}
