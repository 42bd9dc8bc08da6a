package calibrate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"vigie/models"
)

// Fit fits a calibration. Mean and whitening rest on all persons. False match
// rates and likelihood ratios rest on the comparisons of a two-fold cross-fit:
// each half of the persons is compared in the space learned from the other, so
// that no comparison profits from having been learned. The same cross-fit is
// reported per group in the Folds of the result. It fails on an unbalanced
// cohort, naming the group and the number that is missing.
func Fit(in Input, o Options) (*models.Calibration, error) {
	o.defaults(in.Groups)
	dim, err := in.check(o)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	cross, err := crossFit(in, o, dim)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	final, err := fitTransform(in.Groups, o.weights(in.Groups), dim)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	d := models.CalibrationData{
		Model: in.Model, Dim: dim, Lambda: final.lambda,
		Mean: final.mean, Whitening: final.whitening, Folds: cross.report,
	}
	d.Cohort = in.cohort(o)
	worst, err := cross.basis(o.Anchor)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	d.FMR = cross.fmr[worst]
	if d.LLR, err = fitLLR(cross.mated(), cross.scores[worst].Impostor, d.FMR); err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	if err := d.Seal(); err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	c, err := models.NewCalibration(d)
	if err != nil {
		return nil, fmt.Errorf("calibrate: the fit is unusable: %w", err)
	}
	return c, nil
}

// cohort counts the groups.
func (in Input) cohort(o Options) models.Cohort {
	c := models.Cohort{InputSHA256: in.InputSHA256}
	weights := o.weights(in.Groups)
	var words []string
	for i, g := range in.Groups {
		persons := personsOf(g)
		s := countPairs(g, in.Excluded)
		c.Groups = append(c.Groups, models.CohortGroup{
			Name: g.Name, Weight: weights[i], Persons: len(persons), Photos: len(g.Samples),
			MatedPairs: s[0], ImpostorPairs: s[1],
		})
		words = append(words, fmt.Sprintf("%s %d persons, %d photos, %d mated pairs, weight %.3f", g.Name, len(persons), len(g.Samples), s[0], weights[i]))
	}
	c.Text = "measured on " + strings.Join(words, "; ")
	return c
}

func countPairs(g Group, excluded Pairs) (pairs [2]int) {
	for i := range g.Samples {
		for j := range i {
			a, b := g.Samples[i].Person, g.Samples[j].Person
			if a == b {
				pairs[0]++
			} else if !excluded[[2]string{a, b}] {
				pairs[1]++
			}
		}
	}
	return pairs
}

// cross holds the out-of-fold comparisons of both folds, per group.
type cross struct {
	names   []string
	persons []int
	scores  []Scores
	fmr     []models.FMRModel // filled for groups with enough pairs
	report  []models.FoldResult
}

// minFMRPairs is the least number of impostor comparisons that a false match
// table may rest on: 1e-3 then has 100 of them.
const minFMRPairs = 100_000

func crossFit(in Input, o Options, dim int) (*cross, error) {
	n := len(in.Groups)
	c := &cross{names: make([]string, n), persons: make([]int, n), scores: make([]Scores, n), fmr: make([]models.FMRModel, n)}
	folds := in.folds()
	for tested := range folds {
		t, err := fitTransform(folds[1-tested], o.weights(folds[1-tested]), dim)
		if err != nil {
			return nil, err
		}
		shown, err := c.test(t, folds[tested], in.Excluded, o.Anchor)
		if err != nil {
			return nil, err
		}
		for i := range shown {
			shown[i].Fold = string(rune('A' + tested))
		}
		c.report = append(c.report, shown...)
	}
	for i, g := range in.Groups {
		c.names[i], c.persons[i] = g.Name, len(personsOf(g))
		slices.Sort(c.scores[i].Mated)
		slices.Sort(c.scores[i].Impostor)
		if len(c.scores[i].Impostor) >= minFMRPairs {
			m, err := fitFMR(g.Name, c.persons[i], c.scores[i].Impostor)
			if err != nil {
				return nil, err
			}
			c.fmr[i] = m
		}
	}
	return c, nil
}

// test compares one fold in the space learned from the other. The shared
// thresholds are those of the anchor group (of the first group without one) at
// a false match rate of 1e-3.
func (c *cross) test(t *transform, fold []Group, excluded Pairs, anchor string) ([]models.FoldResult, error) {
	out := make([]models.FoldResult, len(fold))
	white, plain := make([]Scores, len(fold)), make([]Scores, len(fold))
	reference := max(slices.IndexFunc(fold, func(g Group) bool { return g.Name == anchor }), 0)
	for i, g := range fold {
		s, err := t.projected(g, excluded)
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", g.Name, err)
		}
		white[i], plain[i] = s, raw(g, excluded)
		c.scores[i].Mated = append(c.scores[i].Mated, s.Mated...)
		c.scores[i].Impostor = append(c.scores[i].Impostor, s.Impostor...)
	}
	shared, rawShared := white[reference].Threshold(1e-3), plain[reference].Threshold(1e-3)
	for i, g := range fold {
		w, p := white[i], plain[i]
		out[i] = models.FoldResult{
			Group: g.Name, Persons: len(personsOf(g)), MatedPairs: len(w.Mated), ImpostorPairs: len(w.Impostor),
			FNMR1e3: rate(w.FNMR(w.Threshold(1e-3))), FNMR1e4: rate(w.FNMR(w.Threshold(1e-4))),
			RawFNMR1e3: rate(p.FNMR(p.Threshold(1e-3))),
			SharedFMR:  rate(w.FMR(shared)), SharedFNMR: rate(w.FNMR(shared)), RawSharedFMR: rate(p.FMR(rawShared)),
		}
	}
	return out, nil
}

// rate gives 0 for a share of nothing; the counts stand beside it.
func rate(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// basis picks the group whose impostors set the false match rates: the anchor,
// which stands before the cameras, or without an anchor the group with the
// highest score at 1e-3; a group needs enough pairs.
func (c *cross) basis(anchor string) (int, error) {
	best, at := math.Inf(-1), -1
	for i := range c.names {
		if len(c.fmr[i].Scores) == 0 || anchor != "" && c.names[i] != anchor {
			continue
		}
		if t := c.scores[i].Threshold(1e-3); t > best {
			best, at = t, i
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("unbalanced cohort: the false match rates need a group with %d impostor pairs", minFMRPairs)
	}
	return at, nil
}

// mated gathers the mated scores of all groups.
func (c *cross) mated() []float64 {
	var out []float64
	for _, s := range c.scores {
		out = append(out, s.Mated...)
	}
	slices.Sort(out)
	return out
}
