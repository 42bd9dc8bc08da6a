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
	r, err := Evaluate(set, c)
	if err != nil {
		return nil, err
	}
	r.Degraded, err = set.degraded(ctx, engine, c, o)
	return r, err
}

// Evaluate computes the report of an extracted set: with the calibration, and
// person-disjoint where the set is large and balanced enough to learn spaces
// from; with its labels as they stand, and without their known faults. Groups of
// many photos are compared in part (compared, below); all photos count for failure
// to enrol.
func Evaluate(set *Set, c *models.Calibration) (*Report, error) {
	r := &Report{
		StagesMS: times(set.Stages), Model: set.Model, Calibration: c.Version(), Cohort: c.Cohort(), InputSHA256: set.InputSHA256,
		LabelFaults: len(set.Faults) / 2,
	}
	part := set.compared()
	r.Notes = notes(set, part)
	shipped, err := inShippedSpace(set, part, c)
	if err != nil {
		return nil, fmt.Errorf("evaluate faces: %w", err)
	}
	trials := shipped.readings()
	parts := calibrate.PartsOf(c)
	disjoint, fault := inDisjointSpaces(set, templates(part), part, parts)
	switch {
	case fault != nil:
		r.Notes = append(r.Notes, fmt.Sprintf("No person-disjoint figures: %v.", fault))
	case c.Data().Cohort.InputSHA256 == r.InputSHA256:
		r.Notes = append(r.Notes, "The calibration was fitted on these very photos, so that its figures are better than on strangers: the figures at the top are the person-disjoint ones.")
		trials = append(disjoint.readings(), trials...)
	default:
		trials = append(trials, disjoint.readings()...)
	}
	if fault == nil {
		alone, err := eachAlone(set, part, parts)
		if err != nil {
			return nil, fmt.Errorf("evaluate faces: %w", err)
		}
		trials = append(trials, alone...)
	}
	for i, t := range trials {
		if f := t.figures(); i == 0 {
			r.Basis, r.Figures = t.basis, f
		} else {
			r.Variants = append(r.Variants, Variant{t.basis, f})
		}
	}
	// The first trial compares strangers to the calibration with its own thresholds:
	// in its space, or person-disjoint where that was fitted on them.
	r.Growth = trials[0].growth(c)
	if r.Several, err = several(set, part, parts, c.Agreement()); err != nil {
		r.Several = nil // said above: the same cohort has no person-disjoint figures
	}
	r.note()
	return r, nil
}

// readings gives the trial without the known faults of the labels, if there are
// any, and then with the labels as they stand.
func (t trial) readings() []trial {
	stand := t
	stand.basis.Labels, stand.excluded = LabelsAsTheyStand, t.set.Excluded
	if len(t.set.Faults) == 0 {
		return []trial{stand}
	}
	t.basis.Labels, t.excluded = LabelsCorrected, t.set.Corrected()
	return []trial{t, stand}
}

// inShippedSpace compares in the space of the calibration.
func inShippedSpace(set *Set, part []GroupSet, c *models.Calibration) (trial, error) {
	t := trial{set: set, part: part, shipped: c, basis: Basis{Space: SpaceShipped}}
	var all calibrate.Group
	for _, g := range templates(part) {
		table, err := projected(g, c)
		if err != nil {
			return t, fmt.Errorf("group %s: %w", g.Name, err)
		}
		t.tables = append(t.tables, table)
		all.Samples = append(all.Samples, g.Samples...)
	}
	if len(all.Samples) == 0 {
		return t, errors.New("no photo gave a template")
	}
	var err error
	t.pool, err = projected(all, c)
	return t, err
}

// inDisjointSpaces compares in spaces that were learned from other persons; parts
// divide composite templates.
func inDisjointSpaces(set *Set, groups []calibrate.Group, part []GroupSet, parts []calibrate.Part) (trial, error) {
	in := calibrate.Input{Model: set.Model, Parts: parts, Groups: groups, Excluded: set.Excluded, Together: set.Faults}
	tables, pool, err := calibrate.DisjointPool(in, calibrate.Options{}, disjointFolds)
	return trial{set: set, part: part, tables: tables, pool: pool, basis: Basis{Space: SpaceDisjoint}}, err
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

// notes says what holds for every set of figures.
func notes(set *Set, part []GroupSet) []string {
	out := []string{
		"Impostor pairs are pairs within one group. Every pair is compared in both orders: either photo as the probe, the other as the reference. FNMR and FNIR leave out photos without a template: FTE counts those, by the gate for probes.",
		"Identification: the first photo of every person is enrolled; every further photo is a mated search; the enrolled photos, each searched in the gallery of the others, are the non-mated ones.",
		fmt.Sprintf("Brackets hold 95 %% intervals: %d drawings of persons with replacement, thresholds found anew; those of the searches keep the gallery.", replicates),
	}
	if n := len(set.Faults) / 2; n > 0 {
		out = append(out, fmt.Sprintf("%d pairs of labels are known to be one person each (faults.csv); figures with and without them are told apart.", n))
	}
	photos, with, taken := 0, 0, 0
	for i, g := range set.Groups {
		photos, taken = photos+len(g.Photos), taken+len(part[i].Photos)
		for _, p := range g.Photos {
			if p.Template != nil {
				with++
			}
		}
	}
	if taken < with {
		out = append(out, fmt.Sprintf("%d of %d photos with a template were compared (at most %d of a group and %d in all, persons taken whole, those with several photos first); all %d count for FTE.", taken, with, maxGroup, maxPool, photos))
	}
	if set.Ignored > 0 {
		out = append(out, fmt.Sprintf("%d files of the folder were ignored: no photos by their name, or not at <group>/<person>/<photo>.", set.Ignored))
	}
	if set.Cached > 0 {
		out = append(out, fmt.Sprintf("%d photos came from the cache: their stage times are those of the earlier run.", set.Cached))
	}
	for _, name := range set.Empty {
		out = append(out, fmt.Sprintf("The folder of the group %q holds no photo of a person.", name))
	}
	return out
}

// note adds the warnings that follow from the figures.
func (r *Report) note() {
	for _, name := range r.GroupNames() {
		m := r.Groups[name]
		if n := m.ImpostorPairs; few(n, 1e-3) {
			r.Notes = append(r.Notes, fmt.Sprintf("%s has %d impostor pairs: its rates at FMR 1e-3 rest on %d of them. For the ratio between groups its rate is estimated from the best %g of its scores, which fall off as in models/calibrate.", name, n, n/1000, tailShare))
		}
		if m.MatedPairs == 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("Nobody in %s has two photos: there is nothing to miss, and no FNMR, FNIR or rank.", name))
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
