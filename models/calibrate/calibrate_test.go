package calibrate

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vigie/models"
)

// people draws persons around a centre of their group: photos of one person
// differ by noise. The templates have length 0.5 to 1.5, which must not matter.
func people(r *rand.Rand, name string, persons, mates, dim int, spread float64) Group {
	g := Group{Name: name}
	centre := make([]float64, dim)
	for i := range centre {
		centre[i] = r.NormFloat64()
	}
	for p := range persons {
		own := make([]float64, dim)
		for i := range own {
			own[i] = centre[i] + spread*r.NormFloat64()
		}
		photos := 1
		if p < mates {
			photos = 2
		}
		for range photos {
			length := 0.5 + r.Float64()
			t := make([]float32, dim)
			for i := range t {
				t[i] = float32(length * (own[i] + 0.5*spread*r.NormFloat64()))
			}
			g.Samples = append(g.Samples, Sample{Person: fmt.Sprintf("%s-%d", name, p), Template: t})
		}
	}
	return g
}

// population has two groups, of which the anchor is crowded together: raw
// distances between its members are far smaller.
func population(seed uint64) Input {
	r := rand.New(rand.NewPCG(seed, 1))
	return Input{
		Model: "test", InputSHA256: "00", Excluded: Pairs{},
		Groups: []Group{people(r, "others", 700, 60, 16, 0.8), people(r, DefaultAnchor, 700, 60, 16, 0.4)},
	}
}

func TestFit(t *testing.T) {
	in := population(1)
	c, err := Fit(in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := c.Data()
	if d.FMR.Group != DefaultAnchor || len(d.Folds) != 6 || d.LLR.MatedPairs != 120 {
		t.Errorf("FMR on %s, %d fold rows, %d mated pairs", d.FMR.Group, len(d.Folds), d.LLR.MatedPairs)
	}
	for _, f := range d.Folds {
		if f.Group != DefaultAnchor {
			if f.RawSharedFMR > 0.5e-3 {
				t.Errorf("raw distance: %s has FMR %.2g at the anchor's threshold; the test's groups do not differ", f.Group, f.RawSharedFMR)
			}
			if f.SharedFMR < 0.2e-3 || f.SharedFMR > 5e-3 {
				t.Errorf("calibrated: %s has FMR %.2g at the anchor's threshold", f.Group, f.SharedFMR)
			}
		}
		persons, mates := 350, 30
		if f.Fold == models.FoldAll {
			persons, mates = 700, 60
			if f.ImpostorPairs != 760*759/2-60 {
				t.Errorf("%s: %d impostor pairs are not each pair once", f.Group, f.ImpostorPairs)
			}
		}
		if f.MatedPairs != mates || f.Persons != persons {
			t.Errorf("fold %s of %s has %d persons and %d mated pairs", f.Fold, f.Group, f.Persons, f.MatedPairs)
		}
	}
	// The balance: the mean of the projected cohort is the same distance from
	// the origin for both groups.
	var sums [2][]float64
	for i, g := range in.Groups {
		sums[i] = make([]float64, 16)
		for _, s := range g.Samples {
			z, err := c.Project(s.Template)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range z {
				sums[i][k] += float64(v) / float64(len(g.Samples))
			}
		}
	}
	if cos := dot(sums[0], sums[1]) / math.Sqrt(dot(sums[0], sums[0])*dot(sums[1], sums[1])); cos > -0.8 {
		t.Errorf("the two groups do not lie on opposite sides of the mean: cosine %.2f", cos)
	}
}

func TestFitIsDeterministic(t *testing.T) {
	var files [2]bytes.Buffer
	for i := range files {
		c, err := Fit(population(2), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Data().Write(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the same input gave two files")
	}
}

func TestRefusesUnbalancedCohort(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	small := people(r, "small", 5, 5, 16, 1)
	big := people(r, DefaultAnchor, 700, 60, 16, 1)
	medium := people(r, "medium", 100, 60, 16, 1)
	few := people(r, "few", 300, 0, 16, 1)
	for name, c := range map[string]struct {
		groups []Group
		want   string
	}{
		"one group":        {[]Group{big}, "at least 2"},
		"few persons":      {[]Group{small, big}, "group small has 5 persons"},
		"one side small":   {[]Group{medium, big}, "100 in the others"},
		"too few mates":    {[]Group{few, people(r, DefaultAnchor, 700, 5, 16, 1)}, "5 mated pairs"},
		"too few impostor": {[]Group{few, people(r, DefaultAnchor, 300, 60, 16, 1)}, "impostor pairs"},
	} {
		_, err := Fit(Input{Model: "m", Groups: c.groups}, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "unbalanced cohort") {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := population(4)
	bad.Groups[0].Samples[7].Template = bad.Groups[0].Samples[7].Template[:8]
	if _, err := Fit(bad, Options{}); err == nil {
		t.Error("templates of two lengths were accepted")
	}
	bad = population(4)
	bad.Groups[0].Samples[7].Template[3] = float32(math.NaN())
	if _, err := Fit(bad, Options{}); err == nil {
		t.Error("NaN was accepted")
	}
}

// Persons that may be one stay in one fold, under whatever label; every fold has
// its share.
func TestFoldsKeepPersonsTogether(t *testing.T) {
	in := population(5)
	in.Excluded.Add("others-3", "others-4")
	in.Excluded.Add("others-4", "others-5")
	in.Together = Pairs{}
	in.Together.Add("others-500", "others-5")
	fold := in.folds(crossFolds)
	side := map[string]int{}
	var count [crossFolds]int
	for g, group := range in.Groups {
		for i, s := range group.Samples {
			if at, ok := side[s.Person]; ok && at != fold[g][i] {
				t.Fatalf("%s is in two folds", s.Person)
			}
			side[s.Person] = fold[g][i]
			count[fold[g][i]]++
		}
	}
	for _, p := range []string{"others-4", "others-5", "others-500"} {
		if side[p] != side["others-3"] {
			t.Errorf("%s and others-3 may be one person and are in two folds", p)
		}
	}
	if slices.Min(count[:]) < 300 {
		t.Errorf("photos per fold: %v", count)
	}
}

// A pair's score must not change when its two persons' other photos do: the
// space that it is compared in has learned neither.
func TestDisjointHasLearnedNeither(t *testing.T) {
	in := population(9)
	before, err := Disjoint(in, Options{}, crossFolds)
	if err != nil {
		t.Fatal(err)
	}
	fold := in.folds(crossFolds)
	g := in.Groups[0].Samples // the first 60 persons have two photos each
	r := rand.New(rand.NewPCG(9, 9))
	for i := range g[0].Template {
		g[0].Template[i] += float32(r.NormFloat64())
	}
	after, err := Disjoint(in, Options{}, crossFolds)
	if err != nil {
		t.Fatal(err)
	}
	same, other := 0, 0
	for j := 2; j < len(g); j++ {
		for k := 2; k < len(g); k += 97 {
			if j == k {
				continue
			}
			touched := fold[0][j] != fold[0][0] && fold[0][k] != fold[0][0]
			if changed := before[0].At(j, k) != after[0].At(j, k); changed != touched {
				t.Fatalf("photos %d and %d of folds %d and %d, changed: %t", j, k, fold[0][j], fold[0][k], changed)
			}
			if touched {
				other++
			} else {
				same++
			}
		}
	}
	if same == 0 || other == 0 {
		t.Errorf("%d comparisons away from the change, %d beside it", same, other)
	}
	if a, b := after[0].At(1, 0), before[0].At(1, 0); a == b {
		t.Error("the changed photo scores as before")
	}
}

// A probe template is compared with an enrolment template, in both orders.
func TestProbesAgainstReferences(t *testing.T) {
	g := Group{Name: "g", Samples: []Sample{
		{Person: "a", Template: []float32{0, 0}, Probe: []float32{3, 4}}, {Person: "b", Template: []float32{1, 0}},
	}}
	table := g.plain()
	s := table.Scores(nil)
	if want := []float64{-math.Hypot(2, 4), -1}; !slices.Equal(s.Impostor, want) || len(s.Mated) != 0 {
		t.Errorf("%v instead of %v", s, want)
	}
	p := Pairs{}
	p.Add("a", "b")
	if s := table.Scores(p); len(s.Impostor) != 0 {
		t.Errorf("excluded pairs are impostors: %v", s)
	}
}

func TestScores(t *testing.T) {
	s := Scores{Mated: []float64{0.2, 0.5, 0.7, 0.9}, Impostor: []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.6, 0.7, 0.8}}
	for _, c := range []struct{ fmr, threshold, fnmr, got float64 }{
		{0.1, 0.7, 0.75, 0.1}, {0, 0.8, 0.75, 0}, {0.35, 0.5, 0.5, 0.3}, {1, 0, 0, 0.9},
	} {
		at := s.Threshold(c.fmr)
		if at != c.threshold || s.FNMR(at) != c.fnmr || math.Abs(s.FMR(at)-c.got) > 1e-12 {
			t.Errorf("at FMR %.2f: threshold %.2f, FNMR %.2f, FMR %.2f", c.fmr, at, s.FNMR(at), s.FMR(at))
		}
	}
	if v := (Scores{}).Threshold(0.1); !math.IsNaN(v) {
		t.Errorf("no impostors: %v", v)
	}
}

func TestExcludedPairsAreNoImpostors(t *testing.T) {
	in := population(6)
	before := countPairs(in.Groups[0], in.Excluded)
	in.Excluded.Add("others-100", "others-101") // one photo each
	after := countPairs(in.Groups[0], in.Excluded)
	if after[1] != before[1]-1 || after[0] != before[0] {
		t.Errorf("pairs %v became %v", before, after)
	}
}

// The tail must find the scores beyond its data: fitted on 100,000 normal
// scores, it foresees the score at 1e-6 within 0.5 standard deviations, and
// never below it.
func TestTailExtrapolates(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	scores := make([]float64, 100_000)
	for i := range scores {
		scores[i] = 0.1 * r.NormFloat64()
	}
	slices.Sort(scores)
	m, err := fitFMR("g", 1000, scores)
	if err != nil {
		t.Fatal(err)
	}
	tail := m.Tail
	last := len(m.Rates) - 1
	survival := func(s float64) float64 { return math.Pow(1+tail.Xi*(s-tail.Start)/tail.Sigma, -1/tail.Xi) }
	rate := m.Rates[last] * survival(0.4753) / survival(m.Scores[last]) // true rate 1e-6
	if rate < 1e-6 || rate > 3e-5 {
		t.Errorf("the rate at the score of 1e-6 is put at %.2g", rate)
	}
}

func TestLogisticOnKnownOdds(t *testing.T) {
	// Two normals of equal spread: the log odds are linear, slope (m1-m0)/s^2.
	r := rand.New(rand.NewPCG(8, 8))
	mated, impostor := make([]float64, 5000), make([]float64, 50_000)
	for i := range mated {
		mated[i] = 0.6 + 0.2*r.NormFloat64()
	}
	for i := range impostor {
		impostor[i] = 0.2 * r.NormFloat64()
	}
	slope, intercept, err := logistic(mated, impostor)
	if err != nil || math.Abs(slope-15) > 1 || math.Abs(intercept+4.5) > 0.4 {
		t.Errorf("slope %.2f (15), intercept %.2f (-4.5), %v", slope, intercept, err)
	}
}
