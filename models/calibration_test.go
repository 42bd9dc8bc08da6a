package models

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func shipped(t testing.TB) *Calibration {
	t.Helper()
	c, err := DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func randomTemplate(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64() * 0.1)
	}
	return v
}

func TestShippedCalibration(t *testing.T) {
	c := shipped(t)
	d := c.Data()
	if c.Model() != DlibModel || c.Dim() != DlibDim || len(c.Version()) != 13 || !strings.Contains(c.Cohort(), "persons") {
		t.Errorf("model %s, dim %d, version %s, cohort %q", c.Model(), c.Dim(), c.Version(), c.Cohort())
	}
	groups := map[string]CohortGroup{}
	for _, g := range d.Cohort.Groups {
		groups[g.Name] = g
	}
	if g := groups["west_african"]; g.Weight != 0.5 || g.Persons < 700 || g.MatedPairs < 100 {
		t.Errorf("west_african: %+v", g)
	}
	if d.FMR.Group != "west_african" || d.FMR.Pairs < 200_000 {
		t.Errorf("false match rates rest on %s with %d pairs", d.FMR.Group, d.FMR.Pairs)
	}
	if len(d.Cohort.InputSHA256) != 64 {
		t.Error("the input is not recorded")
	}
	checkFolds(t, d.Folds)
}

// checkFolds holds the person-disjoint report of all pairs against what
// a calibration must bring: one threshold serves every group that has enough
// pairs to tell, and it beats the raw distance.
func checkFolds(t *testing.T, folds []FoldResult) {
	t.Helper()
	type sum struct{ pairs, fmr, mates, fnmr, raw float64 }
	groups := map[string]sum{}
	for _, f := range folds {
		if f.Fold != FoldAll {
			continue
		}
		s, n, m := groups[f.Group], float64(f.ImpostorPairs), float64(f.MatedPairs)
		groups[f.Group] = sum{s.pairs + n, s.fmr + n*f.SharedFMR, s.mates + m, s.fnmr + m*f.FNMR1e3, s.raw + m*f.RawFNMR1e3}
	}
	for name, s := range groups {
		if s.pairs < 20_000 {
			continue
		}
		if fmr := s.fmr / s.pairs; fmr > 2e-3 || fmr < 0.5e-3 {
			t.Errorf("%s: FMR %.2g at the threshold of 1e-3", name, fmr)
		}
		fnmr, raw := s.fnmr/s.mates, s.raw/s.mates
		t.Logf("%s: FNMR at FMR 1e-3 %.3f, raw distance %.3f, %.0f mated pairs", name, fnmr, raw, s.mates)
		if name == "west_african" && (fnmr > 0.12 || fnmr > 0.6*raw) {
			t.Errorf("%s: FNMR %.3f, raw %.3f", name, fnmr, raw)
		}
	}
}

func TestWriteAndLoad(t *testing.T) {
	d := shipped(t).Data()
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), defaultCalibration) {
		t.Error("writing the shipped calibration does not give its own bytes")
	}
	good := b.String()
	for name, bad := range map[string]string{
		"empty":         "",
		"unknown field": strings.Replace(good, `"model"`, `"colour": 1, "model"`, 1),
		"newer format":  strings.Replace(good, `"format_version": 1`, `"format_version": 2`, 1),
		"other format":  strings.Replace(good, CalibrationFormat, "something", 1),
		"changed":       strings.Replace(good, `"persons": 997`, `"persons": 998`, 1),
		"cut":           good[:len(good)/2],
	} {
		if bad == good {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if _, err := LoadCalibration(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, change := range map[string]func(*CalibrationData){
		"NaN in mean":   func(d *CalibrationData) { d.Mean[3] = math.NaN() },
		"short matrix":  func(d *CalibrationData) { d.Whitening = d.Whitening[1:] },
		"falling ratio": func(d *CalibrationData) { d.LLR.Slope = -1 },
		"table order":   func(d *CalibrationData) { d.FMR.Scores[2] = d.FMR.Scores[1] },
		"no tail":       func(d *CalibrationData) { d.FMR.Tail.Sigma = 0 },
		"ended tail":    func(d *CalibrationData) { d.FMR.Tail.Xi, d.FMR.Tail.Sigma = -1, 0.01 },
		"no model":      func(d *CalibrationData) { d.Model = "" },
	} {
		d := shipped(t).Data()
		change(&d)
		if err := d.Seal(); err != nil {
			t.Fatal(err)
		}
		if _, err := NewCalibration(d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestProject(t *testing.T) {
	c := shipped(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		v := randomTemplate(r, c.Dim())
		a, err := c.Project(v)
		if err != nil {
			t.Fatal(err)
		}
		var norm float64
		for _, x := range a {
			norm += float64(x) * float64(x)
		}
		if math.Abs(norm-1) > 1e-6 {
			t.Fatalf("norm %f", norm)
		}
		scaled := make([]float32, len(v))
		for i := range v {
			scaled[i] = 4 * v[i] // exact in binary
		}
		b, err := c.Project(scaled)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if math.Abs(float64(a[i]-b[i])) > 1e-6 {
				t.Fatal("the length of a template changes its direction")
			}
		}
	}
	for name, bad := range map[string][]float32{
		"empty": nil, "short": make([]float32, 127), "long": make([]float32, 512), "zero": make([]float32, 128),
		"NaN": append(make([]float32, 127), float32(math.NaN())), "Inf": append(make([]float32, 127), float32(math.Inf(1))),
	} {
		if _, err := c.Project(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The projection is computed in a fixed order in float64: these bits must come
// out on every CPU; they were computed apart, in another language.
func TestProjectGoldenBits(t *testing.T) {
	c, err := NewCalibration(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Project([]float32{0.1, -0.2, 0.3})
	if err != nil {
		t.Fatal(err)
	}
	want := []uint32{0xbb91dcb6, 0xbf20f098, 0x3f4714a1}
	for i, v := range got {
		if math.Float32bits(v) != want[i] {
			t.Errorf("value %d is %v (%#x), want %#x", i, v, math.Float32bits(v), want[i])
		}
	}
}

func tiny(t *testing.T) CalibrationData {
	t.Helper()
	d := CalibrationData{
		Model: "test", Dim: 3,
		Mean:      Floats{0.1, 0.05, -0.02},
		Whitening: Floats{1.5, 0.3, -0.1, 0.2, 1.1, -0.4, 0.05, 0.7, 1.9},
		LLR:       LLRModel{Slope: 10, Intercept: -4, Min: -2, Max: 4},
		FMR: FMRModel{
			Group: "g", Pairs: 1000, Scores: []float64{-0.5, 0.2, 0.4}, Rates: []float64{1, 0.1, 0.01},
			Tail: Tail{Start: 0.3, Sigma: 0.05, Xi: -0.05},
		},
	}
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRatesAreMonotoneAndInverse(t *testing.T) {
	for _, c := range []*Calibration{shipped(t), func() *Calibration {
		c, err := NewCalibration(tiny(t))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}()} {
		lastFMR, lastLLR := 1.1, math.Inf(-1)
		for s := -1.0; s <= 1; s += 0.001 {
			f, l := c.FMR(s), c.LLR(s)
			if f > lastFMR || f < minFMR || l < lastLLR || !finite(f, l) {
				t.Fatalf("at %.3f: FMR %g after %g, LLR %g after %g", s, f, lastFMR, l, lastLLR)
			}
			lastFMR, lastLLR = f, l
		}
		for e := -0.1; e > -9; e -= 0.1 {
			want := math.Pow(10, e)
			threshold := c.ThresholdAtFMR(want)
			if threshold == 1 {
				continue // no cosine is higher
			}
			if got := c.FMR(threshold); math.Abs(got-want) > 1e-6*want {
				t.Errorf("FMR(ThresholdAtFMR(%g)) = %g", want, got)
			}
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if !finite(c.FMR(bad), c.LLR(bad), c.ThresholdAtFMR(bad)) {
				t.Errorf("%v gives a value that is not finite", bad)
			}
		}
	}
}

func TestOperatingPoint(t *testing.T) {
	c := shipped(t)
	last := -1.0
	for _, n := range []int{1, 10, 100, 1000, 10_000, 100_000, 1_000_000} {
		fmr, threshold := c.OperatingPoint(0.01, n)
		if fpir := 1 - math.Pow(1-fmr, float64(n)); math.Abs(fpir-0.01) > 1e-6 {
			t.Errorf("N=%d: FMR %g gives FPIR %g", n, fmr, fpir)
		}
		if threshold <= last {
			t.Errorf("N=%d: threshold %f does not rise", n, threshold)
		}
		last = threshold
	}
	for _, p := range []float64{-1, 0, 1, 2, math.NaN()} {
		if fmr, threshold := c.OperatingPoint(p, 0); !finite(fmr, threshold) || fmr <= 0 || fmr >= 1 {
			t.Errorf("target %v: %v, %v", p, fmr, threshold)
		}
	}
}

// TestAgreement: the score is the table's own, the first that at most one in a
// hundred strangers reaches, and the last of a table that does not go so far.
func TestAgreement(t *testing.T) {
	c := shipped(t)
	m := c.data.FMR
	i := slices.Index(m.Scores, c.Agreement())
	if i < 1 || m.Rates[i] > agreementFMR || m.Rates[i-1] <= agreementFMR {
		t.Fatalf("agreement %v, place %d of the table", c.Agreement(), i)
	}
	short := &Calibration{data: c.data}
	short.data.FMR.Scores, short.data.FMR.Rates = m.Scores[:3], m.Rates[:3]
	if got := short.Agreement(); got != m.Scores[2] {
		t.Errorf("of a short table: %v, want %v", got, m.Scores[2])
	}
}

func FuzzLoadCalibration(f *testing.F) {
	f.Add([]byte(`{"format":"vigie-face-calibration","format_version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := LoadCalibration(bytes.NewReader(b)); err == nil && !finite(c.LLR(0.5), c.FMR(0.5)) {
			t.Error("a calibration was accepted that gives no numbers")
		}
	})
}

func BenchmarkProject(b *testing.B) {
	c := shipped(b)
	v := randomTemplate(rand.New(rand.NewPCG(1, 2)), c.Dim())
	for b.Loop() {
		if _, err := c.Project(v); err != nil {
			b.Fatal(err)
		}
	}
}
