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

func modelScanA(plane []byte, gr, lanes int, w *Weights, thr int32, base uint32) []uint32 {
	ids := []uint32{}
	for v := range lanes {
		low, high := modelSums(plane, gr, v, w.A[:])
		if modelBias(plane, gr, v)+low+high>>w.ShiftAHigh >= int64(thr) {
			ids = append(ids, base+uint32(v))
		}
	}
	return ids
}

func modelScanAB(a, b []byte, ga, lanes int, w *Weights, thr int32, base uint32) []uint32 {
	ids := []uint32{}
	for v := range lanes {
		lowA, highA := modelSums(a, ga, v, w.A[:])
		lowB, highB := modelSums(b, groups-ga, v, w.B[:])
		sum := modelBias(b, groups-ga, v) + lowA + highA>>w.ShiftAHigh + lowB>>w.ShiftBLow + highB>>w.ShiftBHigh
		if sum >= int64(thr) {
			ids = append(ids, base+uint32(v))
		}
	}
	return ids
}

// modelCode returns the 8-bit codes of a row in the order of Targets.
func modelCode(a, b, rows []byte, ga, id int) (c [Dims]float32) {
	for i := range RowSize {
		plane, gr, at := a, ga, i
		if i >= 4*ga {
			plane, gr, at = b, groups-ga, i-4*ga
		}
		p := plane[id/Lanes*BlockSize(gr)+at/4*groupSize+id%Lanes*4+at%4]
		r := rows[id*RowSize+i]
		low, high := Places(i)
		c[low] = float32(p%16*16 + r%16)
		c[high] = float32(p/16*16 + r/16)
	}
	return c
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

func modelRefine(a, b, rows, e8 []byte, ga int, t *Targets, ids []uint32) (keep []uint32, d2 []float32) {
	for _, id := range ids {
		var terms [Dims]float32
		for i, c := range modelCode(a, b, rows, ga, int(id)) {
			d := float32(c - t.Point[i])
			terms[i] = float32(t.Weight[i] * float32(d*d))
		}
		r := float32(t.Limit + float32(float32(e8[id])*t.Unit))
		if d := modelSum(terms[:]); d <= float32(r*r) {
			keep, d2 = append(keep, id), append(d2, d)
		}
	}
	return keep, d2
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

// A gallery is random input: planes, rows and error bytes of whole blocks.
type gallery struct {
	ga         int
	a, b       []byte
	rows, e8   []byte
	weights    Weights
	targets    Targets
	thrA, thrB int32
}

// extremes are the corners of the input space that fill visits.
type extremes struct {
	code   int  // -1: random, else this byte everywhere
	bias   int  // 0: moderate, ±1: the ends of int16, 2: the whole range
	weight int8 // 0: random, else this everywhere
}

func newGallery(r *rand.Rand, ga, blocks int, x extremes) *gallery {
	g := &gallery{
		ga: ga, a: make([]byte, blocks*BlockSize(ga)), b: make([]byte, blocks*BlockSize(groups-ga)),
		rows: make([]byte, blocks*Lanes*RowSize), e8: make([]byte, blocks*Lanes),
	}
	fillPlane(r, g.a, ga, x)
	fillPlane(r, g.b, groups-ga, x)
	fillBytes(r, g.rows, x.code)
	fillBytes(r, g.e8, x.code)
	fillWeights(r, g.weights.A[:], x.weight)
	fillWeights(r, g.weights.B[:], x.weight)
	g.weights.ShiftAHigh, g.weights.ShiftBLow, g.weights.ShiftBHigh = r.Uint32N(9), r.Uint32N(5), r.Uint32N(9)
	if r.IntN(8) == 0 {
		g.weights.ShiftAHigh, g.weights.ShiftBLow, g.weights.ShiftBHigh = r.Uint32N(32), r.Uint32N(32), r.Uint32N(32)
	}
	for i := range Dims {
		g.targets.Point[i] = 280*r.Float32() - 12
		g.targets.Weight[i] = 1e-5 * r.Float32()
	}
	g.targets.Limit, g.targets.Unit = 1.7*r.Float32(), r.Float32()/1024
	// Thresholds near the sums of real lanes, so that some pass and some do not.
	v := r.IntN(blocks * Lanes)
	low, high := modelSums(g.a, ga, v, g.weights.A[:])
	lowB, highB := modelSums(g.b, groups-ga, v, g.weights.B[:])
	a := low + high>>g.weights.ShiftAHigh
	g.thrA = int32(modelBias(g.a, ga, v) + a)
	g.thrB = int32(modelBias(g.b, groups-ga, v) + a + lowB>>g.weights.ShiftBLow + highB>>g.weights.ShiftBHigh)
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
