package matcher

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// Against scores a template by the first value of the gallery's own part, for
// entries with a face of its model.
func (g *besideGallery) Against(q watchlist.FaceQuery, e *watchlist.Entry) (func([]float32) (watchlist.FaceMatch, error), bool) {
	ok := false
	for _, f := range e.Faces {
		ok = ok || f.Model == g.model
	}
	return func(t []float32) (watchlist.FaceMatch, error) {
		q.Template = t
		g.check(q)
		return watchlist.FaceMatch{Entry: e.ID, Score: float64(t[g.dim-128])}, nil
	}, ok
}

// A population of composite templates is shown an entry in both spaces, each under
// its own threshold; a person counts once. One of dlib alone can't say who would be
// shown the photos of both encoders.
func TestPopulationWithTwoEncoders(t *testing.T) {
	// Scores of each person in the spaces of dlib (threshold 0.5) and of both (0.4).
	scores := [][2]float64{{0.6, 0.1}, {0.1, 0.45}, {0.6, 0.45}, {0.45, 0.1}, {0.1, 0.1}}
	held := &people{about: watchlist.Population{
		Digest: "d2", Model: bothModel, Groups: []watchlist.PopulationGroup{{Name: "a", Persons: len(scores), Photos: len(scores)}},
	}}
	for _, s := range scores {
		v := composite().Template
		v[0], v[128] = float32(s[0]), float32(s[1])
		held.group, held.faces = append(held.group, 0), append(held.faces, [][]float32{v})
	}
	w := newTwoWorld(t)
	impact := func(p Population, entry int) watchlist.Impact {
		c := w.config()
		c.Population, c.Replayer, c.Second.Replayer = p, w.first, w.second
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		m.compare = w.comparators()
		q := impactQuery()
		q.Entry = id(entry)
		out, err := m.Impact(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		return *out
	}
	got := map[int]int{}
	for entry := 1; entry <= 3; entry++ {
		out := impact(held, entry)
		if out.Population.State != watchlist.PopulationReplayed {
			t.Errorf("entry %d: %s", entry, out.Population.State)
		}
		got[entry] = out.Population.All.Shown
	}
	if d := cmp.Diff(map[int]int{1: 3, 2: 2, 3: 2}, got); d != "" {
		t.Errorf("persons shown (-want +got)\n%s", d)
	}
	dlib := newPeople([][]float64{{0.9}, {0.1}, {0.1}})
	if out := impact(dlib, 3); out.Population.State != watchlist.PopulationOtherModel {
		t.Errorf("a population of dlib alone: %+v", out.Population)
	}
	c := w.config()
	c.Population, c.Replayer = held, w.first
	if _, err := New(c); err == nil {
		t.Error("a second gallery without replayer was accepted")
	}
}
