package calibrate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"vigie/models"
)

// Fit fits a calibration. Mean and whitening rest on the enrolment templates of
// all persons. False match rates and likelihood ratios rest on comparisons of
// probe and enrolment templates, both orders of every pair, each in a space
// learned from the three of five folds that hold neither person, so that no
// comparison profits from having been learned. The Folds of the result report
// them per group, and beside them each half of the persons in the space of the
// other. It fails on an unbalanced cohort, naming the group and the number that
// is missing.
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
	final, err := fitSpace(in.Groups, o.weights(in.Groups), in.spaces(dim))
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	d := models.CalibrationData{Model: in.Model, Dim: dim, Folds: cross.report}
	final.describe(&d, len(in.Parts) > 0)
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

// cross holds the person-disjoint comparisons, per group.
type cross struct {
	names  []string
	scores []Scores
	fmr    []models.FMRModel // filled for groups with enough pairs
	report []models.FoldResult
}

const (
	// minFMRPairs is the least number of impostor pairs that a false match table
	// may rest on: 1e-3 then has 100 of them.
	minFMRPairs = 100_000
	// crossFolds is the number of folds of the cross-fit, two of which are left
	// out at a time.
	crossFolds = 5
)

func crossFit(in Input, o Options, dim int) (*cross, error) {
	n := len(in.Groups)
	c := &cross{names: make([]string, n), scores: make([]Scores, n), fmr: make([]models.FMRModel, n)}
	if err := c.halves(in, o, dim); err != nil {
		return nil, err
	}
	tables, err := in.disjoint(o, dim, in.folds(crossFolds), crossFolds)
	if err != nil {
		return nil, err
	}
	plain, persons := make([]Scores, n), make([]int, n)
	for i, g := range in.Groups {
		c.names[i], persons[i] = g.Name, len(personsOf(g))
		c.scores[i], plain[i] = tables[i].Scores(in.Excluded), g.plain().Scores(in.Excluded)
		if len(c.scores[i].Impostor) < 2*minFMRPairs {
			continue
		}
		if c.fmr[i], err = fitFMR(g.Name, persons[i], c.scores[i].Impostor); err != nil {
			return nil, err
		}
	}
	c.add(models.FoldAll, o.Anchor, persons, c.scores, plain)
	return c, nil
}

// halves reports each half of the persons in the space of the other.
func (c *cross) halves(in Input, o Options, dim int) error {
	fold := in.folds(2)
	tables, err := in.disjoint(o, dim, fold, 2)
	if err != nil {
		return err
	}
	n := len(in.Groups)
	raw := make([]*Table, n)
	for i, g := range in.Groups {
		c.names[i], raw[i] = g.Name, g.plain()
	}
	for half, name := range []string{"A", "B"} {
		tested := subset(in.Groups, fold, func(f int) bool { return f == half })
		scores, plain, persons := make([]Scores, n), make([]Scores, n), make([]int, n)
		for i := range in.Groups {
			keep := func(a, b int) bool { return fold[i][a] == half && fold[i][b] == half }
			persons[i] = len(personsOf(tested[i]))
			scores[i], plain[i] = tables[i].some(in.Excluded, keep), raw[i].some(in.Excluded, keep)
		}
		c.add(name, o.Anchor, persons, scores, plain)
	}
	return nil
}

// add reports a test. The shared thresholds are those of the anchor group (of the
// first group without one) at a false match rate of 1e-3.
func (c *cross) add(fold, anchor string, persons []int, scores, plain []Scores) {
	reference := max(slices.Index(c.names, anchor), 0)
	shared, rawShared := scores[reference].Threshold(1e-3), plain[reference].Threshold(1e-3)
	for i, name := range c.names {
		w, p := scores[i], plain[i]
		c.report = append(c.report, models.FoldResult{
			Fold: fold, Group: name, Persons: persons[i], MatedPairs: len(w.Mated) / 2, ImpostorPairs: len(w.Impostor) / 2,
			FNMR1e3: rate(w.FNMR(w.Threshold(1e-3))), FNMR1e4: rate(w.FNMR(w.Threshold(1e-4))),
			RawFNMR1e3: rate(p.FNMR(p.Threshold(1e-3))),
			SharedFMR:  rate(w.FMR(shared)), SharedFNMR: rate(w.FNMR(shared)), RawSharedFMR: rate(p.FMR(rawShared)),
		})
	}
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
