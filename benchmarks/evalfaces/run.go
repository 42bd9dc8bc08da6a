package evalfaces

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"vigie/matcher/face"
	"vigie/models"
	"vigie/models/calibrate"
)

// The points that are reported.
var (
	fmrPoints  = []float64{1e-3, 1e-4}
	fpirPoints = []float64{0.01, 0.001}
)

// minRatioPairs is the least number of impostor pairs of a group for its false
// match rate at 1e-3 to be held against another's.
const minRatioPairs = 1000

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

// Evaluate computes the report of an extracted set.
func Evaluate(set *Set, c *models.Calibration) (*Report, error) {
	r := &Report{
		Groups: map[string]Metrics{}, StagesMS: times(set.Stages),
		Model: set.Model, Calibration: c.Version(), Cohort: c.Cohort(), InputSHA256: set.InputSHA256,
	}
	var all []vector
	var pooled calibrate.Scores
	var pool Metrics
	for _, g := range set.Groups {
		v, err := project(g, c)
		if err != nil {
			return nil, fmt.Errorf("evaluate faces: group %s: %w", g.Name, err)
		}
		s := compare(v, set.Excluded)
		m := count(g)
		m.rates(s, c)
		m.search(v, set.Excluded, c)
		r.Groups[g.Name] = m
		all = append(all, v...)
		pooled.Mated, pooled.Impostor = append(pooled.Mated, s.Mated...), append(pooled.Impostor, s.Impostor...)
		pool.add(m)
	}
	if len(all) == 0 {
		return nil, errors.New("evaluate faces: no photo gave a template")
	}
	slices.Sort(pooled.Mated)
	slices.Sort(pooled.Impostor)
	pool.rates(pooled, c)
	pool.search(all, set.Excluded, c)
	r.Pooled = pool
	r.ratios()
	r.note(c)
	return r, nil
}

// vector is a projected photo.
type vector struct {
	person string
	z      []float32
}

func project(g GroupSet, c *models.Calibration) ([]vector, error) {
	var out []vector
	for _, p := range g.Photos {
		if p.Template == nil {
			continue
		}
		z, err := c.Project(p.Template)
		if err != nil {
			return nil, err
		}
		out = append(out, vector{p.Person, z})
	}
	return out, nil
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

func compare(v []vector, excluded calibrate.Pairs) calibrate.Scores {
	var s calibrate.Scores
	for i := range v {
		for j := range i {
			switch score := cosine(v[i].z, v[j].z); {
			case v[i].person == v[j].person:
				s.Mated = append(s.Mated, score)
			case !excluded[[2]string{v[i].person, v[j].person}]:
				s.Impostor = append(s.Impostor, score)
			}
		}
	}
	slices.Sort(s.Mated)
	slices.Sort(s.Impostor)
	return s
}

func count(g GroupSet) Metrics {
	m := Metrics{Persons: g.Persons, Photos: len(g.Photos), Refused: map[string]int{}}
	for _, p := range g.Photos {
		if p.Template == nil {
			m.Refused[p.Refused]++
		}
	}
	return m
}

func (m *Metrics) add(g Metrics) {
	m.Persons += g.Persons
	m.Photos += g.Photos
	if m.Refused == nil {
		m.Refused = map[string]int{}
	}
	for code, n := range g.Refused {
		m.Refused[code] += n
	}
}

// rates fills the one-to-one figures.
func (m *Metrics) rates(s calibrate.Scores, c *models.Calibration) {
	refused := 0
	for _, n := range m.Refused {
		refused += n
	}
	m.FTE = figure(float64(refused) / float64(m.Photos))
	m.MatedPairs, m.ImpostorPairs = len(s.Mated), len(s.Impostor)
	m.FNMRAtFMR = map[string]*float64{}
	for _, fmr := range fmrPoints {
		key := fmt.Sprintf("1e%d", int(math.Round(math.Log10(fmr))))
		m.FNMRAtFMR[key] = nil
		if float64(len(s.Impostor))*fmr >= 1 {
			m.FNMRAtFMR[key] = figure(s.FNMR(s.Threshold(fmr)))
		}
	}
	shipped := c.ThresholdAtFMR(1e-3)
	m.FMRAtThreshold, m.FNMRAtThreshold = figure(s.FMR(shipped)), figure(s.FNMR(shipped))
}

// search enrols the first photo of every person and searches all others.
func (m *Metrics) search(v []vector, excluded calibrate.Pairs, c *models.Calibration) {
	var gallery, probes []vector
	enrolled := map[string]bool{}
	for _, x := range v {
		if enrolled[x.person] {
			probes = append(probes, x)
		} else {
			enrolled[x.person] = true
			gallery = append(gallery, x)
		}
	}
	var nonMated, mates []float64
	for _, x := range gallery {
		best, _, _ := against(x, gallery, excluded)
		nonMated = append(nonMated, best)
	}
	first, five := 0, 0
	for _, x := range probes {
		_, mate, better := against(x, gallery, excluded)
		mates = append(mates, mate)
		if better == 0 {
			first++
		}
		if better < 5 {
			five++
		}
	}
	slices.Sort(nonMated)
	slices.Sort(mates)
	m.GallerySize, m.MatedSearches, m.NonMatedSearches = len(gallery), len(mates), len(nonMated)
	if n := float64(len(mates)); n > 0 {
		m.Rank1, m.Top5 = figure(float64(first)/n), figure(float64(five)/n)
	}
	m.FNIRAtFPIR, m.FPIRAtTarget = map[string]*float64{}, map[string]*float64{}
	searches := calibrate.Scores{Mated: mates, Impostor: nonMated}
	for _, fpir := range fpirPoints {
		key := strconv.FormatFloat(fpir, 'g', -1, 64)
		m.FNIRAtFPIR[key], m.FPIRAtTarget[key] = nil, nil
		if float64(len(nonMated))*fpir >= 1 {
			m.FNIRAtFPIR[key] = figure(searches.FNMR(searches.Threshold(fpir)))
			_, threshold := c.OperatingPoint(fpir, len(gallery))
			m.FPIRAtTarget[key] = figure(searches.FMR(threshold))
		}
	}
}

// against searches one photo in the gallery: the best score of another person,
// the mate's score, and how many score better than the mate.
func against(x vector, gallery []vector, excluded calibrate.Pairs) (best, mate float64, better int) {
	best, mate = math.Inf(-1), math.Inf(-1)
	var others []float64
	for _, g := range gallery {
		if excluded[[2]string{x.person, g.person}] {
			continue
		}
		s := cosine(x.z, g.z)
		if g.person == x.person {
			mate = s
			continue
		}
		others = append(others, s)
		best = max(best, s)
	}
	for _, s := range others {
		if s >= mate {
			better++
		}
	}
	return best, mate, better
}

// ratios holds the groups' false match rates at one threshold against each
// other. A rate of no pair counts as half a pair.
func (r *Report) ratios() {
	rate := func(m Metrics) float64 { return max(*m.FMRAtThreshold, 0.5/float64(m.ImpostorPairs)) }
	best, worst, groups := math.Inf(1), 0.0, 0
	for _, m := range r.Groups {
		if m.ImpostorPairs >= minRatioPairs {
			best, worst, groups = min(best, rate(m)), max(worst, rate(m)), groups+1
		}
	}
	if groups < 2 {
		return
	}
	for name, m := range r.Groups {
		if m.ImpostorPairs >= minRatioPairs {
			m.FMRRatio = figure(rate(m) / best)
			r.Groups[name] = m
		}
	}
	r.Pooled.FMRRatio = figure(worst / best)
}

func (r *Report) note(c *models.Calibration) {
	r.Notes = []string{"Impostor pairs are pairs within one group. FNMR and FNIR leave out photos without a template: FTE counts those."}
	if c.Data().Cohort.InputSHA256 == r.InputSHA256 {
		r.Notes = append(r.Notes, "The calibration was fitted on these very photos: the figures are better than on strangers. The person-disjoint figures stand in the calibration file.")
	}
	for _, name := range r.GroupNames() {
		if n := r.Groups[name].ImpostorPairs; n < 10_000 {
			r.Notes = append(r.Notes, fmt.Sprintf("%s has %d impostor pairs: its rates at FMR 1e-3 rest on %d of them.", name, n, n/1000))
		}
	}
}

// times gives the quantiles of every stage, and of the sum of all but the queue.
func times(stages map[string][]int64) map[string]Times {
	out := map[string]Times{}
	var total []int64
	for stage, list := range stages {
		out[stage] = quantiles(list)
		if stage == face.StageQueue {
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

// figure gives a pointer to v, nil for NaN.
func figure(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
