package evalfaces

import (
	"math"

	"vigie/models"
	"vigie/models/calibrate"
)

const (
	// growthPersons is the least number of persons of a group whose gallery is let
	// grow.
	growthPersons = 100
	// growthShare is the share of the comparisons with strangers, the best, that
	// tells how many look-alikes a person has; see Growth.
	growthShare = 3e-3
	// GrowthBand is how far from its target FPIR may lie to hold, relative.
	GrowthBand = 0.2
)

// The targets and sizes of Growth; the size of the whole real gallery is added.
var (
	growthTargets = []float64{0.01, 0.03, 0.1}
	growthSizes   = []int{100, 200, 500, 2000, 5000, 10_000}
)

// Growth says whether the share of non-mated searches that find somebody stays at
// its target as the gallery grows, with the calibration's thresholds for that target
// and size and no other setting.
//
// Up to the number of real persons, FPIR is the mean over all galleries of N of
// the others, exactly: a probe that K of M others match finds nobody in a share
// C(M-K,N)/C(M,N) of the galleries. Beyond, strangers that nobody has photographed
// are added by their scores: a probe has look-alikes above the score u that a share
// growthShare of all comparisons exceeds, at a rate of its own, drawn from a gamma
// distribution over the persons (fitted to their counts by moments, so that those who
// resemble many do so beyond the real gallery too); above u a score reaches s with
// probability ((1-s)/(1-u))^(Dimensions/2), Dimensions being estimated from all scores
// above u (Levina and Bickel, Maximum likelihood estimation of intrinsic dimension,
// 2004). Templates drawn from a normal population would show next to no false
// positives: their look-alikes are too few (FMR 0.2 of the measured at 1e-4).
type Growth struct {
	Basis   Basis  `json:"basis"`
	Group   string `json:"group"`
	Persons int    `json:"persons"`
	// Dimensions and GammaShape are those of the extension. Small shapes mean that
	// few persons have most look-alikes.
	Dimensions float64 `json:"dimensions"`
	GammaShape float64 `json:"gamma_shape"`
	// Rows rise by target and gallery. Check holds the real gallery as the extension
	// foresees it from the first CheckPersons persons alone.
	Rows         []GrowthRow `json:"rows"`
	CheckPersons int         `json:"check_persons"`
	Check        []GrowthRow `json:"check,omitempty"`
}

// GrowthRow is one size of the gallery at one target.
type GrowthRow struct {
	Target    float64 `json:"target_fpir"`
	Gallery   int     `json:"gallery"`
	Synthetic int     `json:"synthetic"` // of the gallery
	Threshold float64 `json:"threshold"`
	// Probes is how many real probes can find a real person at all.
	Probes int     `json:"probes_with_a_match"`
	FPIR   float64 `json:"fpir"`
	// Interval is of FPIR, 95 %, by leaving out each person in turn, on a
	// logarithmic scale; nil where nobody is found.
	Interval *Interval `json:"interval_95"`
	// Holds: FPIR is within GrowthBand of the target. Allows: the interval
	// reaches into the band.
	Holds  bool `json:"holds"`
	Allows bool `json:"interval_allows"`
}

// growth measures a group of a trial: the anchor, or the largest.
func (t trial) growth(c *models.Calibration) *Growth {
	best := t.anchor()
	for i := range t.tables {
		if t.part[i].Persons > t.part[best].Persons && t.part[best].Persons < growthPersons {
			best = i
		}
	}
	s := newStrangers(t.tables[best], t.excluded)
	if s.n() < growthPersons {
		return nil
	}
	whole := s.tail()
	g := &Growth{Basis: t.basis, Group: t.tables[best].Name, Persons: s.n(), Dimensions: whole.dimensions(), GammaShape: whole.shape}
	real := s.n() - 1
	half := s.first(s.n() * 2 / 5)
	g.CheckPersons = half.n()
	for _, target := range growthTargets {
		done := false
		for _, size := range growthSizes {
			if size > real && !done {
				done = true
				g.Rows = append(g.Rows, s.row(c, target, real))
				g.Check = append(g.Check, half.row(c, target, real))
			}
			g.Rows = append(g.Rows, s.row(c, target, size))
		}
	}
	return g
}

// strangers are the comparisons of the first photo of every person, as the probe,
// with that of every other; NaN where they are not compared.
type strangers [][]float64

func newStrangers(t *calibrate.Table, excluded calibrate.Pairs) strangers {
	var photos []int
	seen := map[string]bool{}
	for i, p := range t.Persons {
		if !seen[p] {
			seen[p] = true
			photos = append(photos, i)
		}
	}
	s := make(strangers, len(photos))
	for a, i := range photos {
		s[a] = make([]float64, len(photos))
		for b, j := range photos {
			s[a][b] = t.At(i, j)
			if a == b || excluded[[2]string{t.Persons[i], t.Persons[j]}] {
				s[a][b] = math.NaN()
			}
		}
	}
	return s
}

func (s strangers) n() int { return len(s) }

// first gives the comparisons of the first n persons; the order is that of their
// labels.
func (s strangers) first(n int) strangers {
	out := make(strangers, n)
	for i := range out {
		out[i] = s[i][:n]
	}
	return out
}

// row measures a gallery of some size at the calibration's threshold.
func (s strangers) row(c *models.Calibration, target float64, size int) GrowthRow {
	_, threshold := c.OperatingPoint(target, size)
	r := GrowthRow{Target: target, Gallery: size, Threshold: threshold}
	var each []float64 // FPIR without each person
	if size < s.n() {
		r.FPIR, each = s.real(threshold, size)
	} else {
		r.Synthetic = size - s.n() + 1
		r.FPIR, each = s.extended(threshold, size)
	}
	for _, row := range s {
		for _, v := range row {
			if v >= threshold {
				r.Probes++
				break
			}
		}
	}
	within := func(v float64) bool { return math.Abs(v/target-1) <= GrowthBand }
	r.Holds, r.Allows = within(r.FPIR), within(r.FPIR)
	if r.FPIR > 0 {
		r.Interval = jackknife(r.FPIR, each)
		r.Allows = r.Interval[0] <= (1+GrowthBand)*target && r.Interval[1] >= (1-GrowthBand)*target
	}
	return r
}

// jackknife gives a 95 % interval on a logarithmic scale from the estimates that
// leave out one person each.
func jackknife(v float64, each []float64) *Interval {
	n := float64(len(each))
	var mean, sum float64
	for _, x := range each {
		mean += x / n
	}
	for _, x := range each {
		sum += (x - mean) * (x - mean)
	}
	wide := math.Exp(1.96 * math.Sqrt((n-1)/n*sum) / v)
	return &Interval{v / wide, min(v*wide, 1)}
}

// real gives FPIR over all galleries of size persons that leave out the probe's
// own, and without each person.
func (s strangers) real(threshold float64, size int) (fpir float64, each []float64) {
	n := len(s)
	type chances struct{ all, lessMatch, lessOther float64 }
	probes := make([]chances, n)
	for i, row := range s {
		k, m := 0, 0
		for _, v := range row {
			if !math.IsNaN(v) {
				m++
				if v >= threshold {
					k++
				}
			}
		}
		probes[i] = chances{holds(k, m, size), holds(max(k-1, 0), m-1, size), holds(k, m-1, size)}
		fpir += probes[i].all / float64(n)
	}
	each = make([]float64, n)
	for j := range n {
		for i, p := range probes {
			switch v := s[i][j]; {
			case i == j:
				continue
			case math.IsNaN(v):
				each[j] += p.all
			case v >= threshold:
				each[j] += p.lessMatch
			default:
				each[j] += p.lessOther
			}
		}
		each[j] /= float64(n - 1)
	}
	return fpir, each
}

// holds is the share of galleries of size among m persons that hold at least one
// of k.
func holds(k, m, size int) float64 {
	size = min(size, m)
	if k == 0 {
		return 0
	}
	if m-k < size {
		return 1
	}
	log := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return -math.Expm1(log(m-k) - log(m-k-size) - log(m) + log(m-size))
}
