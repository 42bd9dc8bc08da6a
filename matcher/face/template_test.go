package face

import (
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// spy notes what its worker encodes.
type spy struct {
	recogniser
	mu   sync.Mutex
	seen [][128]float32
}

func (s *spy) Embed(chip dlib.Pixels) ([128]float32, error) {
	t, err := s.recogniser.Embed(chip)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, t)
	return t, err
}

// spied gives an engine of one worker that is watched.
func spied(t *testing.T) (*Engine, *spy) {
	t.Helper()
	engine(t) // skips without models
	pool, err := openPool(modelDir, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, s := newEngine(Options{Workers: 1}), &spy{recogniser: pool[0]}
	e.fill([]recogniser{s})
	t.Cleanup(func() { e.Close() })
	return e, s
}

// The first crop of a reference template is go-face's chip: for a photo up to the
// size searched, its encoding is go-face's template of the very file. No step of
// the pipeline adds or takes anything.
func TestFirstEncodingIsGoFaces(t *testing.T) {
	e, s := spied(t)
	ref, err := dlib.OpenReference(modelDir)
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	files := [][]byte{jpegOf(t, dlib.Specimen(), 90), jpegOf(t, crowd(1, 1, 790), 80)}
	root := os.Getenv("VIGIE_TESTDATA")
	if root == "" {
		root = "../../../shared/data"
	}
	for _, folder := range []string{"congress/a_2017_2021_512", "nigeria_officials/img_250", "london_frll/img_675"} {
		names, _ := filepath.Glob(filepath.Join(root, "faces", folder, "*.jpg"))
		for i := 0; i < len(names); i += max(len(names)/5, 1) {
			files = append(files, readFile(t, names[i]))
		}
	}
	compared := 0
	for i, file := range files {
		want, err := ref.Faces(file)
		if err != nil || len(want) != 1 {
			continue // more than one face, or one that only the second look finds
		}
		s.seen = nil
		got, _, err := e.Enrol(context.Background(), watchlist.Photo{Bytes: file})
		if err != nil || len(s.seen) != 4 || s.seen[0] != want[0].Template {
			t.Errorf("photo %d: the first of %d encodings is not go-face's template, or %v", i, len(s.seen), err)
			continue
		}
		all := encodings{s.seen[0], s.seen[1], s.seen[2], s.seen[3]}
		if !slices.Equal(got.Template, all.join(referenceCrops)) {
			t.Errorf("photo %d: the template is not made of its four encodings", i)
		}
		compared++
	}
	if compared < 2 {
		t.Errorf("%d photos were compared", compared)
	}
}

// Both gives what Extract and Enrol give. A probe takes two encodings, and probe
// and reference of one photo are alike.
func TestProbeAndReference(t *testing.T) {
	e, s := spied(t)
	photo := watchlist.Photo{Bytes: jpegOf(t, dlib.Specimen(), 90)}
	probe, reference, stages, err := e.Both(context.Background(), photo)
	if err != nil || stages[len(stages)-1].Stage != StageReference || len(s.seen) != 4 {
		t.Fatalf("%v, stages %v, %d encodings", err, stages, len(s.seen))
	}
	s.seen = nil
	extracted, err := extract(t, e, photo.Bytes)
	if err != nil || !slices.Equal(extracted.Template, probe.Template) || len(s.seen) != 2 {
		t.Errorf("Extract gives another template after %d encodings, %v", len(s.seen), err)
	}
	enrolled, _, err := e.Enrol(context.Background(), photo)
	if err != nil || !slices.Equal(enrolled.Template, reference) {
		t.Errorf("Enrol gives another template, %v", err)
	}
	if d := distance(reference, probe.Template); d == 0 || d > 0.15 {
		t.Errorf("reference and probe are %.3f apart", d)
	}
	if enrolled.Model != extracted.Model {
		t.Error("reference and probe could not be compared")
	}
}

func TestJoin(t *testing.T) {
	var e encodings
	e[cropChipMirror][0], e[cropSteady][1] = 7, 0.5
	got := e.join(probeCrops)
	if want := float32(math.Sqrt(0.5)); math.Abs(float64(got[0]-want)) > 1e-7 || got[0] != got[1] || got[2] != 0 {
		t.Errorf("the mean direction of two axes is %v", got[:3])
	}
	e[cropSteady] = [128]float32{}
	if err := watchlist.CheckTemplate(e.join(probeCrops)); err == nil {
		t.Error("an encoding without direction gives a template")
	}
}

// numbered encodes a chip to its first value; one fails.
type numbered struct {
	recogniser
	fault  error
	panics bool
	used   int
	cut    int
}

func (n *numbered) Embed(chip dlib.Pixels) (t [128]float32, err error) {
	n.used++
	if n.panics {
		panic("no")
	}
	t[0] = float32(chip.Pix[0])
	return t, n.fault
}

func (n *numbered) Steady(dlib.Pixels, image.Rectangle) (dlib.Pixels, error) {
	n.cut++
	chip := dlib.NewPixels(2, 1)
	copy(chip.Pix, []byte{3, 3, 3, 4, 4, 4})
	return chip, nil
}

// An idle worker takes half of the crops and goes back to the pool, whatever
// becomes of them; a busy one is not waited for.
func TestIdleWorkerHelps(t *testing.T) {
	fresh := func() *aligned {
		f := &aligned{Aligned: dlib.Aligned{Chip: dlib.NewPixels(2, 1)}}
		copy(f.Chip.Pix, []byte{1, 1, 1, 2, 2, 2})
		return f
	}
	e := newEngine(Options{Workers: 2})
	own, helper := &numbered{}, &numbered{}
	e.fill([]recogniser{helper})
	check := func(want [4]float32) {
		t.Helper()
		var out encodings
		if err := e.embed(own, fresh(), referenceCrops, &out); err != nil {
			t.Fatal(err)
		}
		if got := [4]float32{out[0][0], out[1][0], out[2][0], out[3][0]}; got != want {
			t.Errorf("encodings %v instead of %v", got, want)
		}
	}
	check([4]float32{1, 2, 3, 4})
	if own.used != 2 || helper.used != 2 || own.cut != 0 || helper.cut != 1 || len(e.workers) != 1 {
		t.Errorf("used %d and %d, %d workers in the pool", own.used, helper.used, len(e.workers))
	}
	var out encodings
	helper.fault = errors.New("broken")
	if err := e.embed(own, fresh(), probeCrops, &out); !errors.Is(err, helper.fault) || len(e.workers) != 1 {
		t.Errorf("%v, %d workers in the pool", err, len(e.workers))
	}
	helper.panics = true
	func() {
		defer func() {
			if recover() == nil || len(e.workers) != 1 {
				t.Errorf("no panic, or %d workers in the pool", len(e.workers))
			}
		}()
		_ = e.embed(own, fresh(), probeCrops, &out)
	}()
	<-e.workers
	check([4]float32{1, 2, 3, 4})
}
