package evalfaces

import (
	"math"
	"slices"
)

const (
	// minRatioPairs is the least number of impostor pairs of a group for its false
	// match rates to be held against another's, minRatioMates that of mated pairs
	// for its false non-match rates.
	minRatioPairs, minRatioMates = 1000, 30
	// garbeWeight is the weight alpha of the false match rates in GARBE.
	garbeWeight = 0.5
)

// Demographics hold the groups against each other at one threshold for all, in
// the summary forms that NIST IR 8429 (Grother, Face Recognition Vendor Test Part
// 8, Summarizing Demographic Differentials, 2022) gives, and by GARBE.
type Demographics struct {
	// At are the summaries by rate, with its threshold: "fmr at 1e-3", "fmr at
	// 1e-2", "fnmr at 1e-3" and "fte".
	At map[string]Differential `json:"at"`
	// GARBE is alpha*G(FMR) + (1-alpha)*G(FNMR) at the threshold for 1e-3, with
	// alpha = 0.5 and G the Gini coefficient of Differential (Howard, Laird, Sirotin
	// and others, Evaluating Proposed Fairness Models for Face Recognition
	// Algorithms, arXiv 2203.05051); 0 is equal, 1 the worst.
	GARBE *float64 `json:"garbe"`
}

// Differential summarises the rates of groups. A rate of no event counts as half
// an event, so that ratios exist; Floored says for how many groups that was done.
type Differential struct {
	Groups  int `json:"groups"`
	Floored int `json:"floored"`
	// WorstBest is the highest over the lowest rate, Log10 its decimal logarithm,
	// WorstMean the highest over the geometric mean.
	WorstBest float64 `json:"worst_best"`
	Log10     float64 `json:"log10_worst_best"`
	WorstMean float64 `json:"worst_geometric_mean"`
	// Gini is n/(n-1) * sum|xi-xj| / (2 n^2 mean), over all ordered pairs.
	Gini float64 `json:"gini"`
}

// differential summarises rates, of which n[i] events were possible for group i;
// nil with fewer than two groups.
func differential(rates []float64, n []int) *Differential {
	if len(rates) < 2 {
		return nil
	}
	d := Differential{Groups: len(rates)}
	x := slices.Clone(rates)
	for i := range x {
		if least := 0.5 / float64(n[i]); x[i] < least {
			x[i] = least
			d.Floored++
		}
	}
	best, worst := slices.Min(x), slices.Max(x)
	var logs, sum, apart float64
	for _, a := range x {
		logs += math.Log(a)
		sum += a
		for _, b := range x {
			apart += math.Abs(a - b)
		}
	}
	count := float64(len(x))
	d.WorstBest, d.Log10 = worst/best, math.Log10(worst/best)
	d.WorstMean = worst / math.Exp(logs/count)
	d.Gini = count / (count - 1) * apart / (2 * count * sum) // 2 n^2 mean = 2 n sum
	return &d
}

// demographics fills the summaries of the groups that are large enough, and the
// ratios of Metrics.
func (f *Figures) demographics() {
	d := Demographics{At: map[string]Differential{}}
	for _, r := range []struct {
		name  string
		least int
		rate  func(m Metrics) *float64
		of    func(m Metrics) int
		ratio func(m *Metrics) **float64 // where Metrics keeps it
	}{
		{"fmr at 1e-3", minRatioPairs, func(m Metrics) *float64 { return m.FMREstimate }, impostors, func(m *Metrics) **float64 { return &m.FMRRatio }},
		{"fmr at 1e-2", minRatioPairs, func(m Metrics) *float64 { return m.FMRAtLowThreshold }, impostors, func(m *Metrics) **float64 { return &m.FMRRatioLow }},
		{"fnmr at 1e-3", minRatioMates, func(m Metrics) *float64 { return m.FNMRAtThreshold }, func(m Metrics) int { return m.MatedPairs }, nil},
		{"fte", minRatioMates, func(m Metrics) *float64 { return m.FTE }, func(m Metrics) int { return m.Photos }, nil},
	} {
		var names []string
		var rates []float64
		var n []int
		for _, name := range f.GroupNames() {
			m := f.Groups[name]
			if v := r.rate(m); v != nil && r.of(m) >= r.least {
				names, rates, n = append(names, name), append(rates, *v), append(n, r.of(m))
			}
		}
		s := differential(rates, n)
		if s == nil {
			continue
		}
		d.At[r.name] = *s
		if r.ratio == nil {
			continue
		}
		*r.ratio(&f.Pooled) = figure(s.WorstBest)
		best := math.Inf(1)
		for i, v := range rates {
			best = min(best, max(v, 0.5/float64(n[i])))
		}
		for i, name := range names {
			m := f.Groups[name]
			*r.ratio(&m) = figure(max(rates[i], 0.5/float64(n[i])) / best)
			f.Groups[name] = m
		}
	}
	fmr, fnmr := d.At["fmr at 1e-3"], d.At["fnmr at 1e-3"]
	if fmr.Groups > 1 && fnmr.Groups > 1 {
		d.GARBE = figure(garbeWeight*fmr.Gini + (1-garbeWeight)*fnmr.Gini)
	}
	if len(d.At) > 0 {
		f.Demographics = &d
	}
}

func impostors(m Metrics) int { return m.ImpostorPairs }
