package matcher

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// people are a population whose persons' fake scores with the entry are given by
// group.
type people struct {
	about watchlist.Population
	group []int
	faces [][][]float32
}

func newPeople(groups ...[][]float64) *people {
	p := &people{about: watchlist.Population{Digest: "d1", Model: testModel}}
	for g, persons := range groups {
		pg := watchlist.PopulationGroup{Name: string(rune('a' + g)), Persons: len(persons)}
		for _, scores := range persons {
			var list [][]float32
			for _, s := range scores {
				list = append(list, sample(s).Template)
			}
			pg.Photos += len(list)
			p.group, p.faces = append(p.group, g), append(p.faces, list)
		}
		p.about.Groups = append(p.about.Groups, pg)
	}
	return p
}

func (p *people) About() watchlist.Population     { return p.about }
func (p *people) Persons() int                    { return len(p.faces) }
func (p *people) Person(i int) (int, [][]float32) { return p.group[i], p.faces[i] }
func (f fakeGallery) low(e *watchlist.Entry) bool { return f.w.faces[e.ID] < 0 }
func (w *world) held(p Population) (c Config) {
	c = w.config()
	c.Population, c.Replayer = p, fakeGallery{w}
	return c
}

// Against scores a template by its first value, for entries that have a face.
func (f fakeGallery) Against(q watchlist.FaceQuery, e *watchlist.Entry) (func([]float32) (watchlist.FaceMatch, error), bool) {
	return func(t []float32) (watchlist.FaceMatch, error) {
		f.w.boom("against")
		return watchlist.FaceMatch{Entry: e.ID, Score: float64(t[0]), LowQuality: f.low(e)}, nil
	}, len(e.Faces) > 0
}

// replayed asks for the impact of an entry on a population.
func replayed(t *testing.T, w *world, p Population) *watchlist.Impact {
	t.Helper()
	m, err := New(w.held(p))
	if err != nil {
		t.Fatal(err)
	}
	m.compare = w.comparators()
	out, err := m.Impact(context.Background(), impactQuery())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Persons count once, photos and groups as they are; who scores as high as the
// calibration can tell may be the listed person.
func TestReplayPopulation(t *testing.T) {
	w := newWorld()
	faceOf(w.add(1, 0.9), "a", 0.01, testModel)
	many := make([][]float64, 200)
	for i := range many {
		many[i] = []float64{0.1}
	}
	many[77] = []float64{0.51, 0.2, 0.6} // one stranger, two photos
	p := newPeople(many, [][]float64{{0.49}, {1}, {0.5}})
	got := replayed(t, w, p)
	r := got.Population
	if r.State != watchlist.PopulationReplayed || got.Models["population"] != "d1" || len(r.Groups) != 2 {
		t.Fatalf("%+v", r)
	}
	shown := func(g watchlist.GroupImpact) [4]int { return [4]int{g.Persons, g.Photos, g.Shown, g.MayBe} }
	if d := cmp.Diff([3][4]int{{200, 202, 1, 0}, {3, 3, 2, 1}, {203, 205, 3, 1}}, [3][4]int{shown(r.Groups[0]), shown(r.Groups[1]), shown(r.All)}); d != "" {
		t.Error(d)
	}
	if g := r.Groups[0]; g.Rate != 0.005 || !(g.Low < g.Rate && g.Rate < g.High) {
		t.Errorf("%+v", g)
	}
	// A reference of low quality has a stricter threshold here too: the fake's is 1
	// less a quarter of the false match rate.
	w.faces[id(1)] = -0.5
	if r := replayed(t, w, p).Population; r.All.Shown != 1 {
		t.Errorf("at the stricter threshold %d are shown", r.All.Shown)
	}
}

func TestReplayPopulationStates(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	some := newPeople([][]float64{{1}})
	other := newPeople([][]float64{{1}})
	other.about.Model = "another"
	broken := newPeople()
	broken.about.State = watchlist.PopulationUnreadable
	for want, p := range map[watchlist.PopulationState]Population{
		watchlist.PopulationNone: nil, watchlist.PopulationOtherModel: other, watchlist.PopulationUnreadable: broken, watchlist.PopulationReplayed: some,
	} {
		got := replayed(t, w, p)
		if r := got.Population; r.State != want || (len(r.Groups) > 0 || got.Models["population"] != "") != (want == watchlist.PopulationReplayed) {
			t.Errorf("%s: %+v", want, r)
		}
	}
	e.Faces = nil
	if r := replayed(t, w, some).Population; r.State != watchlist.PopulationNoFace || r.All.Persons != 0 {
		t.Errorf("without a face: %+v", r)
	}
}

func TestReplayPopulationFails(t *testing.T) {
	w := newWorld()
	faceOf(w.add(1, 0.9), "a", 0.01, testModel)
	m, err := New(w.held(newPeople([][]float64{{1}})))
	if err != nil {
		t.Fatal(err)
	}
	w.panicIn = "against"
	if _, err := m.Impact(context.Background(), impactQuery()); err == nil {
		t.Error("a panic gave an answer")
	}
	w.panicIn = ""
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Impact(ended, impactQuery()); err == nil {
		t.Error("an ended context gave an answer")
	}
	c := w.held(newPeople())
	c.Replayer = nil
	if _, err := New(c); err == nil {
		t.Error("a population without a replayer was accepted")
	}
}

// The interval's ends are those of the published tables: none of 30 (rule of three
// and a bit), 1 of 10, 5 of 10, all of 20.
func TestClopperPearson(t *testing.T) {
	for _, x := range []struct {
		k, n      int
		low, high float64
	}{{0, 30, 0, 0.1157}, {1, 10, 0.0025, 0.4450}, {5, 10, 0.1871, 0.8129}, {20, 20, 0.8316, 1}, {0, 0, 0, 1}} {
		low, high := clopperPearson(x.k, x.n)
		if math.Abs(low-x.low) > 5e-5 || math.Abs(high-x.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", x.k, x.n, low, high, x.low, x.high)
		}
	}
}
