package evalfaces

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"vigie/matcher"
)

// result turns the comparisons into figures.
func (g *gathering) result() *Several {
	for _, t := range []*scoreList{&g.one, &g.maximum, &g.scores, &g.vectors, &g.frameMaximum, &g.frameScores, &g.frameVector, &g.both} {
		t.sort()
	}
	g.halves.impostor = g.one.impostor
	at := map[string]float64{}
	half, root, strict := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for key, fmr := range fmrPoints {
		at[key], half[key] = g.one.threshold(fmr), g.one.threshold(fmr/2)
		root[key], strict[key] = g.one.threshold(fmr*matcher.FramesFPIR(2)), g.one.threshold(fmr*matcher.LowQualityFMR)
	}
	out := &Several{
		References: []Way{
			g.one.way(waySingle, at), g.maximum.way(wayMaximum, at), g.scores.way(wayScores, at), g.vectors.way(wayVectors, at),
		},
		Frames: []Way{
			g.halves.way(waySingle, at), g.frameMaximum.way(wayMaximum, at), g.frameMaximum.way(wayHalfRate, half),
			g.frameScores.way(wayScores, at), g.frameVector.way(wayVectors, at), g.frameVector.way(wayShipped, root),
		},
		Both:   []Way{g.both.way(wayVectors, at), g.both.way(wayShipped, root)},
		Raised: g.raises(), Persons: g.persons(),
	}
	for i, score := range agreements {
		out.Limits = append(out.Limits, g.limit(score, &g.limits[i], at))
	}
	for i, group := range g.groups {
		for k, t := range g.quality[i] {
			photos := 0
			for _, low := range g.flagged[i] {
				if low == (k == 1) {
					photos++
				}
			}
			t.sort()
			out.LowQuality = append(out.LowQuality, Flagged{
				Group: group.Name, Flagged: k == 1, Photos: photos, Mated: len(t.mated), Impostors: len(t.impostor),
				FMR: each(at, t.fmr), FNMR: each(at, t.fnmr), FNMRStricter: each(strict, t.fnmr),
			})
		}
	}
	return out
}

// persons counts the persons with three photos or more, by group.
func (g *gathering) persons() map[string]int {
	mated := map[int]bool{}
	for _, a := range g.one.mated {
		mated[a.person] = true
	}
	out := map[string]int{}
	for key, id := range g.ids {
		if group, _, _ := strings.Cut(key, "/"); mated[id] {
			out[group]++
		}
	}
	return out
}

// each gives a figure at every threshold.
func each(at map[string]float64, f func(threshold float64) float64) map[string]*float64 {
	out := map[string]*float64{}
	for key, threshold := range at {
		out[key] = figure(f(threshold))
	}
	return out
}

// way gives the figures of a scoreList, at its own thresholds and at those given.
func (t *scoreList) way(name string, at map[string]float64) Way {
	w := Way{
		Name: name, Mated: len(t.mated), Persons: t.persons(), Impostors: len(t.impostor),
		FNMR: map[string]*float64{}, FNMRAtOne: each(at, t.fnmr), FMRAtOne: each(at, t.fmr), Intervals: map[string]*Interval{},
	}
	for key, fmr := range fmrPoints {
		w.FNMR[key] = nil
		if float64(len(t.impostor))*fmr >= 1 {
			w.FNMR[key] = figure(t.fnmr(t.threshold(fmr)))
		}
		w.Intervals[key] = t.interval(at[key])
	}
	return w
}

// interval is that of the FNMR at a threshold, over drawings of persons.
func (t *scoreList) interval(threshold float64) *Interval {
	all, missed := map[int]float64{}, map[int]float64{}
	for _, a := range t.mated {
		all[a.person]++
		if a.score <= threshold {
			missed[a.person]++
		}
	}
	var persons []int
	for p := range all {
		persons = append(persons, p)
	}
	if len(persons) == 0 {
		return nil
	}
	slices.Sort(persons)
	random := rand.New(rand.NewPCG(19795, 2))
	e := estimates{}
	for range replicates {
		var n, m float64
		for range persons {
			p := persons[random.IntN(len(persons))]
			n, m = n+all[p], m+missed[p]
		}
		e.add("fnmr", m/n)
	}
	return e.interval("fnmr")
}

func (g *gathering) limit(score float64, t *limitScores, at map[string]float64) Limit {
	t.two.sort()
	share := func(list []float64, joined bool) *float64 {
		n := 0
		for _, s := range list {
			if (s >= score) == joined {
				n++
			}
		}
		return figure(float64(n) / float64(len(list)))
	}
	shown := score
	if math.IsInf(score, 1) {
		shown = 2
	}
	return Limit{
		Score: shown,
		Apart: share(g.matedPairs, false), Pairs: len(g.matedPairs),
		Joined: share(g.strangerPairs, true), Strangers: len(g.strangerPairs) / 2,
		FMRTwo: each(at, t.two.fmr), FNMRTwo: each(at, t.two.fnmr), FNMROneBad: each(at, t.oneBad.fnmr), FNMRTwoBad: each(at, t.twoBad.fnmr),
		OneBad: len(t.oneBad.mated), TwoBad: len(t.twoBad.mated), TwoMated: len(t.two.mated), TwoPersons: t.two.persons(),
		OnePersons: t.oneBad.persons(), Comparisons: len(t.two.impostor),
	}
}
