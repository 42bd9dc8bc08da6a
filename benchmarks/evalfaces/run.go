package evalfaces

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vigie/matcher/face"
	"vigie/models"
	"vigie/models/calibrate"
)

// disjointFolds is the number of folds of the person-disjoint figures, two of
// which are left out at a time.
const disjointFolds = 5

// Run evaluates the folder with the engine and the calibration: failure to
// enrol, 1:1 error rates per group, open-set identification, and stage times.
func Run(ctx context.Context, dir string, engine Engine, c *models.Calibration, o Options) (*Report, error) {
	if c.Model() != engine.Model() {
		return nil, fmt.Errorf("evaluate faces: the calibration is for %s, the engine runs %s", c.Model(), engine.Model())
	}
	set, err := Load(ctx, dir, engine, o)
	if err != nil {
		return nil, fmt.Errorf("evaluate faces: %w", err)
	}
	return Evaluate(set, c)
}

// Evaluate computes the report of an extracted set: with the calibration, and
// person-disjoint where the set is large and balanced enough to learn spaces
// from; with its labels as they stand, and without their known faults.
func Evaluate(set *Set, c *models.Calibration) (*Report, error) {
	r := &Report{
		StagesMS: times(set.Stages), Model: set.Model, Calibration: c.Version(), Cohort: c.Cohort(), InputSHA256: set.InputSHA256,
		LabelFaults: len(set.Faults) / 2,
	}
	t := trial{set: set, shipped: c}
	var all calibrate.Group
	for _, g := range set.Templates() {
		table, err := projected(g, c)
		if err != nil {
			return nil, fmt.Errorf("evaluate faces: group %s: %w", g.Name, err)
		}
		t.tables = append(t.tables, table)
		all.Samples = append(all.Samples, g.Samples...)
	}
	if len(all.Samples) == 0 {
		return nil, errors.New("evaluate faces: no photo gave a template")
	}
	var err error
	if t.pool, err = projected(all, c); err != nil {
		return nil, fmt.Errorf("evaluate faces: %w", err)
	}
	t.excluded = set.Excluded
	r.Figures = t.figures()
	if r.LabelFaults > 0 {
		t.excluded = set.Corrected()
		corrected := t.figures()
		r.Corrected = &corrected
	}
	r.Notes = []string{"Impostor pairs are pairs within one group. Every pair is compared in both orders: either photo as the probe, the other as the reference. FNMR and FNIR leave out photos without a template: FTE counts those."}
	r.disjoint(set)
	r.note(c)
	return r, nil
}

// disjoint adds the figures that rest on spaces learned from other persons.
func (r *Report) disjoint(set *Set) {
	tables, err := calibrate.Disjoint(calibrate.Input{
		Model: set.Model, Groups: set.Templates(), Excluded: set.Excluded, Together: set.Faults,
	}, calibrate.Options{}, disjointFolds)
	if err != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("No person-disjoint figures: %v.", err))
		return
	}
	t := trial{set: set, tables: tables, excluded: set.Excluded}
	r.Disjoint = &Disjoint{Folds: disjointFolds, Figures: t.figures()}
	if r.LabelFaults > 0 {
		t.excluded = set.Corrected()
		corrected := t.figures()
		r.Disjoint.Corrected = &corrected
	}
}

// projected compares the photos of a group in the calibration's space.
func projected(g calibrate.Group, c *models.Calibration) (*calibrate.Table, error) {
	references, probes := make([][]float32, len(g.Samples)), make([][]float32, len(g.Samples))
	for i, s := range g.Samples {
		var err error
		if references[i], err = c.Project(s.Template); err != nil {
			return nil, err
		}
		probes[i] = references[i]
		if s.Probe != nil {
			if probes[i], err = c.Project(s.Probe); err != nil {
				return nil, err
			}
		}
	}
	return g.Compare(func(i, j int) float64 { return cosine(probes[i], references[j]) }), nil
}

// cosine is the ComparisonScore of two projected templates.
func cosine(a, b []float32) float64 {
	b = b[:len(a)]
	var s float64
	for i, v := range a {
		s += float64(v) * float64(b[i])
	}
	return s
}

func (r *Report) note(c *models.Calibration) {
	if r.LabelFaults > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d pairs of labels are known to be one person each (faults.csv); every figure is given with them and without.", r.LabelFaults))
	}
	if c.Data().Cohort.InputSHA256 == r.InputSHA256 {
		r.Notes = append(r.Notes, "The calibration was fitted on these very photos: its figures are better than on strangers. Read the person-disjoint ones.")
	}
	r.Notes = append(r.Notes, fmt.Sprintf("Brackets hold 95 %% intervals: %d drawings of persons with replacement, thresholds found anew; those of the searches keep the gallery.", replicates))
	for _, name := range r.GroupNames() {
		if n := r.Groups[name].ImpostorPairs; n < 10_000 {
			r.Notes = append(r.Notes, fmt.Sprintf("%s has %d impostor pairs: its rates at FMR 1e-3 rest on %d of them.", name, n, n/1000))
		}
	}
}

// times gives the quantiles of every stage, and of the sum of those that a probe
// takes: all but the queue and the reference template.
func times(stages map[string][]int64) map[string]Times {
	out := map[string]Times{}
	var total []int64
	for stage, list := range stages {
		out[stage] = quantiles(list)
		if stage == face.StageQueue || stage == face.StageReference {
			continue
		}
		if total == nil {
			total = make([]int64, len(list))
		}
		for i := range min(len(list), len(total)) {
			total[i] += list[i]
		}
	}
	if total != nil {
		out["total"] = quantiles(total)
	}
	return out
}

func quantiles(micros []int64) Times {
	list := slices.Sorted(slices.Values(micros))
	at := func(q float64) float64 {
		return float64(list[min(int(q*float64(len(list))), len(list)-1)]) / 1000
	}
	return Times{P50: at(0.5), P99: at(0.99), Photos: len(list)}
}
