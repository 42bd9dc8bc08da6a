package models

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"vigie/watchlist"
)

// composite gives a calibration of two small parts, of which the second keeps
// three of its four dimensions.
func composite(t *testing.T) CalibrationData {
	t.Helper()
	d := tiny(t)
	r := rand.New(rand.NewPCG(4, 4))
	part := func(model string, dim, keep int, weight float64) Part {
		p := Part{Model: model, Dim: dim, Keep: keep, Weight: weight, Lambda: 0.5, Mean: make(Floats, dim), Whitening: make(Floats, keep*dim)}
		for i := range p.Mean {
			p.Mean[i] = r.NormFloat64() / 10
		}
		for i := range p.Whitening {
			p.Whitening[i] = r.NormFloat64()
		}
		return p
	}
	d.Model, d.Dim = "a+b", 7
	d.Lambda, d.Mean, d.Whitening = 0, nil, nil
	d.Parts = []Part{part("a", 3, 3, 0.3), part("b", 4, 3, 0.7)}
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	return d
}

// The score of two composite templates is the weighted mean of the parts' scores,
// each part projected as a template of its own.
func TestCompositeScore(t *testing.T) {
	d := composite(t)
	c, err := NewCalibration(d)
	if err != nil || c.Data().FormatVersion != CompositeCalibrationFormat {
		t.Fatalf("format version %d, %v", c.Data().FormatVersion, err)
	}
	r := rand.New(rand.NewPCG(5, 5))
	inner := func(a, b []float32) (s float64) {
		for i := range a {
			s += float64(a[i]) * float64(b[i])
		}
		return s
	}
	for range 50 {
		x, y := randomTemplate(r, 7), randomTemplate(r, 7)
		px, errX := c.Project(x)
		py, errY := c.Project(y)
		if errX != nil || errY != nil || len(px) != 6 {
			t.Fatalf("%d values, %v, %v", len(px), errX, errY)
		}
		var want float64
		for i, p := range d.Parts {
			from := 3 * i
			a, errA := Part{Dim: p.Dim, Keep: p.Keep, Weight: 1, Mean: p.Mean, Whitening: p.Whitening}.project(x[from:from+p.Dim], nil)
			b, errB := Part{Dim: p.Dim, Keep: p.Keep, Weight: 1, Mean: p.Mean, Whitening: p.Whitening}.project(y[from:from+p.Dim], nil)
			if errA != nil || errB != nil || math.Abs(inner(a, a)-1) > 1e-6 {
				t.Fatal("a part is not projected to unit norm")
			}
			want += p.Weight * inner(a, b)
		}
		if got := inner(px, py); math.Abs(got-want) > 1e-6 || math.Abs(inner(px, px)-1) > 1e-6 {
			t.Fatalf("the score is %v, not %v", got, want)
		}
		// The length of a part does not matter.
		for i := range 3 {
			x[i] *= 8
		}
		again, err := c.Project(x)
		if err != nil || math.Abs(inner(again, px)-1) > 1e-6 {
			t.Fatalf("a longer part moves the template, %v", err)
		}
	}
	if _, err := c.Project(make([]float32, 7)); err == nil {
		t.Error("a template without direction is projected")
	}
	if _, err := c.Project(append(randomTemplate(r, 3), 0, 0, 0, 0)); err == nil {
		t.Error("a template whose second half has no direction is projected")
	}
	if _, err := c.Project(randomTemplate(r, 3)); err == nil {
		t.Error("one part alone is projected")
	}
}

func TestCompositeFile(t *testing.T) {
	d := composite(t)
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	c, err := LoadCalibration(bytes.NewReader(b.Bytes()))
	if err != nil || c.Version() != d.Version {
		t.Fatal(err)
	}
	for name, change := range map[string]func(d *CalibrationData){
		"one part":        func(d *CalibrationData) { d.Parts = d.Parts[:1] },
		"whole as well":   func(d *CalibrationData) { d.Mean = d.Parts[0].Mean },
		"weights":         func(d *CalibrationData) { d.Parts[0].Weight = 0.4 },
		"negative weight": func(d *CalibrationData) { d.Parts[0].Weight, d.Parts[1].Weight = -0.5, 1.5 },
		"values":          func(d *CalibrationData) { d.Dim = 8 },
		"kept":            func(d *CalibrationData) { d.Parts[1].Keep = 5 },
		"whitening":       func(d *CalibrationData) { d.Parts[1].Whitening = d.Parts[1].Whitening[1:] },
		"no model":        func(d *CalibrationData) { d.Parts[0].Model = "" },
		"not finite":      func(d *CalibrationData) { d.Parts[1].Mean[0] = math.Inf(1) },
	} {
		bad := composite(t)
		change(&bad)
		if err := bad.Seal(); err == nil {
			_, err = NewCalibration(bad)
			if err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
	}
	old := strings.Replace(b.String(), `"format_version": 2`, `"format_version": 1`, 1)
	if _, err := LoadCalibration(strings.NewReader(old)); err == nil {
		t.Error("parts are accepted under format version 1")
	}
}

// A calibration takes what is its own out of templates of several encoders, and
// nothing out of others.
func TestPart(t *testing.T) {
	c := shipped(t)
	long := make([]float32, 640)
	long[0], long[127], long[128] = 1, 2, 3
	for _, tc := range []struct {
		model string
		n     int
		want  int // values, 0 for none
	}{
		{DlibModel, 128, 128},
		{DlibModel + watchlist.ModelJoin + "faceplugin-0.0.1/1", 640, 128},
		{DlibModel + watchlist.ModelJoin + "own/1", 256, 128},
		{DlibModel + watchlist.ModelJoin + "own/1", 128, 0}, // no second encoder's values
		{DlibModel + "2", 128, 0},
		{"own/1", 128, 0},
		{"", 128, 0},
	} {
		got, ok := c.Part(tc.model, long[:tc.n])
		if ok != (tc.want > 0) || len(got) != tc.want {
			t.Errorf("%s with %d values: %d, %v", tc.model, tc.n, len(got), ok)
		}
		if ok && (got[0] != 1 || got[127] != 2) {
			t.Errorf("%s: another part", tc.model)
		}
	}
}
