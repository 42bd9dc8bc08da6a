package kernel

import (
	"math/rand/v2"
)

// The model: what the kernels must compute, written down as plainly as can be.

func modelBias(plane []byte, gr, v int) int64 {
	at := v/Lanes*BlockSize(gr) + gr*groupSize + v%Lanes*2
	return int64(int16(uint16(plane[at]) | uint16(plane[at+1])<<8))
}

// modelSums returns Σ low·c and Σ high·16c of lane v.
func modelSums(plane []byte, gr, v int, w []int8) (low, high int64) {
	for i := range 4 * gr {
		c := plane[v/Lanes*BlockSize(gr)+i/4*groupSize+v%Lanes*4+i%4]
		low += int64(w[i]) * int64(c%16)
		high += int64(w[4*gr+i]) * int64(c/16*16)
	}
	return low, high
}

func modelLane(plane []byte, gr, v int, w *Weights) int64 {
	low, high := modelSums(plane, gr, v, w.A[:])
	return modelBias(plane, gr, v)<<w.ShiftBias + low + high>>w.ShiftHigh
}

func modelScan(plane []byte, gr, lanes int, w *Weights, thr int32, base uint32) (ids []uint32, sums []int32) {
	for v := range lanes {
		if s := int32(modelLane(plane, gr, v, w)); s >= thr {
			ids, sums = append(ids, base+uint32(v)), append(sums, s)
		}
	}
	return ids, sums
}

// modelTotal is what Refine makes of a row and its sum, modulo 2^32.
func modelTotal(g *gallery, id uint32, sum int32) int32 {
	size := RowSize(g.ga)
	row := g.rows[int(id)*size:][:size]
	end := row[size-4:]
	total := int64(sum) * 4096
	for i := range 4 * g.ga {
		total += int64(g.weights.A[i]) * int64(row[i]%16) << g.shifts.Low
		total += int64(g.weights.A[4*g.ga+i]) * int64(row[i]/16) << g.shifts.High
	}
	for i, w := range g.rest {
		total += int64(w) * int64(row[4*g.ga+i]) << g.shifts.Whole
	}
	bias := int64(int32(uint32(end[1])|uint32(end[2])<<8|uint32(end[3])<<16)<<8) / 256
	return int32(total + bias<<g.shifts.Bias + int64(end[0])*int64(g.targets.Factor))
}

func modelRefine(g *gallery, thr int32, ids []uint32, sums []int32) (keep []uint32, totals []int32) {
	for i, id := range ids {
		if t := modelTotal(g, id, sums[i]); t >= thr {
			keep, totals = append(keep, id), append(totals, t)
		}
	}
	return keep, totals
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
	ga      int
	plane   []byte
	rows    []byte
	weights Weights
	rest    []int8 // weights of level 2
	shifts  Shifts
	targets Targets
	thr     int32
}

// extremes are the corners of the input space that fill visits.
type extremes struct {
	code   int  // -1: random, else this byte everywhere
	bias   int  // 0: moderate, ±1: the ends of int16, 2: the whole range
	weight int8 // 0: random, else this everywhere
}

func newGallery(r *rand.Rand, ga, blocks int, x extremes) *gallery {
	g := &gallery{
		ga: ga, plane: make([]byte, blocks*BlockSize(ga)), rows: make([]byte, blocks*Lanes*RowSize(ga)),
		rest: make([]int8, Dims-8*ga),
	}
	fillPlane(r, g.plane, ga, x)
	fillBytes(r, g.rows, x.code)
	fillWeights(r, g.weights.A[:], x.weight)
	fillWeights(r, g.rest, x.weight)
	g.weights.ShiftHigh, g.weights.ShiftBias = r.Uint32N(9), r.Uint32N(3)
	g.shifts = Shifts{8, r.Uint32N(9), r.Uint32N(9), 5 + r.Uint32N(3)}
	if r.IntN(8) == 0 {
		g.weights.ShiftHigh, g.weights.ShiftBias = r.Uint32N(32), r.Uint32N(32)
		g.shifts = Shifts{r.Uint32N(32), r.Uint32N(32), r.Uint32N(32), r.Uint32N(32)}
	}
	g.targets.Set(ga, &g.weights, g.rest, g.shifts)
	g.targets.Factor = r.Uint32N(1 << 20)
	// A threshold near the sum of a real lane, so that some pass and some do not.
	g.thr = int32(modelLane(g.plane, ga, r.IntN(blocks*Lanes), &g.weights))
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

func fillPlane(r *rand.Rand, p []byte, gr int, x extremes) {
	fillBytes(r, p, x.code)
	size := BlockSize(gr)
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
		at := i/Lanes*size + gr*groupSize + i%Lanes*2
		p[at], p[at+1] = byte(bias), byte(bias>>8)
	}
}
