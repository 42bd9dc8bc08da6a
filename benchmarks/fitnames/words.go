package fitnames

import (
	"math"
	"slices"

	"vigie/matcher/score"
	"vigie/watchlist/names"
)

// The bins that words are counted in: by -log10 of their frequency, and by the
// likeness of words whose letters differ.
var (
	rarityEdges   = []float64{0, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.2, 9}
	likenessEdges = []float64{0.62, 0.66, 0.70, 0.74, 0.78, 0.82, 0.86, 0.90, 0.94, 1.01}
)

// tally is one bin: weights and counts of words of mated pairs and of others.
type tally struct {
	mated, others   float64
	nMated, nOthers int
	x, w            float64 // of the others' words, for the bin's place
}

func (t *tally) add(p *pair, x float64) {
	if p.mated {
		t.mated += p.weight
		t.nMated++
	} else {
		t.others += p.weight
		t.nOthers++
	}
	t.x += x * p.weight
	t.w += p.weight
}

// llr is log10 of the ratio of the rates, among exposures. Half a count is added on
// both sides, in units of the mean weight of a word.
func (t *tally) llr(exposed *tally) float64 {
	half := func(weight float64, n int, all float64, of int) float64 {
		unit := all / float64(max(1, of)) / 2
		if n > 0 {
			unit = weight / float64(n) / 2
		}
		return (weight + unit) / (all + unit)
	}
	return math.Log10(half(t.mated, t.nMated, exposed.mated, exposed.nMated) / half(t.others, t.nOthers, exposed.others, exposed.nOthers))
}

func (t *tally) count(exposed *tally) score.Count {
	return score.Count{LLR: round(t.llr(exposed)), Mated: t.nMated, Others: t.nOthers}
}

// fitWords counts what became of the words of the pairs that use accepts.
func fitWords(pairs []pair, use func(*pair) bool) score.WordModel {
	var all, conflict, omitted, met tally
	equal, exposed := make([]tally, len(rarityEdges)-1), make([]tally, len(rarityEdges)-1)
	letters := make([]tally, len(likenessEdges)-1)
	rules := map[names.Rule]*tally{names.RuleShort: {}, names.RuleInitial: {}, names.RuleTwoNames: {}}
	for i := range pairs {
		p := &pairs[i]
		if !use(p) {
			continue
		}
		for _, w := range p.words {
			rarity := -math.Log10(w.f)
			bin := binOf(rarityEdges, rarity)
			if w.exposed {
				all.add(p, 0)
				exposed[bin].add(p, rarity)
			}
			switch w.rule {
			case names.RuleMissing:
				if w.conflict && w.exposed {
					conflict.add(p, 0)
				} else if !w.conflict {
					omitted.add(p, 0)
				}
			case names.RuleExact, names.RuleICAO, names.RuleFamily, names.RuleJoined:
				equal[bin].add(p, rarity)
			case names.RuleShort, names.RuleInitial, names.RuleTwoNames:
				rules[w.rule].add(p, 0)
			default:
				letters[binOf(likenessEdges, w.likeness)].add(p, w.likeness)
				if !p.mated {
					met.add(p, rarity)
				}
			}
		}
	}
	m := score.WordModel{Conflict: conflict.count(&all), Omitted: omitted.count(&all)}
	m.Frequency = curve(equal, exposed)
	whole := make([]tally, len(letters))
	for i := range whole {
		whole[i] = all
	}
	m.Likeness = curve(letters, whole)
	m.Mean = round(m.Frequency.At(met.x / max(met.w, 1e-12)))
	for _, r := range []names.Rule{names.RuleShort, names.RuleInitial, names.RuleTwoNames} {
		c := rules[r].count(&all)
		if r == names.RuleTwoNames {
			c.LLR = min(0, c.LLR) // two names that the table knows never support
		}
		m.Rules = append(m.Rules, score.RuleWeight{Rule: string(r), Count: c})
	}
	return m
}

func binOf(edges []float64, x float64) int {
	i := 0
	for i < len(edges)-2 && x >= edges[i+1] {
		i++
	}
	return i
}

// curve makes a curve of the bins that hold enough, never falling (the pool of
// adjacent violators, weighted by counts).
func curve(bins, exposed []tally) score.Curve {
	var pts []point
	for i := range bins {
		if bins[i].nMated+bins[i].nOthers < 20 {
			continue
		}
		pts = append(pts, point{x: bins[i].x / bins[i].w, y: bins[i].llr(&exposed[i]), w: float64(bins[i].nMated + bins[i].nOthers)})
	}
	return isotonic(pts)
}

type point struct{ x, y, w float64 }

// isotonic is the least-squares fit that never falls (Barlow et al. 1972): adjacent
// points out of order are pooled. A pool keeps the places of its ends.
func isotonic(pts []point) score.Curve {
	slices.SortFunc(pts, func(a, b point) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return 0
	})
	type pool struct{ first, last, y, w float64 }
	var pools []pool
	for _, p := range pts {
		pools = append(pools, pool{p.x, p.x, p.y, p.w})
		for n := len(pools); n > 1 && pools[n-2].y >= pools[n-1].y; n = len(pools) {
			a, b := pools[n-2], pools[n-1]
			pools[n-2] = pool{a.first, b.last, (a.y*a.w + b.y*b.w) / (a.w + b.w), a.w + b.w}
			pools = pools[:n-1]
		}
	}
	var c score.Curve
	add := func(x, y float64) {
		x, y = round(x), round(y)
		if n := len(c.X); n > 0 && x <= c.X[n-1] {
			return
		}
		c.X, c.Y = append(c.X, x), append(c.Y, y)
	}
	for _, p := range pools {
		add(p.first, p.y)
		add(p.last, p.y)
	}
	return c
}

// round keeps four places, so that no machine's last bits reach the file.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }
