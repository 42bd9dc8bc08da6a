package fusion

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"vigie/benchmarks/evalfaces"
	"vigie/benchmarks/gen"
	"vigie/models"
)

// madeUpNames is a folder of counts and spellings, enough to draw people from.
func madeUpNames(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"senegal_name_token_counts.csv": "token,kind,count\nAwa,given,3\nMoussa,given,4\nYoro,given,2\nDiop,surname,5\nFall,surname,3\nKante,surname,2\n",
		"west_african_variants.csv":     "canonical,variant,orthography,kind,source\nDiop,Jobe,en,surname,own\nMoussa,Musa,en,given,own\nSagna,Sanya,en,surname,own\nPenda,Pendah,en,given,own\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// madeUpFaces is a set of people with one or two photos.
func madeUpFaces(t *testing.T, c *models.Calibration) *evalfaces.Set {
	t.Helper()
	draw, err := gen.NewTemplates(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	set := &evalfaces.Set{Model: c.Model(), Groups: []evalfaces.GroupSet{{Name: "made up"}}, InputSHA256: "none"}
	for i := range 60 {
		who := string(rune('A'+i/26)) + string(rune('a'+i%26))
		first := draw.Draw()
		g := &set.Groups[0]
		g.Photos = append(g.Photos, evalfaces.PhotoResult{Person: who, Template: first})
		if i%2 == 0 {
			g.Photos = append(g.Photos, evalfaces.PhotoResult{Person: who, Template: draw.Another(first, 0.05)})
		}
	}
	return set
}

func TestRun(t *testing.T) {
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Names: madeUpNames(t), Faces: madeUpFaces(t, cal), Calibration: cal, Seed: 1, Rounds: 2, Entries: 60}
	rep, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Run(t.Context(), o)
	if err != nil || again.Markdown() != rep.Markdown() {
		t.Errorf("the same seed gives another result, error %v", err)
	}
	if rep.Mated != 30 || rep.NonMated != 70 || rep.WithPhoto != 25 || len(rep.Rows) != int(kinds) {
		t.Errorf("%d mated, %d non-mated, %d with a photo, %d rows", rep.Mated, rep.NonMated, rep.WithPhoto, len(rep.Rows))
	}
	// Nearly the same photo comes back, so faces find whoever was photographed, and
	// the fusion no fewer.
	face, fused := rep.Rows[kindFace], rep.Rows[kindFusion]
	if face.FNIR > 1-face.Known+0.1 || fused.FNIR > face.FNIR || face.Known < 0.5 || face.Known > 0.98 {
		t.Errorf("face %+v, fused %+v", face, fused)
	}
	if len(rep.Goals()) != 2 || rep.ECE < 0 || rep.ECE > 1 || math.IsNaN(rep.Ratio) {
		t.Errorf("goals %+v, error %v", rep.Goals(), rep.ECE)
	}
}

func TestFNIR(t *testing.T) {
	var results []result
	add := func(mated bool, v float64) {
		r := result{mated: mated}
		for k := range r.value {
			r.value[k] = v
		}
		results = append(results, r)
	}
	for i := range 2000 {
		add(false, float64(i)) // two may exceed the threshold: it is 1997
	}
	for _, v := range []float64{1997, 1997.5, 3000, math.Inf(-1)} {
		add(true, v)
	}
	if r := fnirs(results)[kindFace]; r.threshold != 1997 || r.fnir != 0.5 || r.known != 0.75 {
		t.Errorf("%+v", r)
	}
}

func TestCalibrated(t *testing.T) {
	var rep Report
	var results []result
	for i := range 100 {
		results = append(results, result{top: math.Log10(4), right: i%5 != 0}, result{none: true})
	}
	rep.calibrated(results)
	if math.Abs(rep.ECE) > 1e-9 || len(rep.ECEBins) != 1 || rep.ECEBins[0].Count != 100 {
		t.Errorf("eighty in a hundred right at odds of 4: %+v", rep)
	}
	rep = Report{}
	for i := range results {
		results[i].top = 3
	}
	if rep.calibrated(results); rep.ECE < 0.19 {
		t.Errorf("nearly sure, and one in five wrong: %v", rep.ECE)
	}
}

// TestBorrowedPapers: the draws do what their names say.
func TestBorrowedPapers(t *testing.T) {
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Names: madeUpNames(t), Faces: madeUpFaces(t, cal), Calibration: cal}
	s, err := newStream(o, rand.New(rand.NewPCG(5, 5)))
	if err != nil {
		t.Fatal(err)
	}
	p := s.person(0)
	sameDate, sameNumber, photos := 0, 0, 0
	for range 2000 {
		probe := s.mated(p)
		if probe.Birth.From == p.birth {
			sameDate++
		}
		if probe.Documents[0].Number == p.document.Number {
			sameNumber++
		}
		photos += len(probe.Templates)
	}
	if sameDate < 1300 || sameDate > 1700 || sameNumber < 600 || sameNumber > 850 || photos < 1500 || photos > 1700 {
		t.Errorf("of 2000: %d dates and %d numbers are right, %d photos", sameDate, sameNumber, photos)
	}
}
