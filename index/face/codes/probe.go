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
	sides   [kernel.MaxPlanes]side // in the dimensions of one plane, and of two
	whole   side                   // in all
	z       [Dims]float32
	norm    [1]float32
	w       [Dims]int8
}

// side is a query as one of the tests sees it.
type side struct {
	err    float64 // distance from the rotated query to what the weights stand for, bounded
	square float64 // squared norm of what they stand for
	middle float64 // what the centre of the codes contributes to the sum, in units of sums
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
	var fits [kernel.Parts]uint32
	for part := range fits {
		fits[part] = p.finer(part)
	}
	// Within a plane's nibbles the kernel takes no part more finely than the next.
	fits[0], fits[2] = min(fits[0], fits[1]), min(fits[2], fits[3])
	var shifts [kernel.Parts]uint32
	var t portion
	for part, finer := range fits {
		p.weigh(part, finer, &t)
		shifts[part] = maxShift - finer
		// The centre lies at 7.5 of the leading codes 0 … 15, and at 127.5 of 0 … 255.
		switch _, to := kernel.Part(part); to {
		case kernel.FirstDims:
			p.sides[0] = t.side(slack, 7.5*16)
		case kernel.BothDims:
			p.sides[1] = t.side(slack, 7.5*16)
		case Dims:
			p.whole = t.side(slack, 127.5)
		}
	}
	copy(p.weights.W[:], p.w[:])
	p.weights.SetShifts((*[kernel.PlaneParts]uint32)(shifts[:]), fineShift-b.biasShift)
	p.targets.Set(b.planes, &p.w, &shifts, rowBiasShift)
}

// coordinate is that of the rotated query, as a length from the centre of the codes.
func (p *Probe) coordinate(i int) float64 {
	b := p.b
	return (float64(p.z[i])*float64(b.scale[i]) + float64(b.offset[i]) - 128) * b.step[i]
}

// finer is by how many powers of two the weights of a part can be refined without
// one leaving int8.
func (p *Probe) finer(part int) (n uint32) {
	largest := 0.0
	for i, to := kernel.Part(part); i < to; i++ {
		largest = max(largest, math.Abs(p.coordinate(i))*p.b.weigh[i]) // keeps a NaN
	}
	for n < maxShift && 2*largest <= 127 {
		largest *= 2
		n++
	}
	return n
}

// portion gathers sums over some dimensions.
type portion struct {
	err, square, z float64
	weights        float64 // in units of whole codes
}

// side rounds up: the sums have a relative error far below 1e-9.
func (t *portion) side(slack, center float64) side {
	return side{
		err:    math.Sqrt(t.err)*(1+1e-9) + 1e-12*(math.Sqrt(t.z)+math.Sqrt(t.square)) + slack,
		square: t.square,
		middle: t.weights * center,
	}
}

// weigh works out the weights of a part, so many powers of two finer than those of
// the basis.
func (p *Probe) weigh(part int, finer uint32, t *portion) {
	scale, unit := float64(uint32(1)<<finer), float64(uint32(1)<<(maxShift-finer))
	for i, to := kernel.Part(part); i < to; i++ {
		z, by := p.coordinate(i), p.b.weigh[i]*scale
		n := math.RoundToEven(max(-127, min(127, float64(z*by))))
		p.w[i] = int8(n)
		v := n / by
		d := z - v
		t.err += float64(d * d)
		t.square += float64(v * v)
		t.z += float64(z * z)
		t.weights += float64(n * unit)
	}
}
