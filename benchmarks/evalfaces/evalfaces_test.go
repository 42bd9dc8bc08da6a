package evalfaces

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/models"
	"vigie/watchlist"
)

// fake reads a template's seed from the "photo": "seed noise", or refuses.
type fake struct{ fail error }

func (f fake) Model() string { return models.DlibModel }

func (f fake) Both(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []float32, []watchlist.StageTime, error) {
	if f.fail != nil {
		return watchlist.FaceSample{}, nil, nil, f.fail
	}
	var person, photo uint64
	if n, _ := fmt.Sscan(string(p.Bytes), &person, &photo); n != 2 {
		return watchlist.FaceSample{}, nil, nil, &watchlist.FaceError{Code: watchlist.FaceNone}
	}
	own, noise := rand.New(rand.NewPCG(person, 1)), rand.New(rand.NewPCG(person, 100+photo))
	var t [2][]float32
	for k := range t {
		t[k] = make([]float32, models.DlibDim)
	}
	for i := range models.DlibDim {
		v := own.NormFloat64() + 0.4*noise.NormFloat64()
		t[0][i], t[1][i] = float32(v), float32(v+0.1*noise.NormFloat64())
	}
	stages := []watchlist.StageTime{{Stage: "face_detect", Micros: int64(1000 + photo)}, {Stage: "face_embed_reference", Micros: 5000}}
	return watchlist.FaceSample{Template: t[0]}, t[1], stages, nil
}

func (f fake) Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	s, _, stages, err := f.Both(ctx, p)
	return s, stages, err
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// folder has two groups: 60 persons with two photos each, 50 with one, one
// photo without a face, and one person under two labels.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for p := range 60 {
		write(t, dir, fmt.Sprintf("east/p%02d/a.jpg", p), fmt.Sprint(p, 0))
		write(t, dir, fmt.Sprintf("east/p%02d/b.jpg", p), fmt.Sprint(p, 1))
	}
	for p := range 50 {
		write(t, dir, fmt.Sprintf("west/q%02d/a.png", p), fmt.Sprint(1000+p, 0))
	}
	write(t, dir, "west/q50/a.jpg", "no face")
	write(t, dir, "west/twin/a.jpg", fmt.Sprint(1000, 7))                  // q00 again
	write(t, dir, "exclude.csv", "person_1,person_2\nq00,twin\np07,p07\n") // the last row says nothing
	write(t, dir, "README.txt", "not a photo")
	return dir
}

func calibration(t *testing.T) *models.Calibration {
	t.Helper()
	c, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRun(t *testing.T) {
	dir := folder(t)
	calls, last := 0, 0
	r, err := Run(context.Background(), dir, fake{}, calibration(t), Options{Workers: 3, Progress: func(_ string, done, total int) {
		calls++
		if total != 172 || done != last+1 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}})
	if err != nil {
		t.Fatal(err)
	}
	east, west := r.Groups["east"], r.Groups["west"]
	if calls != 172 || east.Persons != 60 || east.Photos != 120 || east.MatedPairs != 60 || east.ImpostorPairs != 120*119/2-60 {
		t.Errorf("%d calls, east %+v", calls, east)
	}
	if west.Persons != 52 || west.ImpostorPairs != 51*50/2-1 || math.Abs(*west.FTE-1.0/52) > 1e-12 || west.Refused[watchlist.FaceNone] != 1 {
		t.Errorf("west %+v", west)
	}
	if *east.Rank1 != 1 || *east.Top5 != 1 || *east.FNMRAtFMR["1e-3"] != 0 || east.GallerySize != 60 || east.MatedSearches != 60 {
		t.Errorf("easy mates are missed: %+v", east)
	}
	if east.FNMRAtFMR["1e-4"] != nil || west.Rank1 != nil || east.FNIRAtFPIR["0.01"] != nil {
		t.Error("a figure is given that the folder is too small for")
	}
	if r.Pooled.Photos != 172 || r.Pooled.GallerySize != 111 || *r.Pooled.FNIRAtFPIR["0.01"] != 0 {
		t.Errorf("pool %+v", r.Pooled)
	}
	if got := r.StagesMS["total"]; got.Photos != 171 || got.P50 < 1 || got.P50 > 1.002 {
		t.Errorf("stages %+v", r.StagesMS)
	}
	checkShape(t, r)
}

// checkShape: the JSON has the fields that its readers count on, and neither it
// nor the Markdown tells persons.
func checkShape(t *testing.T, r *Report) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var shape struct {
		Groups map[string]map[string]any `json:"groups"`
		Pooled map[string]any            `json:"pooled"`
		Stages map[string]any            `json:"stages_ms"`
	}
	if err := json.Unmarshal(b.Bytes(), &shape); err != nil {
		t.Fatal(err)
	}
	for _, m := range []map[string]any{shape.Pooled, shape.Groups["east"]} {
		for _, key := range []string{"persons", "photos", "mated_pairs", "fnmr_at_fmr", "fte", "rank1", "top5", "fnir_at_fpir", "fmr_ratio_worst_best"} {
			if _, ok := m[key]; !ok {
				t.Errorf("no %s in the JSON", key)
			}
		}
	}
	for _, text := range []string{b.String(), r.Markdown()} {
		if strings.Contains(text, "p07") || strings.Contains(text, "twin") {
			t.Error("the report names a person")
		}
	}
	if md := r.Markdown(); !strings.Contains(md, "| east | 60 | 120 | 60 |") || !strings.Contains(md, "**pooled**") {
		t.Errorf("markdown:\n%s", md)
	}
}

func TestDigestOfTheFolder(t *testing.T) {
	dir := folder(t)
	load := func() string {
		s, err := Load(context.Background(), dir, fake{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.InputSHA256
	}
	first := load()
	if load() != first || len(first) != 64 {
		t.Error("the same folder has two digests")
	}
	write(t, dir, "east/p00/a.jpg", "0 5")
	second := load()
	write(t, dir, "exclude.csv", "q01,twin\n")
	if third := load(); second == first || third == second {
		t.Error("a change of a photo or of the exclusions does not show")
	}
}

func TestFaults(t *testing.T) {
	dir := folder(t)
	c := calibration(t)
	if _, err := Run(context.Background(), t.TempDir(), fake{}, c, Options{}); err == nil {
		t.Error("an empty folder gave no error")
	}
	if _, err := Run(context.Background(), filepath.Join(dir, "none"), fake{}, c, Options{}); err == nil {
		t.Error("a missing folder gave no error")
	}
	broken := errors.New("broken engine")
	for _, fault := range []error{broken, &watchlist.FaceError{Code: watchlist.FaceEngineAbsent, Err: broken}} {
		if _, err := Run(context.Background(), dir, fake{fail: fault}, c, Options{Workers: 2}); !errors.Is(err, broken) {
			t.Errorf("a fault of the engine became %v", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, dir, fake{}, c, Options{Workers: 1, Progress: func(_ string, done, _ int) {
		if done == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	write(t, dir, "exclude.csv", "a,b,c\n")
	if _, err := Run(context.Background(), dir, fake{}, c, Options{}); err == nil || !strings.Contains(err.Error(), "exclude.csv") {
		t.Errorf("a broken exclude.csv: %v", err)
	}
}

func TestCalibrateRefusesASmallFolder(t *testing.T) {
	_, _, err := Calibrate(context.Background(), folder(t), "", fake{}, nil, Options{})
	if err == nil || !strings.Contains(err.Error(), "unbalanced cohort") {
		t.Errorf("got %v", err)
	}
}

func TestFoldsMarkdown(t *testing.T) {
	md := FoldsMarkdown(models.CalibrationData{Folds: []models.FoldResult{
		{Fold: "A", Group: "g", Persons: 10, MatedPairs: 30, ImpostorPairs: 1000, FNMR1e3: 0.2},
		{Fold: "B", Group: "g", Persons: 12, MatedPairs: 10, ImpostorPairs: 3000, FNMR1e3: 0.4, SharedFMR: 0.002},
	}})
	if want := "| both | g | 22 | 40 | 4000 | 25.0 % | 0 % | 0 % | 0.15 % | 0 % |"; !strings.Contains(md, want) {
		t.Errorf("no row %q in\n%s", want, md)
	}
}
