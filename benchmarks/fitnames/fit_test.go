package fitnames

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/matcher/score"
	"vigie/watchlist"
)

// labelled is the folder of labelled names, or a loud skip.
func labelled(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("VIGIE_TESTDATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	dir = filepath.Join(dir, "names")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: no test data in %s; set VIGIE_TESTDATA", dir)
	}
	return dir
}

// TestFit makes a small calibration twice: equal bytes, little error on people that
// it did not see, and no name in it.
func TestFit(t *testing.T) {
	dir := labelled(t)
	var files [2]bytes.Buffer
	for i := range files {
		c, err := Fit(t.Context(), dir, Options{Others: 8000, Strangers: 500})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Data().Write(&files[i]); err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Data().Check.Priors {
			if !(p.ECE < 0.08) || len(p.Bins) < 3 {
				t.Errorf("prior %g: error %.4f in %d bins", p.Prior, p.ECE, len(p.Bins))
			}
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("two fits of one folder differ")
	}
	for _, name := range []string{"diallo", "ndiaye", "mohammed", "abbas", "smith"} {
		if strings.Contains(strings.ToLower(files[0].String()), name) {
			t.Errorf("the calibration holds the name %s", name)
		}
	}
}

func TestFitNamesTheMissingFile(t *testing.T) {
	_, err := Fit(t.Context(), t.TempDir(), Options{})
	if err == nil || !strings.Contains(err.Error(), "senegal_name_token_counts.csv") {
		t.Errorf("error %v", err)
	}
}

func TestIsotonicPoolsWhatFalls(t *testing.T) {
	c := isotonic([]point{{3, 2, 1}, {1, 1, 1}, {2, 4, 1}, {4, 9, 1}})
	want := score.Curve{X: []float64{1, 2, 3, 4}, Y: []float64{1, 3, 3, 9}}
	if len(c.X) != 4 || c.X[1] != want.X[1] || c.Y[1] != want.Y[1] || c.Y[2] != want.Y[2] || c.Y[3] != want.Y[3] {
		t.Errorf("%+v, want %+v", c, want)
	}
}

// TestReliability gives posteriors that are right, then such that promise too much.
func TestReliability(t *testing.T) {
	var pairs []pair
	var all tally
	var right, bold []float64
	for i := range 1000 {
		p := pair{mated: i%10 != 0, weight: 1, ok: true} // nine in ten are mated
		pairs, right, bold = append(pairs, p), append(right, math.Log10(9)), append(bold, 3)
		all.add(&p, 0)
	}
	if r := reliability(pairs, right, &all, 0.9); r.ECE > 0.1 {
		t.Errorf("error %.3f", r.ECE)
	}
	if a, b := reliability(pairs, make([]float64, 1000), &all, 0.5).ECE, reliability(pairs, bold, &all, 0.5).ECE; a > 1e-9 || b < 0.4 {
		t.Errorf("evidence that says nothing: error %.3f; that promises too much: %.3f", a, b)
	}
}

// TestFitBirths counts on a list whose shares are known.
func TestFitBirths(t *testing.T) {
	var list []listed
	for i := range 400 {
		d := watchlist.PartialDate{Year: 1960 + i%40, Month: 2 + i%10, Day: 2 + i%25}
		list = append(list, listed{births: []watchlist.PartialDate{d, {Year: d.Year + 1, Month: d.Month, Day: d.Day + 1}}})
	}
	m := fitBirths(list)
	if m.Dates != 400 || m.Alternatives != 400 || math.Abs(m.YearShare-1.0/40) > 0.003 {
		t.Fatalf("%+v", m)
	}
	llr := map[string]float64{}
	for _, l := range m.Lines {
		llr[l.Name] = l.LLR
	}
	// Every alternative is a year apart, so that outcome gains, and none is farther.
	if llr["near_full"] <= llr["far_full"] || llr["exact"] <= 1 || llr["far_full"] > -1 {
		t.Errorf("%v", llr)
	}
}
