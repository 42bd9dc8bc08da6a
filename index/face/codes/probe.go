package codes

import (
	"math"

	"vigie/index/face/kernel"
)

// Probe is a query prepared for the codes of one basis. Between calls of Reset it
// does not change and may be used by several goroutines.
type Probe struct {
	b       *Basis
	turn    uint64 // counts Resets
	weights kernel.Weights
	targets kernel.Targets
	unit    float64 // of level 1, for this query
	one     side    // as level 1 sees it: in the dimensions of the plane
	two     side    // as level 2 sees it: in all
	z       [Dims]float32
	norm    [1]float32
	rest    [Dims]int8
}

// side is a query as one of the tests sees it.
type side struct {
	err    float64 // distance from the rotated query to what the weights stand for, bounded
	square float64 // squared norm of what they stand for
	middle float64 // what the centre of the codes contributes to the sum, in units
}

// NewProbe prepares a query of the basis's dimension, padded like the rows.
func NewProbe(b *Basis, q []float32, k *kernel.Set) *Probe {
	p := &Probe{}
	p.Reset(b, q, k)
	return p
}

// Reset prepares another query, of the same or another basis, without
// allocating. No other goroutine may use p meanwhile.
func (p *Probe) Reset(b *Basis, q []float32, k *kernel.Set) {
	if len(q) != b.dim {
		panic("codes: a query of another dimension")
	}
	p.b = b
	p.turn++
	k.Rotate(q, b.rows, p.z[:])
	k.Rotate(q, q, p.norm[:])
	slack := b.perX*(math.Sqrt(float64(p.norm[0]))*b.norms+tiny) + tiny
	var z [Dims]float64
	up := p.coordinates(&z)
	n := 4 * b.groups
	var t portion
	p.weigh(p.weights.A[:n], z[:n], 0, up, &t)
	p.weigh(p.weights.A[n:2*n], z[n:2*n], n, up, &t)
	// The centre lies at 7.5 of the codes 0 … 15, and at 127.5 of 0 … 255.
	p.one = t.side(slack, 7.5)
	rest := p.rest[:Dims-2*n]
	p.weigh(rest, z[2*n:], 2*n, up, &t)
	p.two = t.side(slack, 127.5*fine/16)
	p.unit = b.unit / float64(uint32(1)<<up)
	p.weights.ShiftHigh, p.weights.ShiftBias = 4+b.shifts[0], up
	p.targets.Set(b.groups, &p.weights, rest, kernel.Shifts{
		Low: fineShift, High: fineShift - b.shifts[0], Whole: fineShift - b.shifts[1], Bias: rowBiasShift + up,
	})
}

// maxUp is how much finer, in powers of two, the weights of a query near the
// centre may be than those of the basis.
const maxUp = 2

// coordinates are those of the rotated query, as lengths from the centre of the
// codes, and how many times the weights may be doubled without one leaving int8.
func (p *Probe) coordinates(z *[Dims]float64) (up uint32) {
	b := p.b
	largest := 0.0
	for j := range z {
		z[j] = (float64(p.z[j])*float64(b.scale[j]) + float64(b.offset[j]) - 128) * b.step[j]
		largest = max(largest, math.Abs(z[j])*b.weigh[j]) // keeps a NaN
	}
	for up < maxUp && 2*largest <= 127 {
		largest *= 2
		up++
	}
	return up
}

// portion gathers sums over some dimensions.
type portion struct {
	err, square, z float64
	weights        float64
}

// side rounds up: the sums have a relative error far below 1e-9.
func (t *portion) side(slack, center float64) side {
	return side{
		err:    math.Sqrt(t.err)*(1+1e-9) + 1e-12*(math.Sqrt(t.z)+math.Sqrt(t.square)) + slack,
		square: t.square,
		middle: t.weights * center,
	}
}

// weigh works out the weights w of the dimensions from at on, whose coordinates are
// in z.
func (p *Probe) weigh(w []int8, z []float64, at int, up uint32, t *portion) {
	b := p.b
	finer := math.Exp2(-float64(b.shiftOf(at)))
	for i := range w {
		by := b.weigh[at+i] * float64(uint32(1)<<up)
		n := math.RoundToEven(max(-127, min(127, float64(z[i]*by))))
		w[i] = int8(n)
		v := n / by
		d := z[i] - v
		t.err += float64(d * d)
		t.square += float64(v * v)
		t.z += float64(z[i] * z[i])
		t.weights += float64(n * finer)
	}
}
