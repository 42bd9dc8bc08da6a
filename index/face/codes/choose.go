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

// Costs in nanoseconds, rounded from measurements on one core of a shared AMD EPYC:
// reading a byte of the plane from the cache, and from memory; and level 2 of a row
// from memory, 4 … 5 in the cache and 8 … 30 as busy as the memory was. A plane up to
// fitsCache bytes is taken to stay in the last-level cache between searches, one
// of twice that size not at all.
const (
	costCached = 0.0125
	costMemory = 0.0275
	fitsCache  = 8 << 20
	costLevel2 = 12
)

// trial is what coding and comparing a sample showed.
type trial struct {
	rows   int
	err4   [Dims/8 + 1][]float64 // coding errors in the plane, by its groups
	err8   []float64
	lead   [Dims/8 + 1][]float64 // per pair: leading distance less coding error, sorted
	whole  []float64             // per pair: distance in the coded dimensions, sorted
	median float64               // distance of pairs
}

// choose fixes what the spectrum alone does not tell, for a gallery of n vectors
// of which row gives m, with one of the given sizes of the plane.
func (p *plan) choose(sizes []int, n, m int, row func(i int) []float32) (*Basis, error) {
	count := min(m, trialRows)
	at := func(i int) []float32 { return row(i * m / count) }
	t := &trial{rows: count}
	for _, groups := range sizes {
		b, err := p.basis(groups).bound(1e11, 1e11, 0)
		if err != nil {
			return nil, err
		}
		t.code(b, at)
	}
	t.compare(p, at)
	groups := t.groups(sizes, n)
	err4 := t.err4[groups]
	slices.Sort(err4)
	slices.Sort(t.err8)
	// Nearly all rows stay below. Rows beyond cost an exact score in every search;
	// looser limits cost tightness at distances beyond the reference.
	limitE := min(spare*quantile(err4, 0.9995), 5*quantile(err4, 0.5))
	limit8 := min(spare*quantile(t.err8, 0.9995), limitE)
	return p.basis(groups).bound(limitE, limit8, reference(t.lead[groups]))
}

// code codes the rows and keeps their errors.
func (t *trial) code(b *Basis, row func(i int) []float32) {
	var w writer
	k := &kernel.Set{} // all give the same bits
	t.err8 = t.err8[:0]
	for i := range t.rows {
		x := row(i)
		k.Rotate(x, b.rows, w.z[:])
		k.Rotate(x, x, w.norm[:])
		e := b.errorsOf(&w)
		t.err4[b.groups] = append(t.err4[b.groups], e.e4)
		t.err8 = append(t.err8, e.e8)
	}
}

// compare works out, for pairs of rows, the distance in the leading dimensions of
// every size of the plane less the coding error: the bound from which on such a
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
	sum := 0.0
	for g := range Dims / 8 {
		for d := 8 * g; d < 8*g+8; d++ {
			v := q[d] - z[d]
			sum += v * v
		}
		if err := t.err4[g+1]; len(err) > 0 {
			t.lead[g+1] = append(t.lead[g+1], math.Sqrt(sum)-err[i])
		}
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

// groups picks the size of the plane that makes three searches of n vectors
// cheapest: at the typical bound; since thresholds are set by people, at a sixth
// more; and without a threshold, when the bound is the distance of the tenth.
func (t *trial) groups(sizes []int, n int) int {
	best, least := sizes[0], math.Inf(1)
	typical := typicalBound(n, t.median)
	tenth := quantile(t.whole, max(fewest, asked/float64(n)))
	for _, groups := range sizes {
		bytes := float64(4*groups + 2)
		in := max(0, min(1, 2-float64(n)*bytes/fitsCache)) // the part that is cached
		cost := 3 * bytes * (in*costCached + (1-in)*costMemory)
		for _, x := range []float64{typical, typical * 7 / 6, tenth} {
			cost += costLevel2 * share(t.lead[groups], x)
		}
		if cost < least {
			best, least = groups, cost
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

// reference is the distance at which referenceShare of the pairs pass.
func reference(values []float64) float64 { return max(0, quantile(values, referenceShare)) }

// quantile of sorted values; 0 if there are none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
