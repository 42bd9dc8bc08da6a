package codes

import (
	"errors"
	"math"
	"slices"
)

// stepPerSigma is the width of the 16 steps in standard deviations. For a normal
// distribution 0.335 makes the mean squared coding error least; rows that fall
// beyond the last step are few, but it is their large errors that let rows pass.
// In the calibrated space 0.40 passes 2.5 times fewer at a tight bound.
const stepPerSigma = 0.40

// weightSigmas is the reach of the int8 weights of level 1 in standard
// deviations of the leading dimension.
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

// basis makes a basis of the plan with so many groups in the plane. The error
// limits and the reference distance are the caller's to set by bound.
func (p *plan) basis(groups int) *Basis {
	b := &Basis{dim: p.dim, groups: groups, rows: make([]float32, Dims*p.dim)}
	copy(b.rows, p.axes)
	steps := p.steps()
	for d := range Dims {
		step := 16 / steps[d]
		b.scale[d] = float32(step)
		b.offset[d] = float32(clamp(128-p.mean[d]*float64(b.scale[d]), -1e30, 1e30))
	}
	for i, from := range []int{4 * groups, 8 * groups} {
		to := []int{8 * groups, Dims}[i]
		finer := math.Floor(2 * math.Log2(slices.Max(steps[:4*groups])/slices.Max(steps[from:to])))
		b.shifts[i] = uint32(max(0, min(maxShift, finer)))
	}
	widest := slices.Max(steps[:4*groups])
	b.unit = weightSigmas / stepPerSigma / 127 * widest * widest
	return b
}

// bound sets the error limits and the reference distance and finishes b. The unit
// of level 1 is widened if biases would not fit otherwise.
func (b *Basis) bound(limitE, limitE8, bref float64) (*Basis, error) {
	corner := 0.0 // the squared norm of the outermost code point
	for _, s := range b.scale {
		corner += float64(128 / float64(s) * 128 / float64(s))
	}
	b.limitE = clamp(limitE, 0, 1e12)
	b.unitE8 = float32(clamp(limitE8/254, 1e-14, 1e9))
	b.bref = clamp(bref, 0, 1e11)
	b.unit = max(b.unit, corner/2/32000, b.limitE*(b.limitE/2+b.bref)/32000)
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
	b, err := p.basis(6).bound(4*e, 4*e, spread)
	if err != nil {
		panic(errors.Join(errors.New("codes: no default basis"), err))
	}
	return b
}
