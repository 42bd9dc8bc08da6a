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
	if limit < 0 {
		return out
	}
	s.set(p, &m, limit)
	outliers := m.outliers
	if len(outliers) > 0 {
		at, _ := slices.BinarySearch(outliers, uint32(from))
		outliers = outliers[at:]
	}
	for ; from < to; from += chunkRows {
		end := min(to, from+chunkRows)
		if s.every {
			out, outliers = s.takeAll(from, end, outliers, out)
			continue
		}
		n := c.level1(p, from, end-from, s)
		s.stats.Level1 += uint64(n)
		n = c.k.Refine(c.planeA, c.planeB, c.rows, c.e8, c.b.ga, &s.targets, s.ids[:n], s.d2[:])
		out, outliers = c.take(n, s, outliers, out)
	}
	runtime.KeepAlive(c.region)
	return out
}

// level1 leaves the rows that pass in s.ids and returns how many.
func (c *Codes) level1(p *Probe, from, lanes int, s *Scratch) int {
	block := from / Lanes
	ga := c.b.ga
	a := c.planeA[block*kernel.BlockSize(ga):]
	if s.choice.planeA() {
		n := c.k.ScanA(a, ga, lanes, &p.weights, s.thrA, uint32(from), s.ids[:])
		s.stats.PlaneA += uint64(lanes)
		s.choice.saw(lanes, n)
		return n
	}
	// A look at what plane A alone would do here.
	some := min(lanes, sampleRows)
	s.choice.sampled(some, c.k.ScanA(a, ga, some, &p.weights, s.thrA, uint32(from), s.ids[:]))
	b := c.planeB[block*kernel.BlockSize(Dims/8-ga):]
	s.stats.BothPlanes += uint64(lanes)
	return c.k.ScanAB(a, b, ga, lanes, &p.weights, s.thrAB, uint32(from), s.ids[:])
}

// take appends the n rows that passed level 2. Outliers pass at loose limits;
// they are left out here.
func (c *Codes) take(n int, s *Scratch, outliers []uint32, out []Survivor) ([]Survivor, []uint32) {
	s.stats.Level2 += uint64(n)
	unit := float64(c.b.unitE8)
	narrow := (1 - 1e-12) / c.b.widen
	for i, id := range s.ids[:n] {
		for len(outliers) > 0 && outliers[0] < id {
			outliers = outliers[1:]
		}
		if len(outliers) > 0 && outliers[0] == id {
			s.stats.Level2--
			continue
		}
		d := math.Sqrt(float64(s.d2[i]))*(1-33*unitRoundoff) - float64(c.e8[id])*unit - s.error8
		d = d*narrow - tiny
		out = append(out, Survivor{id, roundDown(d)})
	}
	return out, outliers
}

// roundDown is a float32 in [0, max(x, 0)] near x.
func roundDown(x float64) float32 {
	if !(x > 1e-18) {
		return 0
	}
	return float32(x * (1 - 2*unitRoundoff))
}

// takeAll appends all rows but outliers.
func (s *Scratch) takeAll(from, to int, outliers []uint32, out []Survivor) ([]Survivor, []uint32) {
	for row := uint32(from); row < uint32(to); row++ {
		if len(outliers) > 0 && outliers[0] == row {
			outliers = outliers[1:]
			continue
		}
		out = append(out, Survivor{Row: row})
		s.stats.Unpruned++
	}
	return out, outliers
}
