package evalfaces

import (
	"math"
	"slices"
	"strconv"

	"vigie/models"
	"vigie/models/calibrate"
)

// The points that are reported, with their keys.
var (
	fmrPoints  = map[string]float64{"1e-3": 1e-3, "1e-4": 1e-4}
	fpirPoints = []float64{0.01, 0.001}
)

// trial is what a set of figures rests on.
type trial struct {
	set      *Set
	part     []GroupSet // what of it is compared
	basis    Basis
	tables   []*calibrate.Table // one for each group, in its order
	pool     *calibrate.Table   // all photos against all
	excluded calibrate.Pairs
	// shipped gives the thresholds; without it they are those of the anchor.
	shipped *models.Calibration
}

// figures computes all figures of a trial.
func (t trial) figures() Figures {
	f := Figures{Groups: map[string]Metrics{}}
	var pool Metrics
	var pooled calibrate.Scores
	scores := make([]calibrate.Scores, len(t.tables))
	for i, table := range t.tables {
		scores[i] = table.Scores(t.excluded)
		pooled.Mated, pooled.Impostor = append(pooled.Mated, scores[i].Mated...), append(pooled.Impostor, scores[i].Impostor...)
	}
	slices.Sort(pooled.Mated)
	slices.Sort(pooled.Impostor)
	at := t.thresholds(scores)
	draws := make([]*drawn, len(t.tables))
	for i, table := range t.tables {
		m := count(t.set.Groups[i])
		m.rates(scores[i], at)
		found := searchAll(table, t.excluded)
		m.searches(found, t.shipped)
		m.Curves.Discard = discard(table, t.part[i].Photos, scores[i].Threshold(1e-3))
		draws[i] = newDrawn(table, t.excluded, found, scores[i])
		m.FMREstimate = figure(draws[i].rate(ones(draws[i].persons), 1e-3, at.high))
		pool.add(m)
		f.Groups[table.Name] = m
	}
	pool.rates(pooled, at)
	pool.FMREstimate = pool.FMRAtThreshold
	all := searchAll(t.pool, t.excluded)
	pool.searches(all, t.shipped)
	f.Pooled = pool
	f.demographics()
	t.intervals(&f, draws, newPool(draws, all, pooled), at)
	return f
}

// ones are the weights of persons of whom each is drawn once.
func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// shared are the thresholds that all groups are held to.
type shared struct{ low, high float64 } // for false match rates of 1e-2 and 1e-3

func (t trial) thresholds(scores []calibrate.Scores) shared {
	if t.shipped != nil {
		return shared{t.shipped.ThresholdAtFMR(1e-2), t.shipped.ThresholdAtFMR(1e-3)}
	}
	s := scores[t.anchor()]
	return shared{s.Threshold(1e-2), s.Threshold(1e-3)}
}

// anchor is the number of the anchor group, or of the first without one.
func (t trial) anchor() int {
	return max(slices.IndexFunc(t.tables, func(g *calibrate.Table) bool { return g.Name == calibrate.DefaultAnchor }), 0)
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

// rates fills the one-to-one figures from comparisons in both orders.
func (m *Metrics) rates(s calibrate.Scores, at shared) {
	refused := 0
	for _, n := range m.Refused {
		refused += n
	}
	m.FTE = figure(float64(refused) / float64(m.Photos))
	m.MatedPairs, m.ImpostorPairs = len(s.Mated)/2, len(s.Impostor)/2
	m.FNMRAtFMR = map[string]*float64{}
	for key, fmr := range fmrPoints {
		m.FNMRAtFMR[key] = nil
		if float64(m.ImpostorPairs)*fmr >= 1 {
			m.FNMRAtFMR[key] = figure(s.FNMR(s.Threshold(fmr)))
		}
	}
	m.FMRAtThreshold, m.FNMRAtThreshold = figure(s.FMR(at.high)), figure(s.FNMR(at.high))
	m.FMRAtLowThreshold = figure(s.FMR(at.low))
	m.Curves.Verification = verification(s)
}

// found is the outcome of a gallery of the first photo of every person, searched
// with all others.
type found struct {
	gallery  int
	mated    []matedSearch
	nonMated []nonMatedSearch
}

type matedSearch struct {
	person string
	mate   float64
	better int // how many others score as the mate or better
}

type nonMatedSearch struct {
	person string
	best   float64
}

func searchAll(t *calibrate.Table, excluded calibrate.Pairs) found {
	var out found
	var gallery, probes []int
	enrolled := map[string]bool{}
	for i, p := range t.Persons {
		if enrolled[p] {
			probes = append(probes, i)
		} else {
			enrolled[p] = true
			gallery = append(gallery, i)
		}
	}
	out.gallery = len(gallery)
	for _, x := range gallery {
		best, _, _ := against(t, x, gallery, excluded)
		out.nonMated = append(out.nonMated, nonMatedSearch{t.Persons[x], best})
	}
	for _, x := range probes {
		_, mate, better := against(t, x, gallery, excluded)
		out.mated = append(out.mated, matedSearch{t.Persons[x], mate, better})
	}
	return out
}

// against searches one photo in the gallery: the best score of another person,
// the mate's score, and how many score as the mate or better.
func against(t *calibrate.Table, probe int, gallery []int, excluded calibrate.Pairs) (best, mate float64, better int) {
	best, mate = math.Inf(-1), math.Inf(-1)
	var others []float64
	who := t.Persons[probe]
	for _, g := range gallery {
		s, other := t.At(probe, g), t.Persons[g]
		switch {
		case other == who:
			mate = s
		case math.IsNaN(s), excluded[[2]string{who, other}]:
		default:
			others = append(others, s)
			best = max(best, s)
		}
	}
	for _, s := range others {
		if s >= mate {
			better++
		}
	}
	return best, mate, better
}

// searches fills the figures of identification.
func (m *Metrics) searches(f found, c *models.Calibration) {
	s := f.scores()
	m.Curves.Identification, m.Curves.CMC = f.identification()
	first, five := 0, 0
	for _, x := range f.mated {
		if x.better == 0 {
			first++
		}
		if x.better < 5 {
			five++
		}
	}
	m.GallerySize, m.MatedSearches, m.NonMatedSearches = f.gallery, len(s.Mated), len(s.Impostor)
	if n := float64(len(s.Mated)); n > 0 {
		m.Rank1, m.Top5 = figure(float64(first)/n), figure(float64(five)/n)
	}
	m.FNIRAtFPIR, m.FPIRAtTarget = map[string]*float64{}, map[string]*float64{}
	for _, fpir := range fpirPoints {
		key := pointKey(fpir)
		m.FNIRAtFPIR[key], m.FPIRAtTarget[key] = nil, nil
		if float64(len(s.Impostor))*fpir < 1 {
			continue
		}
		m.FNIRAtFPIR[key] = figure(s.FNMR(s.Threshold(fpir)))
		if c != nil {
			_, threshold := c.OperatingPoint(fpir, f.gallery)
			m.FPIRAtTarget[key] = figure(s.FMR(threshold))
		}
	}
}

// figure gives a pointer to v, nil for NaN.
func figure(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// pointKey writes a point as a key of the JSON.
func pointKey(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
