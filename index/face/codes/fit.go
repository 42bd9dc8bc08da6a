package codes

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Sample sizes of Fit.
const (
	maxSample   = 16384
	sampleCells = 1 << 22 // values in the sample, so that 512 dimensions take two seconds
	minSample   = 4096
)

// Fit makes a basis for n vectors of dimension dim, a multiple of 16 in
// 16 … MaxDim: principal directions in float64 from a sample of at most 16,384
// evenly spaced rows, steps from the spread along them, and error limits,
// the reference distances and the number of planes from what a sample of pairs would
// cost. row(i) returns vector i of 0 … n-1; it is not kept. The same vectors give
// the same basis on the same kind of machine.
//
// Few, equal or degenerate vectors give a basis that is usable if not tight.
func Fit(dim, n int, row func(i int) []float32) (*Basis, error) {
	return fit(dim, n, []int{1, 2}, row)
}

// FitPlanes is Fit with so many planes, 1 or 2, to compare with what Fit takes.
func FitPlanes(dim, n, planes int, row func(i int) []float32) (*Basis, error) {
	return fit(dim, n, []int{planes}, row)
}

func fit(dim, n int, planes []int, row func(i int) []float32) (*Basis, error) {
	if dim < 16 || dim > MaxDim || dim%16 != 0 {
		return nil, fmt.Errorf("codes: fit: dimension %d is no multiple of 16 in 16..%d", dim, MaxDim)
	}
	if n < 1 {
		return nil, errors.New("codes: fit: no vectors")
	}
	m := min(n, maxSample, max(minSample, sampleCells/dim))
	at := func(i int) []float32 { return row(int(int64(i) * int64(n) / int64(m))) }
	s, err := newSample(dim, m, at)
	if err != nil {
		return nil, fmt.Errorf("codes: fit: %w", err)
	}
	p, err := s.plan()
	if err != nil {
		return nil, fmt.Errorf("codes: fit: %w", err)
	}
	b, err := p.choose(planes, n, m, at)
	if err != nil {
		return nil, fmt.Errorf("codes: fit: %w", err)
	}
	return b, nil
}

// sample holds the moments of the sampled vectors.
type sample struct {
	dim, n int
	mean   []float64
	cov    *mat.SymDense
	root   float64 // root mean square of the vectors' norms
}

func newSample(dim, n int, row func(i int) []float32) (*sample, error) {
	s := &sample{dim: dim, n: n, mean: make([]float64, dim)}
	x := mat.NewDense(n, dim, nil)
	raw := x.RawMatrix().Data
	sum := 0.0
	for i := range n {
		v := row(i)
		if len(v) != dim {
			return nil, fmt.Errorf("row of dimension %d, want %d", len(v), dim)
		}
		for j, f := range v {
			f := float64(f)
			raw[i*dim+j] = f
			s.mean[j] += f
			sum += f * f
		}
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, errors.New("a value is not finite")
	}
	s.root = math.Sqrt(sum / float64(n))
	for j := range s.mean {
		s.mean[j] /= float64(n)
	}
	for i := range n {
		for j := range dim {
			raw[i*dim+j] -= s.mean[j]
		}
	}
	var full mat.Dense
	full.Mul(x.T(), x)
	s.cov = mat.NewSymDense(dim, nil)
	for i := range dim {
		for j := i; j < dim; j++ {
			s.cov.SetSym(i, j, full.At(i, j)/float64(n))
		}
	}
	return s, nil
}

// plan takes the principal directions. Spreads are pulled a little towards their
// average, the more the smaller the sample: a few vectors say nothing about
// directions that none of them takes.
func (s *sample) plan() (*plan, error) {
	var eig mat.EigenSym
	if !eig.Factorize(s.cov, true) {
		return nil, errors.New("the covariance has no eigenvalues")
	}
	values := eig.Values(nil) // ascending
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	trace := 0.0
	for _, v := range values {
		trace += max(v, 0)
	}
	n := min(s.dim, Dims)
	pull := trace / float64(s.dim) * 64 / float64(s.n)
	p := &plan{dim: s.dim, axes: make([]float32, n*s.dim), least: math.Ldexp(s.root, -20)}
	for d := range n {
		col := s.dim - 1 - d
		p.sigma[d] = math.Sqrt(max(values[col], 0) + pull)
		axis := p.axes[d*s.dim:][:s.dim]
		// The sign of an eigenvector is free: make its largest value positive.
		top := 0.0
		for i := range s.dim {
			if v := vectors.At(i, col); math.Abs(v) > math.Abs(top) {
				top = v
			}
		}
		for i := range axis {
			axis[i] = float32(math.Copysign(1, top) * vectors.At(i, col))
			p.mean[d] += float64(axis[i]) * s.mean[i]
		}
	}
	return p, nil
}
