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
	// usefulShare is the share of rows passing level 1 beyond which it is better
	// to read more planes, or hardly worth scanning: the reference distances are
	// where it is reached, because a bound below costs little tightness, one above
	// much.
	usefulShare = 0.01
	// Costs in nanoseconds, measured with a plane that does not fit the cache:
	// reading a byte of it, and level 2 of a row.
	costByte   = 0.045
	costLevel2 = 45
)

// trial is what coding and comparing a sample showed.
type trial struct {
	rows   int
	errA   [kernel.MaxGroups + 1][]float64 // coding errors in plane A, by its groups
	errAB  []float64
	err8   []float64
	lead   [kernel.MaxGroups + 1][]float64 // per pair: leading distance less coding error, sorted
	both   []float64
	median float64 // distance of pairs
}

// choose fixes what the spectrum alone does not tell, for a gallery of n vectors
// of which row gives m, with one of the given sizes of plane A.
func (p *plan) choose(sizes []int, n, m int, row func(i int) []float32) (*Basis, error) {
	count := min(m, trialRows)
	at := func(i int) []float32 { return row(i * m / count) }
	t := &trial{rows: count}
	for _, ga := range sizes {
		b, err := p.basis(ga).bound(1e11, 1e11, 0, 0)
		if err != nil {
			return nil, err
		}
		t.code(b, at)
	}
	t.compare(p, at)
	ga := t.groups(sizes, n)
	slices.Sort(t.errAB)
	slices.Sort(t.err8)
	// Nearly all rows stay below. Rows beyond cost an exact score in every search;
	// looser limits cost tightness at distances beyond the reference.
	limitE := min(1.3*quantile(t.errAB, 0.9995), 5*quantile(t.errAB, 0.5))
	limit8 := min(1.3*quantile(t.err8, 0.9995), limitE)
	return p.basis(ga).bound(limitE, limit8, reference(t.lead[ga]), reference(t.both))
}

// code codes the rows and keeps their errors.
func (t *trial) code(b *Basis, row func(i int) []float32) {
	var w writer
	k := &kernel.Set{} // all give the same bits
	t.errAB, t.err8 = t.errAB[:0], t.err8[:0]
	for i := range t.rows {
		x := row(i)
		k.Rotate(x, b.rows, w.z[:])
		k.Rotate(x, x, w.norm[:])
		e := b.errorsOf(&w)
		t.errA[b.ga] = append(t.errA[b.ga], e.a)
		t.errAB = append(t.errAB, e.ab)
		t.err8 = append(t.err8, e.e8)
	}
}

// compare works out, for pairs of rows, the distance in the leading dimensions of
// every size of plane A less the coding error: the bound from which on such a
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
	slices.Sort(t.both)
}

func (t *trial) pair(q, z *[Dims]float64, i int) {
	sum := 0.0
	for d := range Dims {
		v := q[d] - z[d]
		sum += v * v
		if ga := (d + 1) / 8; (d+1)%8 == 0 && ga < len(t.errA) && len(t.errA[ga]) > 0 {
			t.lead[ga] = append(t.lead[ga], math.Sqrt(sum)-t.errA[ga][i])
		}
	}
	t.both = append(t.both, math.Sqrt(sum)-t.errAB[i])
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

// groups picks the size of plane A that makes searches cheapest: at the typical
// bound and, since thresholds are set by people, at a sixth more.
func (t *trial) groups(sizes []int, n int) int {
	best, least := sizes[0], math.Inf(1)
	bound := typicalBound(n, t.median)
	for _, ga := range sizes {
		cost := 0.0
		for _, x := range []float64{bound, bound * 7 / 6} {
			alone := costByte*float64(4*ga+2) + costLevel2*share(t.lead[ga], x)
			both := costByte*float64(Dims/2+4) + costLevel2*share(t.both, x)
			cost += min(alone, both)
		}
		if cost < least {
			best, least = ga, cost
		}
	}
	return best
}

// typicalBound is the distance that most searches of a gallery of n vectors are
// limited to. In the calibrated space the threshold at which one search in a
// hundred shows an unrelated person lies at 0.62 of the median distance for a
// thousand vectors, and 0.0665 lower for every power of ten.
func typicalBound(n int, median float64) float64 {
	powers := math.Log10(max(1, float64(n)/1000))
	return median * max(0.25, 0.62-0.0665*powers)
}

// share is the share of sorted values not above x.
func share(values []float64, x float64) float64 {
	if len(values) == 0 {
		return 0
	}
	at, _ := slices.BinarySearch(values, x)
	return float64(at) / float64(len(values))
}

// reference is the distance at which a useful share of pairs passes.
func reference(values []float64) float64 { return max(0, quantile(values, usefulShare)) }

// quantile of sorted values; 0 if there are none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
