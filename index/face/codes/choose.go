package codes

import (
	"math"
	"slices"

	"vigie/index/face/kernel"
)

const (
	// trialRows are coded to learn how large errors are; trialQueries of them also
	// serve as queries against the others.
	trialRows    = 4096
	trialQueries = 64
	// referenceShare is the share of pairs that pass level 1 at the reference
	// distance: a bound below costs little tightness, one above much, and bounds at
	// which more pass are hardly worth scanning for.
	referenceShare = 0.05
	// asked is how many people a search without a threshold is taken to ask for;
	// fewest is the least share of pairs that the sample tells the distance of.
	asked  = 10
	fewest = 2e-5
	// spare is how much larger than nearly all errors the limits are.
	spare = 1.6
)

// trial is what coding and comparing a sample showed.
type trial struct {
	rows   int
	err4   [kernel.MaxPlanes][]float64 // coding errors in one plane, and in two
	err8   []float64
	lead   [kernel.MaxPlanes][]float64 // per pair: leading distance less coding error, sorted
	whole  []float64                   // per pair: distance in the coded dimensions, sorted
	median float64                     // distance of pairs
}

// choose fixes what the spectrum alone does not tell, for a gallery of n vectors
// of which row gives m, with one of the given numbers of planes.
func (p *plan) choose(planes []int, n, m int, row func(i int) []float32) (*Basis, error) {
	count := min(m, trialRows)
	at := func(i int) []float32 { return row(i * m / count) }
	t := &trial{rows: count}
	var open [kernel.MaxPlanes]float64
	for i := range open {
		open[i] = 1e11
	}
	b, err := p.basis(kernel.MaxPlanes).bound(open, 1e11, [kernel.MaxPlanes]float64{})
	if err != nil {
		return nil, err
	}
	t.code(b, at)
	t.compare(p, at)
	chosen := t.planes(planes, n)
	// Nearly all rows stay below. Rows beyond cost an exact score in every search;
	// looser limits cost tightness at distances beyond the reference.
	var limits, refs [kernel.MaxPlanes]float64
	for i, err4 := range t.err4 {
		slices.Sort(err4)
		limits[i] = min(spare*quantile(err4, 0.9995), 5*quantile(err4, 0.5))
		refs[i] = reference(t.lead[i])
	}
	if chosen == kernel.MaxPlanes {
		// Beyond, both planes are read.
		refs[0] = min(refs[0], looser*typicalBound(n, t.median))
	}
	slices.Sort(t.err8)
	limit8 := min(spare*quantile(t.err8, 0.9995), limits[chosen-1])
	return p.basis(chosen).bound(limits, limit8, refs)
}

// code codes the rows and keeps their errors.
func (t *trial) code(b *Basis, row func(i int) []float32) {
	var w writer
	k := &kernel.Set{} // all give the same bits
	for i := range t.rows {
		x := row(i)
		k.Rotate(x, b.rows, w.z[:])
		k.Rotate(x, x, w.norm[:])
		e := b.errorsOf(&w, k)
		for n, v := range e.e4 {
			t.err4[n] = append(t.err4[n], v)
		}
		t.err8 = append(t.err8, e.e8)
	}
}

// compare works out, for pairs of rows, the distance in the dimensions of one plane
// and of two less the coding error: the bound from which on such a
// pair passes level 1.
func (t *trial) compare(p *plan, row func(i int) []float32) {
	queries := min(t.rows, trialQueries)
	z := make([][Dims]float64, t.rows)
	x := make([][]float32, t.rows)
	for i := range z {
		x[i] = slices.Clone(row(i))
		for d := range min(Dims, len(p.axes)/p.dim) {
			z[i][d] = dot64(p.axes[d*p.dim:][:p.dim], x[i])
		}
	}
	var apart []float64
	for q := range queries {
		q = q * t.rows / queries
		for i := range z {
			if i == q {
				continue
			}
			t.pair(&z[q], &z[i], i)
			if i%trialQueries == 0 { // enough for a median
				apart = append(apart, distance(x[q], x[i]))
			}
		}
	}
	slices.Sort(apart)
	t.median = quantile(apart, 0.5)
	for _, values := range t.lead {
		slices.Sort(values)
	}
	slices.Sort(t.whole)
}

func (t *trial) pair(q, z *[Dims]float64, i int) {
	sum, d := 0.0, 0
	for n := range t.lead {
		for ; d < kernel.PlaneDims(n+1); d++ {
			v := q[d] - z[d]
			sum += v * v
		}
		t.lead[n] = append(t.lead[n], math.Sqrt(sum)-t.err4[n][i])
	}
	for ; d < Dims; d++ {
		v := q[d] - z[d]
		sum += v * v
	}
	t.whole = append(t.whole, math.Sqrt(sum))
}

// distance of two vectors, as Scan means it.
func distance(x, y []float32) float64 {
	s := 0.0
	y = y[:len(x)]
	for i, v := range x {
		d := float64(v) - float64(y[i])
		s += float64(d * d)
	}
	return math.Sqrt(s)
}

// share is the share of sorted values not above x.
func share(values []float64, x float64) float64 {
	if len(values) == 0 {
		return 0
	}
	at, _ := slices.BinarySearch(values, x)
	return float64(at) / float64(len(values))
}

// reference is the distance at which referenceShare of the pairs pass.
func reference(values []float64) float64 { return max(0, quantile(values, referenceShare)) }

// quantile of sorted values; 0 if there are none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
