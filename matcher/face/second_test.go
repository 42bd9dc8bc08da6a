package face

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/matcher/face/onnx"
	"vigie/matcher/face/onnx/onnxtest"
	"vigie/models"
	"vigie/watchlist"
)

// twofold gives an engine with a second encoder.
func twofold(t *testing.T, o onnx.Options) *Engine {
	t.Helper()
	engine(t) // skips without models
	e, err := NewEngine(Options{ModelDir: modelDir, Workers: 2, Second: &o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// specimenEncoder is an encoder of SFace's shape that the test builds itself.
func specimenEncoder(t *testing.T, mirror string) onnx.Options {
	t.Helper()
	o := onnx.Options{Library: onnxtest.Library(t, "../.."), Model: onnxtest.Write(t, 128, "nchw"), Recipe: onnxtest.Recipe(128, "nchw")}
	o.Recipe.Mirror = mirror
	return o
}

// A composite template is the dlib template, and after it the second encoder's
// values. What is compared between photos stays what it is without it.
func TestCompositeTemplate(t *testing.T) {
	photo := watchlist.Photo{Bytes: jpegOf(t, dlib.Specimen(), 90)}
	for _, mirror := range []string{models.MirrorNone, models.MirrorReferences, models.MirrorBoth} {
		o := specimenEncoder(t, mirror)
		e, plain := twofold(t, o), engine(t)
		if e.Model() != models.DlibModel+"+specimen-nchw/1" {
			t.Fatalf("model %s", e.Model())
		}
		if forward, err := e.SecondTest(); err != nil || forward <= 0 {
			t.Errorf("self-test: %v, %v", forward, err)
		}
		probe, stages, err := e.Extract(context.Background(), photo)
		if err != nil || probe.Model != e.Model() || len(probe.Template) != 256 {
			t.Fatalf("%d values of %s, %v", len(probe.Template), probe.Model, err)
		}
		if !slices.ContainsFunc(stages, func(s watchlist.StageTime) bool { return s.Stage == StageSecond }) {
			t.Errorf("stages %v", stages)
		}
		want, err := extract(t, plain, photo.Bytes)
		if err != nil || !slices.Equal(probe.Template[:128], want.Template) {
			t.Errorf("the dlib part is not the dlib template, %v", err)
		}
		enrolled, _, err := e.Enrol(context.Background(), photo)
		if err != nil || len(enrolled.Template) != 256 {
			t.Fatalf("%d values, %v", len(enrolled.Template), err)
		}
		same := slices.Equal(enrolled.Template[128:], probe.Template[128:])
		if same != (mirror != models.MirrorReferences) {
			t.Errorf("mirror %s: reference and probe encodings equal: %v", mirror, same)
		}
		both, reference, _, err := e.Both(context.Background(), photo)
		if err != nil || !slices.Equal(both.Template, probe.Template) || !slices.Equal(reference, enrolled.Template) {
			t.Errorf("Both gives other templates, %v", err)
		}
	}
}

// The same photo gives the same template bytes on every run and every worker.
func TestCompositeTemplateIsStable(t *testing.T) {
	for name, o := range map[string]onnx.Options{"specimen": specimenEncoder(t, models.MirrorReferences), "evaluation": evaluationEncoder(t)} {
		t.Run(name, func(t *testing.T) {
			if o.Model == "" {
				t.Skip("SKIPPED: no evaluation model; run `make models-eval`")
			}
			e, photo := twofold(t, o), watchlist.Photo{Bytes: jpegOf(t, dlib.Specimen(), 90)}
			want, _, err := e.Enrol(context.Background(), photo)
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					got, _, err := e.Enrol(context.Background(), photo)
					if err != nil || !slices.Equal(got.Template, want.Template) {
						t.Errorf("another template of the same photo, %v", err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// evaluationEncoder is what `make models-eval` installs, or no model.
func evaluationEncoder(t *testing.T) onnx.Options {
	t.Helper()
	r, err := models.OpenRecipe("faceplugin-0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("../../var/models-eval", r.File.Name)
	if _, err := os.Stat(path); err != nil {
		return onnx.Options{}
	}
	return onnx.Options{Library: onnxtest.Library(t, "../.."), Model: path, Recipe: r}
}

// An engine without library or model does not start, and says which is missing.
func TestSecondEncoderAbsent(t *testing.T) {
	engine(t) // skips without models
	o := specimenEncoder(t, models.MirrorNone)
	for what, change := range map[string]func(o *onnx.Options){
		"libnone.so": func(o *onnx.Options) { o.Library = "/nowhere/libnone.so" },
		"none.onnx":  func(o *onnx.Options) { o.Model = "/nowhere/none.onnx" },
	} {
		bad := o
		change(&bad)
		if _, err := NewEngine(Options{ModelDir: modelDir, Workers: 1, Second: &bad}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// moody is a second encoder that fails, or changes its mind.
type moody struct {
	err   error
	calls float32
}

func (m *moody) Embed(*onnx.Chip) ([]float32, error) {
	m.calls++
	return append(make([]float32, 127), m.calls), m.err
}

func (m *moody) Close() {}

// A second encoder that fails makes the photo fail: no template lacks its half.
func TestSecondEncoderFails(t *testing.T) {
	pool, err := openPoolOrSkip(t)
	if err != nil {
		t.Fatal(err)
	}
	e, m := newEngine(Options{Workers: 1}), &moody{}
	e.fill(pool)
	e.second = &second{recipe: onnxtest.Recipe(128, "nchw"), idle: make(chan chipEncoder, 1), count: 1}
	e.second.idle <- m
	defer e.Close()
	if _, err := e.SecondTest(); err == nil || !strings.Contains(err.Error(), "different encodings") {
		t.Errorf("an encoder that changes its mind: %v", err)
	}
	m.err = errors.New("broken")
	_, stages, err := e.Extract(context.Background(), watchlist.Photo{Bytes: jpegOf(t, dlib.Specimen(), 90)})
	var refused *watchlist.FaceError
	if !errors.Is(err, m.err) || errors.As(err, &refused) || len(stages) == 0 {
		t.Errorf("a fault of the encoder: %v", err)
	}
	if len(e.second.idle) != 1 {
		t.Error("the encoder is lost")
	}
}

func openPoolOrSkip(t *testing.T) ([]recogniser, error) {
	t.Helper()
	engine(t)
	return openPool(modelDir, 1)
}
