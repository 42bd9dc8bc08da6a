package codes

import (
	"errors"
	"math"
	"slices"

	"vigie/index/face/kernel"
)

// stepPerSigma is the width of the 16 steps in standard deviations. For a normal
// distribution 0.335 makes the mean squared coding error least; rows that fall
// beyond the last step are few, but it is their large errors that let rows pass.
// In the calibrated space 0.40 passes 2.5 times fewer at a tight bound.
const stepPerSigma = 0.40

// weightSigmas is the reach of int8 weights without a shift in standard deviations
// of the leading dimension.
const weightSigmas = 4

// plan is what a basis is made from: up to Dims directions in falling order of
// spread, and how to code along each.
type plan struct {
	dim   int
	axes  []float32     // directions, dim values each; missing ones are zero
	sigma [Dims]float64 // standard deviations, 0 allowed
	mean  [Dims]float64 // means along the directions
	least float64       // least standard deviation to code for
}

// steps are the widths of the 16 steps. None is much narrower than the widest, so
// that a direction without spread in the sample costs little if it has some
// later.
func (p *plan) steps() (steps [Dims]float64) {
	widest := 0.0
	for _, s := range p.sigma {
		widest = max(widest, s)
	}
	for d, s := range p.sigma {
		s = max(s, p.least, widest/1024)
		steps[d] = clamp(stepPerSigma*s, minStep, maxStep)
	}
	return steps
}

// basis makes a basis of the plan with so many planes. The error limits and the
// reference distances are the caller's to set by bound.
func (p *plan) basis(planes int) *Basis {
	b := &Basis{dim: p.dim, planes: planes, rows: make([]float32, Dims*p.dim)}
	copy(b.rows, p.axes)
	steps := p.steps()
	for d := range Dims {
		step := 16 / steps[d]
		b.scale[d] = float32(step)
		b.offset[d] = float32(clamp(128-p.mean[d]*float64(b.scale[d]), -1e30, 1e30))
	}
	widest := slices.Max(steps[:])
	b.unit = weightSigmas / stepPerSigma / 127 * widest * widest
	return b
}

// bound sets the error limits and the reference distances and finishes b. Biases
// get as fine a unit as they have room for; the unit of the basis is widened if
// they would not fit otherwise.
func (b *Basis) bound(limitE [kernel.MaxPlanes]float64, limitE8 float64, bref [kernel.MaxPlanes]float64) (*Basis, error) {
	corner := 0.0 // the squared norm of the outermost code point
	for _, s := range b.scale {
		corner += float64(128 / float64(s) * 128 / float64(s))
	}
	b.unitE8 = float32(clamp(limitE8/254, 1e-14, 1e9))
	least := corner / 2 / 32000
	for n := range b.limitE {
		b.limitE[n], b.bref[n] = clamp(limitE[n], 0, 1e12), clamp(bref[n], 0, 1e11)
		least = max(least, b.limitE[n]*(b.limitE[n]/2+b.bref[n])/32000)
	}
	b.unit = max(b.unit, least)
	for b.biasShift < maxShift && b.unit >= 2*least*float64(uint32(1)<<b.biasShift) {
		b.biasShift++
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return b, nil
}

// clamp cuts x to lo … hi; NaN, the result of an overflow, becomes hi.
func clamp(x, lo, hi float64) float64 {
	if !(x < hi) {
		return hi
	}
	return max(x, lo)
}

// idealError is the root mean square of the coding error of a row with all Dims
// dimensions: step/√12 in each.
func (p *plan) idealError() float64 {
	sum := 0.0
	for _, s := range p.steps() {
		sum += s * s / 12
	}
	return math.Sqrt(sum)
}

// DefaultBasis returns a basis for vectors of dimension dim, a multiple of 16 in
// 16 … MaxDim, of which nothing is known but spread, the root mean square of their
// distance from 0: it codes the leading 80 dimensions as they are. For galleries
// too small for Fit. It panics on another dimension; a spread that is no positive
// number is taken as 1.
func DefaultBasis(dim int, spread float64) *Basis {
	if !(spread > 0) || math.IsInf(spread, 1) {
		spread = 1
	}
	p := &plan{dim: dim}
	n := min(dim, Dims)
	if dim > 0 && dim <= MaxDim {
		p.axes = make([]float32, n*dim)
	}
	for d := range n {
		if len(p.axes) > 0 {
			p.axes[d*dim+d] = 1
		}
		p.sigma[d] = spread / math.Sqrt(float64(n))
	}
	e := p.idealError()
	// Distances of unrelated vectors are about spread·√2.
	b, err := p.basis(1).bound([...]float64{4 * e, 4 * e}, 4*e, [...]float64{spread, spread})
	if err != nil {
		panic(errors.Join(errors.New("codes: no default basis"), err))
	}
	return b
}
