package morphs

import (
	"context"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/models"
	"vigie/watchlist"
)

var face5 = []point{{30, 40}, {42, 41}, {70, 40}, {58, 41}, {50, 65}}

func TestSplineGoesThroughItsPoints(t *testing.T) {
	to := []point{{31, 44}, {41, 40}, {75, 42}, {60, 39}, {47, 70}}
	s, err := fit(face5, to)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range face5 {
		if got := s.of(p); math.Hypot(got.x-to[i].x, got.y-to[i].y) > 1e-6 {
			t.Errorf("point %d goes to %v, not %v", i, got, to[i])
		}
	}
	// Between its points it bends, but an affine map has nothing to bend.
	affine := func(p point) point { return point{3 + 1.2*p.x - 0.3*p.y, -7 + 0.2*p.x + 0.9*p.y} }
	var moved []point
	for _, p := range face5 {
		moved = append(moved, affine(p))
	}
	if s, err = fit(face5, moved); err != nil {
		t.Fatal(err)
	}
	p := point{12, 88}
	if got, want := s.of(p), affine(p); math.Hypot(got.x-want.x, got.y-want.y) > 1e-6 {
		t.Errorf("%v goes to %v, not %v", p, got, want)
	}
	for _, bad := range [][]point{{{0, 0}, {1, 1}}, {{0, 0}, {1, 1}, {2, 2}, {3, 3}}} {
		if _, err := fit(bad, bad); err == nil {
			t.Errorf("a spline through %v", bad)
		}
	}
}

func TestSimilarity(t *testing.T) {
	turn := func(p point) point { return point{5 - 2*p.y, 8 + 2*p.x} }
	var to []point
	for _, p := range face5 {
		to = append(to, turn(p))
	}
	f, err := similarity(face5, to)
	if err != nil {
		t.Fatal(err)
	}
	p := point{-3, 11}
	if got, want := f(p), turn(p); math.Hypot(got.x-want.x, got.y-want.y) > 1e-9 {
		t.Errorf("%v, not %v", got, want)
	}
	if _, err := similarity([]point{{1, 1}, {1, 1}}, to[:2]); err == nil {
		t.Error("a similarity of one point")
	}
}

// pattern is a picture that is smooth and different everywhere.
func pattern(w, h int, level float64) dlib.Pixels {
	p := dlib.NewPixels(w, h)
	for i := range p.Pix {
		x, y := i/3%w, i/3/w
		p.Pix[i] = byte(level + 40*math.Sin(float64(x)/9) + 40*math.Cos(float64(y)/7))
	}
	return p
}

func TestBlend(t *testing.T) {
	a := pattern(100, 90, 100)
	same, err := blend(a, a, face5, face5, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Pix {
		if d := int(same.Pix[i]) - int(a.Pix[i]); d < -1 || d > 1 {
			t.Fatalf("a picture blended with itself differs by %d at byte %d", d, i)
		}
	}
	// The landmarks of the morph hold what both pictures show there.
	b := pattern(100, 90, 140)
	moved := []point{{34, 38}, {44, 40}, {72, 44}, {61, 44}, {54, 66}}
	m, err := blend(a, b, face5, moved, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	into, err := similarity(moved, face5)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range face5 {
		q := into(moved[i])
		got := sample(m, point{(p.x + q.x) / 2, (p.y + q.y) / 2})[0]
		want := (sample(a, p)[0] + sample(b, moved[i])[0]) / 2
		if math.Abs(got-want) > 4 {
			t.Errorf("landmark %d: %.1f, not %.1f", i, got, want)
		}
	}
}

func TestRates(t *testing.T) {
	bonaFide := []float64{0.9, 0.8, 0.7, 0.95, 0.6, 0.85, 0.75, 0.99, 0.65, 0.97}
	limit := limitAt(bonaFide, 0.1)
	if r := at(limit, bonaFide, []float64{0.5, 0.64, 0.8, 0.65}); limit != 0.65 || r.BPCER != 0.1 || r.APCER != 0.5 {
		t.Errorf("%+v", r)
	}
	if limitAt(nil, 0.1) != 0 || below(nil, 1) != 0 || quantiles(nil) != [3]float64{} {
		t.Error("nothing gives something")
	}
}

// fakes stand in for the face engine: a template is the mean of the picture's
// left and right half.
type fakes struct{ refuse string }

func (f fakes) Extract(_ context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	if f.refuse != "" && string(p.Bytes[:4]) == f.refuse {
		return watchlist.FaceSample{}, nil, &watchlist.FaceError{Code: watchlist.FaceNone}
	}
	t := make([]float32, 128)
	for i, b := range p.Bytes {
		t[i%128] += float32(b) / float32(len(p.Bytes))
	}
	return watchlist.FaceSample{Template: t}, nil, nil
}

func (fakes) Detect(p dlib.Pixels) ([]dlib.Detection, error) {
	return []dlib.Detection{{Box: image.Rect(0, 0, p.W, p.H)}}, nil
}

func (fakes) Align(dlib.Pixels, image.Rectangle) (a dlib.Aligned, err error) {
	for i, p := range face5 {
		a.Points[i] = image.Pt(int(p.x), int(p.y))
	}
	return a, nil
}

func TestRun(t *testing.T) {
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "img_675"), 0o755); err != nil {
		t.Fatal(err)
	}
	list := "face_id,face_age,face_gender,face_eth\n"
	for i, group := range []string{"black", "black", "black", "white", "white"} {
		list += fmt.Sprintf("%03d,30,female,%s\n", i, group)
		for j, kind := range []string{"neutral", "smiling"} {
			b, err := toJPEG(pattern(100, 90, float64(60+20*i+3*j)))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "img_675", fmt.Sprintf("%s_front__%03d_03.jpg", kind, i)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "london_info.csv"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), fakes{}, fakes{}, cal, Options{Portraits: dir, LLR: -0.3})
	if err != nil {
		t.Fatal(err)
	}
	if r.Persons != 5 || r.Refused != 0 || r.Morphs < 2 || r.Groups["white"].Attacks != 2 || r.Groups["all"].Attacks != 2*r.Morphs || r.Listed.Attacks != 2*r.Morphs || r.Listed.BonaFide != 5 {
		t.Errorf("%+v", r)
	}
	if text := r.Markdown(); !strings.Contains(text, "| black | 3 |") || strings.Contains(text, "NaN") {
		t.Error(text)
	}
	if err := os.Remove(filepath.Join(dir, "img_675", "smiling_front__004_03.jpg")); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), fakes{}, fakes{}, cal, Options{Portraits: dir}); err == nil {
		t.Error("a missing picture went unnoticed")
	}
}
