package evalfaces

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"vigie/models/calibrate"
)

const (
	// replicates of the bootstrap, drawn from a fixed seed: equal tables, equal
	// intervals.
	replicates = 1000
	// topShare is the share of the impostors, the best, that is kept for it: more
	// than ever lies above the threshold for 1e-2 of another group.
	topShare = 0.1
)

// drawn is a group from which persons are drawn with replacement: each is given a
// weight, and a comparison of two weighs the product.
type drawn struct {
	name    string
	persons int
	ids     map[string]int
	pairs   int       // impostor pairs
	photos  []float64 // of each person
	out     [][2]int  // persons not compared, once
	top     []weighed // best impostor comparisons, falling
	mated   []weighed
	mates   []weighed // mated searches: the mate's score
	ranks   []int     // how many were better
	others  []weighed // non-mated searches, falling
	parts   []*drawn  // of the pool: the groups, whose persons are numbered on
}

// weighed is a score that weighs weight[a]*weight[b], or weight[a] if a == b.
type weighed struct {
	score float64
	a, b  int
}

func newDrawn(t *calibrate.Table, excluded calibrate.Pairs, f found, s calibrate.Scores) *drawn {
	d := &drawn{name: t.Name, pairs: len(s.Impostor) / 2}
	id := map[string]int{}
	who := make([]int, len(t.Persons))
	for i, p := range t.Persons {
		if _, ok := id[p]; !ok {
			id[p] = len(id)
			d.photos = append(d.photos, 0)
		}
		who[i] = id[p]
		d.photos[who[i]]++
	}
	d.persons = len(id)
	for pair := range excluded {
		a, okA := id[pair[0]]
		b, okB := id[pair[1]]
		if okA && okB && a < b {
			d.out = append(d.out, [2]int{a, b})
		}
	}
	slices.SortFunc(d.out, func(x, y [2]int) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
	low := math.Inf(-1)
	if n := len(s.Impostor); n > 0 {
		low = s.Impostor[n-1-min(int(topShare*float64(n))+200, n-1)]
	}
	for i, a := range t.Persons {
		for j, b := range t.Persons {
			v := t.At(i, j)
			switch {
			case i == j || math.IsNaN(v):
			case a == b:
				d.mated = append(d.mated, weighed{v, who[i], who[i]})
			case v >= low && !excluded[[2]string{a, b}]:
				d.top = append(d.top, weighed{v, who[i], who[j]})
			}
		}
	}
	d.ids = id
	d.search(f, id)
	slices.SortFunc(d.top, falling)
	return d
}

// newPool joins the groups: impostors are pairs within a group, f has the searches
// in the gallery of all.
func newPool(groups []*drawn, f found, s calibrate.Scores) *drawn {
	pool := &drawn{name: "", pairs: len(s.Impostor) / 2, parts: groups}
	id := map[string]int{}
	for _, d := range groups {
		shifted := func(list []weighed) []weighed {
			out := slices.Clone(list)
			for i := range out {
				out[i].a += pool.persons
				out[i].b += pool.persons
			}
			return out
		}
		pool.top, pool.mated = append(pool.top, shifted(d.top)...), append(pool.mated, shifted(d.mated)...)
		for name, i := range d.ids {
			if _, taken := id[name]; !taken {
				id[name] = pool.persons + i
			}
		}
		pool.persons += d.persons
	}
	pool.search(f, id)
	slices.SortFunc(pool.top, falling)
	return pool
}

// search takes over the outcomes of searches.
func (d *drawn) search(f found, id map[string]int) {
	for _, m := range f.mated {
		d.mates, d.ranks = append(d.mates, weighed{m.mate, id[m.person], id[m.person]}), append(d.ranks, m.better)
	}
	for _, m := range f.nonMated {
		d.others = append(d.others, weighed{m.best, id[m.person], id[m.person]})
	}
	slices.SortFunc(d.others, falling)
}

// falling orders by score, the best first.
func falling(x, y weighed) int {
	return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
}

func (x weighed) weight(w []float64) float64 {
	if x.a == x.b {
		return w[x.a]
	}
	return w[x.a] * w[x.b]
}

// total is the weight of all impostor comparisons, in both orders. A person who
// was drawn twice is no impostor of himself.
func (d *drawn) total(w []float64) float64 {
	var sum, own float64
	if d.parts != nil {
		for _, p := range d.parts {
			sum += p.total(w[:p.persons])
			w = w[p.persons:]
		}
		return sum
	}
	for p, n := range d.photos {
		v := w[p] * n
		sum, own = sum+v, own+v*v
	}
	all := sum*sum - own
	for _, p := range d.out {
		all -= 2 * w[p[0]] * d.photos[p[0]] * w[p[1]] * d.photos[p[1]]
	}
	return all
}

// threshold is the score of the first of falling scores at which more than mass
// has been seen.
func threshold(list []weighed, w []float64, mass float64) float64 {
	var seen float64
	for _, x := range list {
		if seen += x.weight(w); seen > mass {
			return x.score
		}
	}
	return math.Inf(-1)
}

// above is the weight of falling scores above a limit.
func above(list []weighed, w []float64, limit float64) (sum float64) {
	for _, x := range list {
		if x.score <= limit {
			break
		}
		sum += x.weight(w)
	}
	return sum
}

// share is the weight of the values for which is holds; NaN without weight.
func share(list []weighed, w []float64, is func(i int) bool) float64 {
	var hit, all float64
	for i, x := range list {
		v := x.weight(w)
		all += v
		if is(i) {
			hit += v
		}
	}
	return hit / all
}

// estimates holds the replicates of figures by name.
type estimates map[string][]float64

func (e estimates) add(name string, v float64) {
	if !math.IsNaN(v) {
		e[name] = append(e[name], v)
	}
}

// interval gives the middle 95 % of the replicates, nil when few came about.
func (e estimates) interval(name string) *Interval {
	list := slices.Sorted(slices.Values(e[name]))
	n := len(list)
	if n < replicates*9/10 {
		return nil
	}
	return &Interval{list[int(0.025*float64(n-1))], list[int(math.Ceil(0.975*float64(n-1)))]}
}

// replicate adds one drawing of the group.
func (d *drawn) replicate(w []float64, e estimates) {
	total := d.total(w)
	for key, fmr := range fmrPoints {
		limit := threshold(d.top, w, fmr*total)
		e.add("fnmr "+key, share(d.mated, w, func(i int) bool { return d.mated[i].score <= limit }))
	}
	var searched float64
	for _, x := range d.others {
		searched += x.weight(w)
	}
	for _, fpir := range fpirPoints {
		limit := threshold(d.others, w, fpir*searched)
		e.add("fnir "+pointKey(fpir), share(d.mates, w, func(i int) bool { return d.mates[i].score <= limit }))
	}
	e.add("rank1", share(d.mates, w, func(i int) bool { return d.ranks[i] == 0 }))
	e.add("top5", share(d.mates, w, func(i int) bool { return d.ranks[i] < 5 }))
}

// intervals fills the 95 % intervals of f. Persons are drawn within their group.
func (t trial) intervals(f *Figures, groups []*drawn, pool *drawn, at shared) {
	random := rand.New(rand.NewPCG(19795, 1))
	each := make([]estimates, len(groups))
	weights := make([][]float64, len(groups))
	all := make([]float64, pool.persons)
	start := 0
	for i, d := range groups {
		each[i], weights[i] = estimates{}, all[start:start+d.persons]
		start += d.persons
	}
	ratios, pooled := estimates{}, estimates{}
	for range replicates {
		clear(all)
		for i, d := range groups {
			for range d.persons {
				weights[i][random.IntN(d.persons)]++
			}
			d.replicate(weights[i], each[i])
		}
		pool.replicate(all, pooled)
		limits := at
		if t.shipped == nil {
			d, w := groups[t.anchor()], weights[t.anchor()]
			total := d.total(w)
			limits = shared{low: threshold(d.top, w, 1e-2*total), high: threshold(d.top, w, 1e-3*total)}
		}
		compareRates(groups, weights, each, ratios, limits)
		compareRates([]*drawn{pool}, [][]float64{all}, []estimates{pooled}, estimates{}, limits)
	}
	for i, d := range groups {
		m := f.Groups[d.name]
		m.Intervals = each[i].all(m)
		f.Groups[d.name] = m
	}
	f.Pooled.Intervals = pooled.all(f.Pooled)
	f.Pooled.Intervals.Ratio, f.Pooled.Intervals.RatioLow = ratios.interval("high"), ratios.interval("low")
}

// compareRates adds one drawing of the false match rates at shared thresholds,
// and of the ratio between the worst and the best group.
func compareRates(groups []*drawn, weights [][]float64, each []estimates, ratios estimates, at shared) {
	for name, x := range map[string]struct{ fmr, limit float64 }{"high": {1e-3, at.high}, "low": {1e-2, at.low}} {
		best, worst, n := math.Inf(1), 0.0, 0
		for i, d := range groups {
			total := d.total(weights[i])
			each[i].add("fmr "+name, above(d.top, weights[i], x.limit)/total)
			if d.pairs < minRatioPairs {
				continue
			}
			if rate := d.rate(weights[i], x.fmr, x.limit); !math.IsNaN(rate) {
				rate = max(rate, 1/total) // half a pair in both orders
				best, worst, n = min(best, rate), max(worst, rate), n+1
			}
		}
		if n > 1 {
			ratios.add(name, worst/best)
		}
	}
}

// all gives the intervals of the figures that m has.
func (e estimates) all(m Metrics) Intervals {
	out := Intervals{
		FNMRAtFMR: map[string]*Interval{}, FNIRAtFPIR: map[string]*Interval{},
		Rank1: e.interval("rank1"), Top5: e.interval("top5"), FMR: e.interval("fmr high"), FMRLow: e.interval("fmr low"),
	}
	for key, v := range m.FNMRAtFMR {
		if v != nil {
			out.FNMRAtFMR[key] = e.interval("fnmr " + key)
		}
	}
	for key, v := range m.FNIRAtFPIR {
		if v != nil {
			out.FNIRAtFPIR[key] = e.interval("fnir " + key)
		}
	}
	return out
}
