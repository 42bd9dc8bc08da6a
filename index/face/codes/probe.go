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
	points  [Dims]float32 // in the order of kernel.Places
	a, ab   side
	error8  float64 // distance from the rotated query to points, bounded
	wild    bool    // beyond what float32 can tell: nothing can be pruned
	z       [Dims]float32
	norm    [1]float32
}

// side is a query as one of the two level-1 tests sees it.
type side struct {
	err    float64 // distance from the rotated query to what the weights stand for, bounded
	square float64 // squared norm of what they stand for
	middle float64 // their sum times 7.5: what the codes' centre contributes
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
	p.weights.ShiftAHigh = 4 + b.shifts[0]
	p.weights.ShiftBLow = b.shifts[1]
	p.weights.ShiftBHigh = 4 + b.shifts[2]
	slack := b.perX*(math.Sqrt(float64(p.norm[0]))*b.norms+tiny) + tiny
	n := 4 * b.ga
	var a, r portion
	p.weigh(p.weights.A[:n], 0, &a)
	p.weigh(p.weights.A[n:2*n], half, &a)
	m := half - n
	p.weigh(p.weights.B[:m], n, &r)
	p.weigh(p.weights.B[m:2*m], half+n, &r)
	p.a = a.side(slack)
	r.add(&a)
	p.ab = r.side(slack)
	p.error8 = math.Sqrt(r.round8)*(1.01*unitRoundoff) + slack
	// Larger values could overflow in float32. NaN is wild as well.
	p.wild = !(r.farthest <= 1e9) || !(slack <= 1e12)
}

// portion gathers sums over some positions.
type portion struct {
	err, square, middle, round8, z float64
	farthest                       float64
}

func (t *portion) add(u *portion) {
	t.err += u.err
	t.square += u.square
	t.middle += u.middle
	t.round8 += u.round8
	t.z += u.z
	// max keeps a NaN.
	t.farthest = max(t.farthest, u.farthest)
}

// side rounds up: the sums have a relative error far below 1e-9.
func (t *portion) side(slack float64) side {
	return side{
		err:    math.Sqrt(t.err)*(1+1e-9) + 1e-12*(math.Sqrt(t.z)+math.Sqrt(t.square)) + slack,
		square: t.square,
		middle: t.middle,
	}
}

// place is where level 2 has position p.
func place(p int) int {
	low, high := kernel.Places(p % half)
	if p < half {
		return low
	}
	return high
}

// weigh works out the weights w of the positions from at on, and the points.
func (p *Probe) weigh(w []int8, at int, t *portion) {
	b := p.b
	finer := 7.5 / math.Exp2(float64(b.shiftOf(at)))
	for i := range w {
		j := at + i
		step := b.step[j]
		code := float64(p.z[j])*float64(b.scale[j]) + float64(b.offset[j])
		p.points[place(j)] = float32(code - 0.5)
		t.farthest = max(t.farthest, math.Abs(code))
		round := (math.Abs(code) + 1) * step
		t.round8 += float64(round * round)
		z := (code - 128) * step
		n := math.RoundToEven(max(-127, min(127, float64(z*b.weigh[j]))))
		w[i] = int8(n)
		v := n / b.weigh[j]
		d := z - v
		t.err += float64(d * d)
		t.square += float64(v * v)
		t.z += float64(z * z)
		t.middle += float64(n * finer)
	}
}
