package calibrate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"vigie/models"
)

// twofold has templates of two encoders, 16 values each.
func twofold(seed uint64) Input {
	r := rand.New(rand.NewPCG(seed, 7))
	in := Input{Model: "a+b", InputSHA256: "00", Excluded: Pairs{}}
	in.Parts = []Part{{Model: "a", Dim: 16, Weight: 0.4}, {Model: "b", Dim: 16, Keep: 14, Weight: 0.6, Lambda: 1}}
	for _, name := range []string{"others", DefaultAnchor} {
		a, b := people(r, name, 500, 60, 16, 0.5), people(r, name, 500, 60, 16, 0.8)
		for i := range a.Samples {
			a.Samples[i].Template = append(a.Samples[i].Template, b.Samples[i].Template...)
		}
		in.Groups = append(in.Groups, a)
	}
	return in
}

// A composite calibration is fitted part by part, its rates on the weighted score;
// and it projects as the fit did.
func TestFitComposite(t *testing.T) {
	in := twofold(1)
	c, err := Fit(in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := c.Data()
	if d.FormatVersion != models.CompositeCalibrationFormat || len(d.Parts) != 2 || d.Dim != 32 || d.Mean != nil {
		t.Fatalf("format version %d with %d parts of %d values", d.FormatVersion, len(d.Parts), d.Dim)
	}
	got := PartsOf(c)
	if got[0] != (Part{"a", 16, 16, 0.4, Lambda}) || got[1] != (Part{"b", 16, 14, 0.6, 1}) {
		t.Errorf("the file says %+v", got)
	}
	s, err := fitSpace(in.Groups, Options{Anchor: DefaultAnchor}.weights(in.Groups), in.spaces(32))
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range in.Groups[0].Samples[:20] {
		want, err := s.apply(sample.Template)
		got, errP := c.Project(sample.Template)
		if err != nil || errP != nil || len(got) != len(want) || len(got) != 30 {
			t.Fatalf("%d and %d values, %v, %v", len(got), len(want), err, errP)
		}
		for i, v := range want {
			if math.Abs(v-float64(got[i])) > 1e-6 {
				t.Fatalf("value %d is %v, not %v", i, got[i], v)
			}
		}
	}
	// Each part by itself is what a fit of its values alone gives.
	alone := in
	alone.Model, alone.Parts, alone.Groups = "a", nil, nil
	for _, g := range in.Groups {
		half := Group{Name: g.Name}
		for _, s := range g.Samples {
			half.Samples = append(half.Samples, s.Values(0, 16))
		}
		alone.Groups = append(alone.Groups, half)
	}
	first, err := Fit(alone, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range first.Data().Whitening {
		if v != d.Parts[0].Whitening[i] {
			t.Fatal("the first part is not whitened as it would be alone")
		}
	}
	// Two encoders tell persons better than the first alone.
	fnmr := func(c *models.Calibration) float64 {
		for _, f := range c.Data().Folds {
			if f.Fold == models.FoldAll && f.Group == DefaultAnchor {
				return f.FNMR1e3
			}
		}
		return math.NaN()
	}
	if !(fnmr(c) < fnmr(first)) {
		t.Errorf("FNMR %v of both, %v of one", fnmr(c), fnmr(first))
	}
}

func TestRefusesMalformedParts(t *testing.T) {
	for name, change := range map[string]func(p []Part){
		"values":  func(p []Part) { p[0].Dim = 15 },
		"weights": func(p []Part) { p[0].Weight = 0.5 },
		"kept":    func(p []Part) { p[1].Keep = 17 },
	} {
		in := twofold(2)
		change(in.Parts)
		if _, err := Fit(in, Options{}); err == nil || !strings.Contains(err.Error(), "part") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPartsFor(t *testing.T) {
	r, err := models.OpenRecipe("faceplugin-0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	p := PartsFor(r)
	if p[0].Model != models.DlibModel || p[0].Dim != 128 || p[1].Dim != 512 || p[0].Weight+p[1].Weight != 1 || p[1].Keep != r.Comparison.Keep {
		t.Errorf("%+v", p)
	}
}
