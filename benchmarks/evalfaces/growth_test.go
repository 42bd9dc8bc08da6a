package evalfaces

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"vigie/models"
	"vigie/models/calibrate"
)

// The share of galleries that hold a match, against counting all of them.
func TestHoldsCountsGalleries(t *testing.T) {
	const m = 7
	for k := range m + 1 {
		for size := 1; size <= m; size++ {
			hit, all := 0, 0
			for set := range 1 << m {
				members, match := 0, false
				for i := range m {
					if set>>i&1 == 1 {
						members++
						match = match || i < k
					}
				}
				if members == size {
					all++
					if match {
						hit++
					}
				}
			}
			if got, want := holds(k, m, size), float64(hit)/float64(all); math.Abs(got-want) > 1e-12 {
				t.Errorf("%d of %d match, galleries of %d: %v, counted %v", k, m, size, got, want)
			}
		}
	}
}

// crowd are strangers in a space of some dimensions, compared by cosine; a fifth
// of them lie closer together. The first dimension is nearly lost to the unit norm.
func crowd(r *rand.Rand, n, dim int) strangers {
	v := make([][]float64, n)
	for i := range v {
		v[i] = make([]float64, dim)
		var sum float64
		for k := range v[i] {
			v[i][k] = r.NormFloat64()
			if i%5 == 0 {
				v[i][k] *= 0.8
			}
			if k == 0 {
				v[i][k] += 6 // seen from far: locally flat
			}
			sum += v[i][k] * v[i][k]
		}
		for k := range v[i] {
			v[i][k] /= math.Sqrt(sum)
		}
	}
	s := make(strangers, n)
	for i := range s {
		s[i] = make([]float64, n)
		for j := range s[i] {
			for k := range dim {
				s[i][j] += v[i][k] * v[j][k]
			}
		}
		s[i][i] = math.NaN()
	}
	return s
}

// without leaves out a person.
func (s strangers) without(j int) strangers {
	var out strangers
	for i, row := range s {
		if i != j {
			out = append(out, append(append([]float64{}, row[:j]...), row[j+1:]...))
		}
	}
	return out
}

// Leaving out a person gives what the smaller group would.
func TestEachWithout(t *testing.T) {
	s := crowd(rand.New(rand.NewPCG(4, 4)), 60, 12)
	s[3][8], s[8][3] = math.NaN(), math.NaN() // not compared
	threshold := s.level() + 0.05
	_, real := s.real(threshold, 20)
	_, extended := s.extended(threshold, 300)
	for _, j := range []int{0, 3, 17} {
		less := s.without(j)
		if want, _ := less.real(threshold, 20); math.Abs(real[j]-want) > 1e-12 {
			t.Errorf("real, without %d: %v, want %v", j, real[j], want)
		}
		// The level stays that of all.
		counts := less.counts(s.level())
		l, want := summed(counts).estimate(s.level()), 0.0
		for _, p := range counts {
			miss := 0.0
			if p.first < threshold {
				miss = l.none(p.k, p.m, threshold, 300-p.m)
			}
			want += (1 - miss) / float64(len(counts))
		}
		if math.Abs(extended[j]-want) > 1e-12 {
			t.Errorf("extended, without %d: %v, want %v", j, extended[j], want)
		}
	}
}

// uneven are strangers of whom each has look-alikes at an own rate, from a gamma
// distribution of shape 2 (two exponentials), and whose scores above 0.4 thin out as
// in dim dimensions.
func uneven(r *rand.Rand, n, dim int) strangers {
	s := make(strangers, n)
	for i := range s {
		s[i] = make([]float64, n)
		rate := 0.01 * (r.ExpFloat64() + r.ExpFloat64()) / 2
		for j := range s[i] {
			s[i][j] = 0.4 * r.Float64()
			if r.Float64() < rate {
				s[i][j] = 1 - 0.6*math.Pow(r.Float64(), 2/float64(dim))
			}
		}
		s[i][i] = math.NaN()
	}
	return s
}

// The extension foresees what a gallery of strangers as it supposes them does: from
// 250 persons at a time, on average within 10 % of FPIR among 1,999. In a flat crowd,
// which is no such population, it errs on the side of more false positives, by less
// than half.
func TestExtensionForesees(t *testing.T) {
	const dim = 12
	t.Run("as supposed", func(t *testing.T) { foresees(t, uneven(rand.New(rand.NewPCG(5, 5)), 2000, dim), dim, 0.9, 1.1) })
	t.Run("crowd", func(t *testing.T) { foresees(t, crowd(rand.New(rand.NewPCG(5, 5)), 2000, dim), dim, 0.9, 1.5) })
}

func foresees(t *testing.T, all strangers, dim int, low, high float64) {
	const part = 250
	n := len(all)
	best := make([]float64, n) // of everybody, the best stranger
	for i, row := range all {
		best[i] = math.Inf(-1)
		for _, v := range row {
			if v > best[i] { // NaN is not
				best[i] = v
			}
		}
	}
	slices.Sort(best)
	for _, target := range []float64{0.1, 0.3} {
		threshold, foreseen := best[n-1-int(target*float64(n))], 0.0
		for at := 0; at < n; at += part {
			few := make(strangers, part)
			for i := range few {
				few[i] = all[at+i][at : at+part]
			}
			if d := few.tail().dimensions(); d < 0.6*float64(dim) || d > 1.4*float64(dim) {
				t.Errorf("%.1f dimensions estimated of %d", d, dim)
			}
			fpir, each := few.extended(threshold, n-1)
			if i := jackknife(fpir, each); i[0] > fpir || i[1] < fpir || i[1] > 20*i[0] {
				t.Errorf("%.3f lies in %.3f", fpir, *i)
			}
			foreseen += fpir * part / float64(n)
		}
		t.Logf("FPIR %.2f is foreseen as %.3f", target, foreseen)
		if foreseen < low*target || foreseen > high*target {
			t.Errorf("FPIR %.2f is foreseen as %.3f", target, foreseen)
		}
	}
}

// TestThresholdHolds: with a calibration of 1,200 made-up persons of two groups,
// measured FPIR of the person-disjoint comparisons stays near its target as the
// gallery grows, no setting touched. The real test data is measured by make
// bench-faces.
func TestThresholdHolds(t *testing.T) {
	set := &Set{Model: "test", Excluded: calibrate.Pairs{}, Stages: map[string][]int64{}}
	for at, name := range []string{"other", calibrate.DefaultAnchor} {
		r := rand.New(rand.NewPCG(uint64(at), 6))
		g := GroupSet{Name: name, Persons: 600}
		for p := range 600 {
			own := make([]float64, 16)
			for i := range own {
				own[i] = r.NormFloat64() + float64(at)
			}
			for range 1 + (p+7)%8/7 {
				v := make([]float32, 16)
				for i := range v {
					v[i] = float32(own[i] + 0.3*r.NormFloat64())
				}
				g.Photos = append(g.Photos, PhotoResult{Person: fmt.Sprintf("%s-%d", name, p), Template: v})
			}
		}
		set.Groups = append(set.Groups, g)
	}
	c, err := calibrate.Fit(calibrate.Input{Model: "test", Groups: set.Templates(), Excluded: set.Excluded}, calibrate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := inDisjointSpaces(set, templates(set.compared()), set.compared(), nil)
	if err != nil {
		t.Fatal(err)
	}
	g := d.growth(c)
	if g == nil || len(g.Rows) != 3*7 || len(g.Check) != 3 || g.Persons != 600 {
		t.Fatalf("%+v", g)
	}
	for _, row := range g.Rows {
		t.Logf("target %g, gallery %d: %.4f %.4f, allowed %t", row.Target, row.Gallery, row.FPIR, row.Interval, row.Allows)
		if !row.Allows || row.Target > 0.02 && math.Abs(row.FPIR/row.Target-1) > 0.35 {
			t.Errorf("target %g, gallery %d (%d synthetic): measured %.4f", row.Target, row.Gallery, row.Synthetic, row.FPIR)
		}
	}
	// With thresholds that are too low by 0.05 it must not hold.
	data := c.Data()
	data.FMR.Scores = slices.Clone(data.FMR.Scores)
	for i := range data.FMR.Scores {
		data.FMR.Scores[i] -= 0.05
	}
	data.FMR.Tail.Start -= 0.05
	if err := data.Seal(); err != nil {
		t.Fatal(err)
	}
	low, err := models.NewCalibration(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range d.growth(low).Rows {
		if row.Target == 0.1 && (row.Holds || row.Allows) {
			t.Errorf("thresholds too low hold: %+v", row)
		}
	}
}
