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
	rows    int
	errA    [kernel.MaxGroups + 1][]float64 // coding errors in plane A, by its groups
	errAB   []float64
	err8    []float64
	lead    [kernel.MaxGroups + 1][]float64 // per pair: leading distance less coding error, sorted
	both    []float64
	mean2   float64 // mean and variance of squared distances
	spread2 float64
}

// choose fixes what the spectrum alone does not tell, for a gallery of n vectors
// of which row gives m.
func (p *plan) choose(n, m int, row func(i int) []float32) (*Basis, error) {
	count := min(m, trialRows)
	at := func(i int) []float32 { return row(i * m / count) }
	t := &trial{rows: count}
	for ga := kernel.MinGroups; ga <= kernel.MaxGroups; ga++ {
		b, err := p.basis(ga).bound(1e11, 1e11, 0, 0)
		if err != nil {
			return nil, err
		}
		t.code(b, at)
	}
	t.compare(p, at)
	ga := t.groups(n)
	return p.basis(ga).bound(errorLimit(t.errAB), errorLimit(t.err8), reference(t.lead[ga]), reference(t.both))
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
	var sum, squares, pairs float64
	for q := range queries {
		q = q * t.rows / queries
		for i := range z {
			if i == q {
				continue
			}
			t.pair(&z[q], &z[i], i)
			d2 := distance2(x[q], x[i])
			sum += d2
			squares += d2 * d2
			pairs++
		}
	}
	if pairs > 0 {
		t.mean2 = sum / pairs
		t.spread2 = max(0, squares/pairs-t.mean2*t.mean2)
	}
	for ga := kernel.MinGroups; ga <= kernel.MaxGroups; ga++ {
		slices.Sort(t.lead[ga])
	}
	slices.Sort(t.both)
}

func (t *trial) pair(q, z *[Dims]float64, i int) {
	sum := 0.0
	for d := range Dims {
		v := q[d] - z[d]
		sum += v * v
		if ga := (d + 1) / 8; (d+1)%8 == 0 && ga >= kernel.MinGroups && ga <= kernel.MaxGroups {
			t.lead[ga] = append(t.lead[ga], math.Sqrt(sum)-t.errA[ga][i])
		}
	}
	t.both = append(t.both, math.Sqrt(sum)-t.errAB[i])
}

// distance2 is the squared distance, four sums at a time.
func distance2(x, y []float32) float64 {
	var s [4]float64
	y = y[:len(x)]
	for ; len(x) >= 4; x, y = x[4:], y[4:] {
		a, b := (*[4]float32)(x), (*[4]float32)(y)
		for k := range s {
			d := float64(a[k]) - float64(b[k])
			s[k] += d * d
		}
	}
	return s[0] + s[1] + s[2] + s[3]
}

// groups picks the size of plane A that makes a search at the tightest usual
// bound, where one unrelated vector in a hundred queries lies within it, cheapest.
func (t *trial) groups(n int) int {
	best, least := 5, math.Inf(1)
	bound := t.distanceAt(0.01 / float64(n))
	both := costByte*float64(Dims/2+4) + costLevel2*share(t.both, bound)
	for ga := kernel.MinGroups; ga <= kernel.MaxGroups; ga++ {
		cost := costByte*float64(4*ga+2) + costLevel2*share(t.lead[ga], bound)
		if cost = min(cost, both); cost < least {
			best, least = ga, cost
		}
	}
	return best
}

// distanceAt estimates the distance that a share q of pairs lies within: squared
// distances are taken as gamma distributed, by the approximation of Wilson and
// Hilferty (1931).
func (t *trial) distanceAt(q float64) float64 {
	if t.spread2 <= 0 {
		return math.Sqrt(t.mean2)
	}
	shape := t.mean2 * t.mean2 / t.spread2
	z := -math.Sqrt2 * math.Erfinv(1-2*q)
	c := 1 - 1/(9*shape) + z/(3*math.Sqrt(shape))
	return math.Sqrt(t.mean2 * math.Pow(max(0, c), 3))
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

// errorLimit is what nearly all errors stay below, but not far above the usual: a
// row beyond it costs an exact score in every search, a loose limit costs
// tightness at distances beyond the reference.
func errorLimit(errs []float64) float64 {
	s := slices.Clone(errs)
	slices.Sort(s)
	return min(1.3*quantile(s, 0.9995), 5*quantile(s, 0.5))
}

// quantile of sorted values; 0 if there are none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
