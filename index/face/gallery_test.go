package face

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// unitSpace scales templates to unit norm and changes nothing else.
type unitSpace struct {
	model string
	agree float64 // the score from which photos are compared as one; 0 for none
}

func (s unitSpace) Model() string { return s.model }

func (s unitSpace) Agreement() float64 {
	if s.agree == 0 {
		return math.Inf(1)
	}
	return s.agree
}

func (s unitSpace) Project(t []float32) ([]float32, error) {
	if t[0] == refused {
		return nil, errors.New("refused")
	}
	n := 0.0
	for _, v := range t {
		n += float64(v) * float64(v)
	}
	n = math.Sqrt(n)
	p := make([]float32, len(t))
	for i, v := range t {
		p[i] = float32(float64(v) / n)
	}
	return p, nil
}

// refused as first value makes unitSpace refuse a template.
const refused = 77

func testGallery(t testing.TB) *Gallery { return openGallery(t, Options{}) }

func openGallery(t testing.TB, o Options) *Gallery {
	g := New(unitSpace{model: indextest.Model}, o)
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestConformance(t *testing.T) {
	indextest.Run(t, testGallery, func(ctx context.Context, g *Gallery, e *watchlist.Entry) ([]watchlist.EntryID, error) {
		if len(e.Faces) == 0 {
			return nil, nil
		}
		template, err := watchlist.DecodeTemplate(e.Faces[0].Template)
		if err != nil {
			return nil, err
		}
		found, _, err := g.Search(ctx, watchlist.FaceQuery{Template: template, Model: e.Faces[0].Model, K: 50, MinScore: 0.9}, nil)
		var out []watchlist.EntryID
		for _, m := range found {
			out = append(out, m.Entry)
		}
		return out, err
	})
}

func entryID(n int) watchlist.EntryID {
	return watchlist.NewEntryID("UTO", fmt.Sprintf("01920000-0000-7000-8000-%012x", n))
}

// numberedEntry makes an active entry with one face whose id is no other's.
func numberedEntry(n int, template []float32) *watchlist.Entry {
	e := entryOf(n, template)
	e.Faces[0].ID = fmt.Sprintf("00000000-0000-7000-8000-%012x", n)
	return e
}

// entryOf makes an active entry with a face per template; face ids are "f0", "f1"….
func entryOf(n int, templates ...[]float32) *watchlist.Entry {
	e := &watchlist.Entry{ID: entryID(n), Status: watchlist.StatusActive}
	for i, t := range templates {
		e.Faces = append(e.Faces, watchlist.Face{
			ID: fmt.Sprintf("f%d", i), Model: indextest.Model, Template: watchlist.EncodeTemplate(t),
		})
	}
	return e
}

func mustApply(t testing.TB, g *Gallery, entries ...*watchlist.Entry) {
	t.Helper()
	var changes []watchlist.Change
	for _, e := range entries {
		changes = append(changes, watchlist.Change{ID: e.ID, Entry: e})
	}
	if err := g.Apply(changes, g.Applied()+1); err != nil {
		t.Fatal(err)
	}
}

func query(template []float32, k int, low float64) watchlist.FaceQuery {
	return watchlist.FaceQuery{Template: template, Model: indextest.Model, K: k, MinScore: low}
}

func TestOtherModelIsNeverCompared(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	tpl := indextest.Template(rng, 128)
	foreign := entryOf(1, tpl)
	foreign.Faces[0].Model = "another/model"
	bad := append([]float32{refused}, tpl[1:]...)
	long := indextest.Template(rng, 512)
	g := testGallery(t)
	mustApply(t, g, foreign, entryOf(2, tpl, bad, long))
	if got := g.Size(); got != 1 {
		t.Errorf("Size() = %d, want 1", got)
	}
	if got := g.Skipped(); got != 3 {
		t.Errorf("Skipped() = %d, want 3: another model's, a refused one, one of another length", got)
	}
	found, _, err := g.Search(context.Background(), query(tpl, 10, -1), nil)
	if err != nil || len(found) != 1 || found[0].Entry != entryID(2) {
		t.Errorf("Search = %v, %v, want entry 2 alone", found, err)
	}
	mustApply(t, g, entryOf(1, tpl), entryOf(2, tpl))
	if g.Size() != 2 || g.Skipped() != 0 {
		t.Errorf("after mending: Size %d, Skipped %d, want 2 and 0", g.Size(), g.Skipped())
	}

	_, err = g.Compare(context.Background(), watchlist.FaceQuery{Template: tpl, Model: "another/model"}, nil)
	wantFaceError(t, err, watchlist.FaceModelMismatch)
	_, _, err = g.Search(context.Background(), watchlist.FaceQuery{Template: tpl, Model: "another/model", K: 1}, nil)
	wantFaceError(t, err, watchlist.FaceModelMismatch)
	for name, q := range map[string][]float32{
		"refused": bad, "short": tpl[:100], "empty": nil, "zero": make([]float32, 128),
		"NaN": append([]float32{float32(math.NaN())}, tpl[1:]...), "Inf": append([]float32{float32(math.Inf(1))}, tpl[1:]...),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := g.Search(context.Background(), query(q, 1, -1), nil)
			wantFaceError(t, err, watchlist.FaceBadTemplate)
		})
	}
}

func wantFaceError(t *testing.T, err error, code string) {
	t.Helper()
	var fe *watchlist.FaceError
	if !errors.As(err, &fe) || fe.Code != code {
		t.Errorf("error %v, want a FaceError %s", err, code)
	}
}

func TestSearchRefusesNonsense(t *testing.T) {
	g := testGallery(t)
	tpl := indextest.Template(rand.New(rand.NewPCG(1, 1)), 128)
	for _, q := range []watchlist.FaceQuery{query(tpl, 0, 0), query(tpl, -1, 0), query(tpl, 1, math.NaN())} {
		if _, _, err := g.Search(context.Background(), q, nil); err == nil {
			t.Errorf("K %d, MinScore %v: no error", q.K, q.MinScore)
		}
	}
	mustApply(t, g, entryOf(1, tpl))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := g.Search(ctx, query(tpl, 1, -1), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled search: error %v", err)
	}
	if err := g.Apply(nil, 0); err == nil {
		t.Error("Apply before the applied index: no error")
	}
}

func TestCompareEqualsSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	g := testGallery(t)
	var entries []*watchlist.Entry
	for n := range 30 {
		entries = append(entries, entryOf(n, indextest.Template(rng, 128), indextest.Template(rng, 128)))
	}
	bare := &watchlist.Entry{ID: entryID(99), Status: watchlist.StatusActive}
	mustApply(t, g, entries...)
	q := query(indextest.Template(rng, 128), 30, -1)
	found, more, err := g.Search(context.Background(), q, nil)
	if err != nil || more || len(found) != 30 {
		t.Fatalf("Search: %d found, more %v, error %v", len(found), more, err)
	}
	compared, err := g.Compare(context.Background(), q, append(entries, bare))
	if err != nil || len(compared) != 30 {
		t.Fatalf("Compare: %d compared, error %v; want 30, without the entry that has no photo", len(compared), err)
	}
	byID := map[watchlist.EntryID]watchlist.FaceMatch{}
	for _, m := range compared {
		byID[m.Entry] = m
	}
	for _, m := range found {
		if byID[m.Entry] != m {
			t.Errorf("Search says %v, Compare %v", m, byID[m.Entry])
		}
	}
	for _, e := range entries { // and one entry against many probes
		score, ok := g.Against(q, e)
		m, err := score(q.Template)
		if want := byID[e.ID]; !ok || err != nil || m.Score != want.Score || m.Entry != want.Entry || m.LowQuality != want.LowQuality {
			t.Errorf("Compare says %v, Against %v, %v", want, m, err)
		}
	}
	if score, ok := g.Against(q, bare); ok {
		t.Error("an entry without photos can be compared")
	} else if _, err := score(q.Template); err == nil {
		t.Error("nothing was scored without an error")
	}
	wrong := q
	wrong.Model = "another"
	score, _ := g.Against(wrong, entries[0])
	var fe *watchlist.FaceError
	if _, err := score(q.Template); !errors.As(err, &fe) || fe.Code != watchlist.FaceModelMismatch {
		t.Errorf("a template of another model: %v", err)
	}
}

func TestUnchangedFacesStayInPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	g := testGallery(t)
	a, b, c := indextest.Template(rng, 128), indextest.Template(rng, 128), indextest.Template(rng, 128)
	mustApply(t, g, entryOf(1, a, b))
	rows := func() (n int) {
		for _, p := range g.view.Load().parts() {
			n += p.n
		}
		return n
	}
	mustApply(t, g, entryOf(1, a, b))
	if rows() != 2 || g.Size() != 2 {
		t.Errorf("rewriting an unchanged entry: %d rows, size %d, want 2 and 2", rows(), g.Size())
	}
	mustApply(t, g, entryOf(1, a, c))
	if rows() != 3 || g.Size() != 2 {
		t.Errorf("changing one of two photos: %d rows, size %d, want 3 and 2", rows(), g.Size())
	}
	mustApply(t, g, entryOf(1, c))
	for i, tpl := range [][]float32{a, b, c} {
		found, _, err := g.Search(context.Background(), query(tpl, 1, 0.99), nil)
		if err != nil || (len(found) == 1) != (i == 2) {
			t.Errorf("photo %d: found %v, %v", i, found, err)
		}
	}
}

func TestCompactionKeepsTheLiving(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	g := openGallery(t, Options{History: 1})
	const n = 3000
	templates := make([][]float32, n)
	for i := range templates {
		templates[i] = indextest.Template(rng, 128)
		mustApply(t, g, entryOf(i, templates[i]))
	}
	live := map[int]bool{}
	for i := range templates {
		live[i] = true
	}
	for len(live) > 100 {
		i := rng.IntN(n)
		if !live[i] {
			continue
		}
		delete(live, i)
		if err := g.Apply([]watchlist.Change{{ID: entryID(i)}}, g.Applied()+1); err != nil {
			t.Fatal(err)
		}
	}
	g.work.Wait()
	if s := g.Stats(); s.Live != 100 || s.Rows > 100+2*4096/3 {
		t.Errorf("after removing most: %+v", s)
	}
	for i, tpl := range templates {
		found, _, err := g.Search(context.Background(), query(tpl, 1, 0.999), nil)
		if err != nil {
			t.Fatal(err)
		}
		if (len(found) == 1) != live[i] {
			t.Errorf("entry %d: found %v, live %v", i, found, live[i])
		}
	}
	for i := range live {
		if err := g.Apply([]watchlist.Change{{ID: entryID(i)}}, g.Applied()+1); err != nil {
			t.Fatal(err)
		}
	}
	if g.Size() != 0 {
		t.Errorf("Size() = %d after removing all", g.Size())
	}
}
