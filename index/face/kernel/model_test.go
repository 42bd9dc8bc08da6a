package kernel

import (
	"math/rand/v2"
)

// The model: what the kernels must compute, written down as plainly as can be.

// modelCode is what the planes hold of lane v's dimension d, 0 … 15.
func modelCode(g *gallery, v, d int) int64 {
	at, high := nibble(d)
	plane, size := g.first, FirstBlock
	if d >= FirstDims {
		plane, size, at = g.second, SecondBlock, at-FirstDims/2
	}
	c := int64(plane[v/Lanes*size+at/4*groupSize+v%Lanes*4+at%4])
	if high {
		return c / 16
	}
	return c % 16
}

func modelBias(plane []byte, size, v int) int64 {
	at := v/Lanes*size + size - 2*Lanes + v%Lanes*2
	return int64(int16(uint16(plane[at]) | uint16(plane[at+1])<<8))
}

// modelLane is the sum of level 1 for some planes.
func modelLane(g *gallery, v, planes int) int64 {
	w := &g.weights
	sum := modelBias(g.first, FirstBlock, v) << w.bias
	if planes == 2 {
		sum += modelBias(g.second, SecondBlock, v) << w.bias
	}
	for p := range PlaneParts {
		from, to := Part(p)
		part := int64(0)
		for d := from; d < to && d < PlaneDims(planes); d++ {
			c := modelCode(g, v, d)
			if partHigh(p) {
				c *= 16
			}
			part += int64(w.W[d]) * c
		}
		sum += part << w.shift(p)
	}
	return sum
}

func modelScan(g *gallery, planes, lanes int, thr int32, base uint32) (ids []uint32, sums []int32) {
	for v := range lanes {
		if s := int32(modelLane(g, v, planes)); s >= thr {
			ids, sums = append(ids, base+uint32(v)), append(sums, s)
		}
	}
	return ids, sums
}

// modelTotal is what Refine makes of a row and its sum, modulo 2^32.
func modelTotal(g *gallery, id uint32, sum int32) int32 {
	size, dims := RowSize(g.planes), PlaneDims(g.planes)
	row := g.rows[int(id)*size:][:size]
	end := row[size-4:]
	total := int64(sum)
	for p := range Parts {
		from, to := Part(p)
		for d := from; d < to; d++ {
			c := int64(0)
			if d >= dims {
				c = int64(row[d-dims/2])
			} else if at, high := nibble(d); high {
				c = int64(row[at] / 16)
			} else {
				c = int64(row[at] % 16)
			}
			total += int64(g.all[d]) * c << g.shifts[p]
		}
	}
	bias := int64(int32(uint32(end[1])|uint32(end[2])<<8|uint32(end[3])<<16)<<8) / 256
	return int32(total + bias<<g.shiftBias + int64(end[0])*int64(g.targets.Factor))
}

func modelRefine(g *gallery, thr int32, ids []uint32, sums []int32) (keep []uint32, totals []int32) {
	for i, id := range ids {
		if t := modelTotal(g, id, sums[i]); t >= thr {
			keep, totals = append(keep, id), append(totals, t)
		}
	}
	return keep, totals
}

func modelDeepen(g *gallery, thr int32, ids []uint32, sums []int32) (keep []uint32, deeper []int32) {
	for i, id := range ids {
		s := sums[i] + int32(modelLane(g, int(id), 2)-modelLane(g, int(id), 1))
		if s >= thr {
			keep, deeper = append(keep, id), append(deeper, s)
		}
	}
	return keep, deeper
}

// modelSum adds terms in the order of the contract.
func modelSum(terms []float32) float32 {
	lane := make([]float32, 16)
	copy(lane, terms)
	for i := 16; i < len(terms); i++ {
		lane[i%16] = float32(lane[i%16] + terms[i])
	}
	for n := 8; n > 0; n /= 2 {
		for l := range n {
			lane[l] = float32(lane[l] + lane[l+n])
		}
	}
	return lane[0]
}

func modelRotate(x, rows []float32, n int) []float32 {
	out := make([]float32, n)
	for j := range out {
		terms := make([]float32, len(x))
		for i := range x {
			terms[i] = float32(x[i] * rows[j*len(x)+i])
		}
		out[j] = modelSum(terms)
	}
	return out
}

// A gallery is random input: planes and rows of whole blocks, and queries.
type gallery struct {
	planes        int
	first, second []byte
	rows          []byte
	weights       Weights
	all           [Dims]int8 // weights of level 2
	shifts        [Parts]uint32
	shiftBias     uint32
	targets       Targets
	thr           [MaxPlanes + 1]int32 // for so many planes
	many          bool                 // told to scans
}

// extremes are the corners of the input space that fill visits.
type extremes struct {
	code   int  // -1: random, else this byte everywhere
	bias   int  // 0: moderate, ±1: the ends of int16, 2: the whole range
	weight int8 // 0: random, else this everywhere
}

func newGallery(r *rand.Rand, planes, blocks int, x extremes) *gallery {
	g := &gallery{
		planes: planes, first: make([]byte, blocks*FirstBlock), second: make([]byte, blocks*SecondBlock),
		rows: make([]byte, blocks*Lanes*RowSize(planes)),
	}
	fillPlane(r, g.first, FirstBlock, x)
	fillPlane(r, g.second, SecondBlock, x)
	fillBytes(r, g.rows, x.code)
	fillWeights(r, g.all[:], x.weight)
	copy(g.weights.W[:], g.all[:])
	var whole [PlaneParts]uint32
	for p := range whole {
		whole[p] = r.Uint32N(9)
	}
	whole[1], whole[3] = min(whole[0], whole[1]), min(whole[2], whole[3])
	g.weights.SetShifts(&whole, 5+r.Uint32N(8))
	for p := range g.shifts {
		g.shifts[p] = r.Uint32N(9)
	}
	g.shiftBias = 5
	if r.IntN(8) == 0 {
		g.weights.bias, g.shiftBias = r.Uint32N(13), r.Uint32N(32)
		for p := range g.shifts {
			g.shifts[p] = r.Uint32N(32)
		}
	}
	g.targets.Set(planes, &g.all, &g.shifts, g.shiftBias)
	g.targets.Factor = r.Uint32N(1 << 20)
	// A threshold near the sum of a real lane, so that some pass and some do not.
	for n := 1; n <= MaxPlanes; n++ {
		g.thr[n] = int32(modelLane(g, r.IntN(blocks*Lanes), n))
	}
	return g
}

func fillBytes(r *rand.Rand, b []byte, code int) {
	for i := range b {
		b[i] = byte(code)
		if code < 0 {
			b[i] = byte(r.Uint32())
		}
	}
}

func fillWeights(r *rand.Rand, w []int8, fixed int8) {
	for i := range w {
		w[i] = fixed
		if fixed == 0 {
			w[i] = int8(r.IntN(256) - 128)
		}
	}
}

func fillPlane(r *rand.Rand, p []byte, size int, x extremes) {
	fillBytes(r, p, x.code)
	for i := range len(p) / size * Lanes {
		bias := r.IntN(4001) - 2000
		switch x.bias {
		case -1:
			bias = -32768
		case 1:
			bias = 32767
		case 2:
			bias = r.IntN(65536) - 32768
		}
		at := i/Lanes*size + size - 2*Lanes + i%Lanes*2
		p[at], p[at+1] = byte(bias), byte(bias>>8)
	}
}
