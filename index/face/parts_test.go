package face

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"vigie/index/face/file"
	"vigie/index/indextest"
	"vigie/models"
	"vigie/watchlist"
)

// The spaces of a node with a second encoder, and templates of one face: of dlib
// alone, of both encoders, and of dlib with an encoder that the node does not have.
type twoSpaces struct {
	t         *testing.T
	dlib, two *models.Calibration
	rng       *rand.Rand
}

func newTwoSpaces(t *testing.T) *twoSpaces {
	t.Helper()
	r, err := models.OpenRecipe("faceplugin-0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	two, err := models.BuiltinCalibration(r.CompositeModel())
	if err != nil {
		t.Fatal(err)
	}
	dlib, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	return &twoSpaces{t, dlib, two, rand.New(rand.NewPCG(5, 8))}
}

func (s *twoSpaces) face(id, model string, dim int) watchlist.Face {
	v := indextest.Template(s.rng, dim)
	// Around the cohort's mean, as real ones are: two photos do not agree then.
	for i, m := range slices.Concat(s.dlib.Data().Mean, s.two.Data().Parts[1].Mean)[:dim] {
		v[i] = 0.4*v[i] + float32(m)
	}
	return watchlist.Face{ID: id, Model: model, Template: watchlist.EncodeTemplate(v)}
}

// entry has a photo of each kind, one that no gallery can compare, and one of both
// encoders that is broken.
func (s *twoSpaces) entry(n int) *watchlist.Entry {
	e := entryOf(n)
	e.Faces = []watchlist.Face{
		s.face("plain", s.dlib.Model(), 128), s.face("both", s.two.Model(), 640),
		s.face("other", s.dlib.Model()+watchlist.ModelJoin+"sface/2021dec", 256), s.face("alien", "alien/1", 128),
		{ID: "broken", Model: s.two.Model(), Template: []byte{1, 2, 3}},
	}
	return e
}

// best is the photo that a gallery finds for the dlib half, or the whole, of a face
// of the entry, "" for none.
func (s *twoSpaces) best(g *Gallery, e *watchlist.Entry, at int) string {
	s.t.Helper()
	template, err := watchlist.DecodeTemplate(e.Faces[at].Template)
	if err != nil {
		s.t.Fatal(err)
	}
	model, c := g.Model(), s.dlib
	if model == s.two.Model() {
		c = s.two
	}
	part, ok := c.Part(e.Faces[at].Model, template)
	if !ok {
		s.t.Fatalf("%s has no part of %s", model, e.Faces[at].Model)
	}
	got, _, err := g.Search(context.Background(), watchlist.FaceQuery{Template: part, Model: model, K: 1, MinScore: 0.999}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	compared, err := g.Compare(context.Background(), watchlist.FaceQuery{Template: part, Model: model, MinScore: 0.999}, []*watchlist.Entry{e})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(got) == 0 {
		if len(compared) > 0 && compared[0].Score >= 0.999 {
			s.t.Errorf("%s: compared with %s, which it does not hold", model, compared[0].Face)
		}
		return ""
	}
	if got[0].Entry != e.ID || len(compared) != 1 || compared[0].Face != got[0].Face {
		s.t.Errorf("%s finds %v, compares %v", model, got[0], compared)
	}
	return got[0].Face
}

// TestPartsOfCompositeTemplates: dlib's space finds composite templates by their
// dlib half. Beside the gallery of the node's own encoder it leaves that one's to
// it, so that every photo is in one gallery and only one.
func TestPartsOfCompositeTemplates(t *testing.T) {
	s := newTwoSpaces(t)
	list := []*watchlist.Entry{s.entry(1), s.entry(2)}
	gallery := func(c *models.Calibration, elsewhere string) *Gallery {
		g := New(c, Options{Elsewhere: elsewhere})
		t.Cleanup(func() { _ = g.Close() })
		if err := g.Rebuild(listed(list), 1); err != nil {
			t.Fatal(err)
		}
		return g
	}
	alone, beside, fused := gallery(s.dlib, ""), gallery(s.dlib, s.two.Model()), gallery(s.two, s.dlib.Model())
	for _, c := range []struct {
		name          string
		g             *Gallery
		size, skipped int
		finds         []int // places of the faces
	}{
		{"dlib alone", alone, 6, 4, []int{0, 1, 2}},
		{"dlib beside the second", beside, 4, 2, []int{0, 2}},
		{"both encoders", fused, 2, 4, []int{1}},
	} {
		if c.g.Size() != c.size || c.g.Skipped() != c.skipped {
			t.Errorf("%s: %d templates, %d skipped, want %d and %d", c.name, c.g.Size(), c.g.Skipped(), c.size, c.skipped)
		}
		for at, name := range []string{"plain", "both", "other"} {
			want := ""
			if slices.Contains(c.finds, at) {
				want = name
			}
			if c.g == fused && want == "" {
				continue // the fused space makes no probe of it either
			}
			if got := s.best(c.g, list[0], at); got != want {
				t.Errorf("%s: %s is found as %q", c.name, name, got)
			}
		}
	}
	if got := beside.Apart(list[0].Faces); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("apart beside the second: %v", got)
	}
}

// TestDividedFiles: files of a gallery that held composite templates are not
// taken for one that leaves them to another, nor the other way round.
func TestDividedFiles(t *testing.T) {
	s := newTwoSpaces(t)
	dir, key := t.TempDir(), newKey(t)
	open := func(elsewhere string) *Keeper {
		k := Keep(New(s.dlib, Options{Elsewhere: elsewhere}), file.NewDir(dir, key), KeepOptions{Calibration: s.dlib.Version()})
		k.Recall("r1")
		return k
	}
	list := []*watchlist.Entry{s.entry(1)}
	for _, step := range []struct {
		elsewhere string
		loaded    int // templates of the files of the step before
		size      int
	}{{"", 0, 3}, {"", 3, 3}, {s.two.Model(), 0, 2}, {s.two.Model(), 2, 2}, {"", 0, 3}} {
		k := open(step.elsewhere)
		if k.Size() != step.loaded {
			t.Errorf("beside %q: %d templates loaded, want %d", step.elsewhere, k.Size(), step.loaded)
		}
		if step.loaded == 0 {
			if err := k.Rebuild(listed(list), 1); err != nil {
				t.Fatal(err)
			}
		}
		if k.Size() != step.size {
			t.Errorf("beside %q: %d templates, want %d", step.elsewhere, k.Size(), step.size)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
