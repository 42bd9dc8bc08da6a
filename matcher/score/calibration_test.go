package score

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// TestShipped reads the embedded file: it fits the name rules and the reasoned
// constants of this build, and what it says of itself meets the bound that the
// project set.
func TestShipped(t *testing.T) {
	d := Shipped().Data()
	if d.NamesVersion != names.Version {
		t.Errorf("fitted with the name rules %s, this build has %s: run make calibrate-names", d.NamesVersion, names.Version)
	}
	if diff := cmp.Diff(Reasons(), d.Reasoned); diff != "" {
		t.Errorf("reasoned constants (-build +file): run make calibrate-names\n%s", diff)
	}
	for _, p := range d.Check.Priors {
		if p.ECE > 0.03 {
			t.Errorf("prior %g: expected calibration error %.4f", p.Prior, p.ECE)
		}
	}
	if len(d.Check.Priors) == 0 || d.Check.Mated < 1000 || d.SumMated < 1000 {
		t.Errorf("tested on %d mated pairs under %d priors, fitted on %d", d.Check.Mated, len(d.Check.Priors), d.SumMated)
	}
	var out bytes.Buffer
	if err := d.Write(&out); err != nil || !bytes.Equal(out.Bytes(), shipped) {
		t.Errorf("written again, the file has other bytes (error %v)", err)
	}
}

func TestLoadCalibrationRefuses(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a changed number":     func(s string) string { return strings.Replace(s, `"seed": 2026`, `"seed": 2027`, 1) },
		"another format":       func(s string) string { return strings.Replace(s, CalibrationFormat, "else", 1) },
		"a later version":      func(s string) string { return strings.Replace(s, `"format_version": 1`, `"format_version": 2`, 1) },
		"an unknown field":     func(s string) string { return strings.Replace(s, `"format"`, `"formatt": 1, "format"`, 1) },
		"half a file":          func(s string) string { return s[:len(s)/2] },
		"nothing":              func(string) string { return "" },
		"a curve of one point": resealed(func(d *CalibrationData) { d.Names = Curve{X: []float64{1}, Y: []float64{1}} }),
		"a curve that falls":   resealed(func(d *CalibrationData) { d.Names = Curve{X: []float64{0, 1}, Y: []float64{1, 0}} }),
		"a share above 1":      resealed(func(d *CalibrationData) { d.NationalityKept = 1.5 }),
		"a missing rule":       resealed(func(d *CalibrationData) { d.Words.Rules = nil }),
		"a missing birth line": resealed(func(d *CalibrationData) { d.Births.Lines = d.Births.Lines[1:] }),
	} {
		if _, err := LoadCalibration(strings.NewReader(change(string(shipped)))); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// resealed changes the content and gives it the version of what it holds now.
func resealed(f func(*CalibrationData)) func(string) string {
	return func(string) string {
		d := Shipped().Data()
		f(&d)
		var out bytes.Buffer
		if d.Seal() != nil || d.Write(&out) != nil {
			return ""
		}
		return out.String()
	}
}

func TestCurve(t *testing.T) {
	c := Curve{X: []float64{-1, 0, 2}, Y: []float64{-2, 0, 1}}
	for x, want := range map[float64]float64{-9: -2, -1: -2, -0.5: -1, 0: 0, 1: 0.5, 2: 1, 9: 1} {
		if got := c.At(x); got != want {
			t.Errorf("at %g: %g, want %g", x, got, want)
		}
	}
}

// TestNamesStayWithinTheirCaps: whatever the names, the LLR stays within the bounds
// that no calibration may move, and a weak alias is worth least.
func TestNamesStayWithinTheirCaps(t *testing.T) {
	word := rapid.StringMatching(`[A-ZÉ][a-zé']{0,9}`)
	rapid.Check(t, func(t *rapid.T) {
		a := strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, "a"), " ")
		b := a
		if rapid.Bool().Draw(t, "another") {
			b = strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, "b"), " ")
		}
		for kind, most := range map[watchlist.NameKind]float64{watchlist.NamePrimary: MaxNameLLR, watchlist.NameWeak: MaxWeakNameLLR} {
			ev, ok := CompareNames([]watchlist.Name{{Full: a}}, []watchlist.Name{{Kind: kind, Full: b}}, false)
			if ok && (ev.LLR > most || ev.LLR < MinNameLLR || ev.Score < 0 || ev.Score > 1) {
				t.Fatalf("%s: similarity %.2f, LLR %+.2f", kind, ev.Score, ev.LLR)
			}
		}
	})
}
