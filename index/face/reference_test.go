package face

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// unit is a vector of the plane at an angle in degrees, in 16 dimensions.
func unit(degrees float64) []float32 {
	x := make([]float32, 16)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	x[0], x[1] = float32(cos), float32(sin)
	return x
}

// TestAgreeing groups photos by chains of likeness, whatever their order.
func TestAgreeing(t *testing.T) {
	for _, tc := range []struct {
		angles []float64 // NaN for a photo that can't be compared
		want   [][]int
	}{
		{nil, nil},
		{[]float64{0}, [][]int{{0}}},
		{[]float64{0, 10}, [][]int{{0, 1}}},
		{[]float64{0, 90}, [][]int{{0}, {1}}},
		{[]float64{0, 90, 10}, [][]int{{0, 2}, {1}}},
		{[]float64{0, 50, 25}, [][]int{{0, 1, 2}}},
		{[]float64{50, 180, 0, 170, 25}, [][]int{{0, 2, 4}, {1, 3}}},
		{[]float64{math.NaN(), 90, math.NaN(), 95}, [][]int{{1, 3}}},
	} {
		var photos [][]float32
		for _, a := range tc.angles {
			if math.IsNaN(a) {
				photos = append(photos, nil)
			} else {
				photos = append(photos, unit(a))
			}
		}
		limit := math.Cos(30 * math.Pi / 180)
		if got := Agreeing(photos, limit); !slices.EqualFunc(got, tc.want, slices.Equal) {
			t.Errorf("%v: %v, want %v", tc.angles, got, tc.want)
		}
		if got := Agreeing(photos, math.Inf(1)); slices.ContainsFunc(got, func(g []int) bool { return len(g) > 1 }) {
			t.Errorf("%v without agreement: %v", tc.angles, got)
		}
	}
	if got := Agreeing([][]float32{unit(0), unit(0)[:8]}, -1); len(got) != 2 {
		t.Errorf("vectors of two lengths: %v", got)
	}
}

func TestMean(t *testing.T) {
	if Mean(nil) != nil || Mean([][]float32{unit(0), unit(180)}) != nil {
		t.Error("a mean of nothing, or of opposites")
	}
	one := []float32{3, 4}
	if got := Mean([][]float32{one}); !slices.Equal(got, one) {
		t.Errorf("a single vector became %v", got)
	}
	got := Mean([][]float32{unit(20), unit(60)})
	if s := score(got, unit(40)); math.Abs(s-1) > 1e-7 {
		t.Errorf("the mean of 20 and 60 degrees scores %v with 40", s)
	}
	// The sum is rounded once: 1 and many tiny values would lose them in float32.
	list := [][]float32{{1, 0}}
	for range 1000 {
		list = append(list, []float32{0, 1e-8})
	}
	if got := Mean(list); math.Abs(float64(got[1])-1e-5) > 1e-9 {
		t.Errorf("tiny parts sum up to %v, want 1e-5", got[1])
	}
}

// together is a gallery in which all photos of an entry agree.
func together(t *testing.T) *Gallery {
	g := New(unitSpace{model: indextest.Model, agree: -1}, Options{})
	t.Cleanup(func() { _ = g.Close() }) // never fails
	return g
}

// TestCompareNamesTheNearest: the score is the mean's, as in a search, and the
// photo the one that is nearest by itself.
func TestCompareNamesTheNearest(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	g := together(t)
	photos := [][]float32{indextest.Template(rng, 128), indextest.Template(rng, 128), indextest.Template(rng, 128)}
	e := entryOf(1, photos...)
	mustApply(t, g, e)
	if s := g.Stats(); g.Size() != 3 || s.Live != 1 {
		t.Errorf("%d templates, %d rows, want 3 in one", g.Size(), s.Live)
	}
	for i, probe := range photos {
		q := query(probe, 1, -1)
		found, _, err := g.Search(context.Background(), q, nil)
		if err != nil || len(found) != 1 || found[0].Face != "f0" || found[0].Others != "f1,f2" || found[0].Photos() != 3 {
			t.Fatalf("found %+v, error %v", found, err)
		}
		compared, err := g.Compare(context.Background(), q, []*watchlist.Entry{e})
		if err != nil || len(compared) != 1 {
			t.Fatal(compared, err)
		}
		others := []watchlist.FaceIDs{"f1,f2", "f0,f2", "f0,f1"}[i]
		if m := compared[0]; m.Face != e.Faces[i].ID || m.Others != others || m.Score != found[0].Score {
			t.Errorf("probe %d: %+v, searched %+v", i, m, found[0])
		}
	}
	mustApply(t, g, &watchlist.Entry{ID: e.ID, Status: watchlist.StatusSuspended, Faces: e.Faces})
	if s := g.Stats(); g.Size() != 0 || s.Live != 0 {
		t.Errorf("%d templates, %d rows after suspension", g.Size(), s.Live)
	}
}

// TestSeveralTemplatesAreOneProbe: their mean is searched, and templates that
// cancel out are an error, as is one of another length.
func TestSeveralTemplatesAreOneProbe(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	g := together(t)
	a, b := indextest.Template(rng, 128), indextest.Template(rng, 128)
	mustApply(t, g, entryOf(1, a, b))
	q := query(a, 1, -1)
	q.More = [][]float32{b}
	found, _, err := g.Search(context.Background(), q, nil)
	if err != nil || len(found) != 1 || math.Abs(found[0].Score-1) > 1e-7 {
		t.Errorf("both photos against their mean: %+v, error %v", found, err)
	}
	against := slices.Clone(a)
	for i := range against {
		against[i] = -against[i]
	}
	for name, more := range map[string][]float32{"opposite": against, "longer": indextest.Template(rng, 512), "not a template": make([]float32, 128)} {
		q.More = [][]float32{more}
		if _, _, err := g.Search(context.Background(), q, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestApart lists photos that look like none of the others.
func TestApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 1))
	g := New(unitSpace{model: indextest.Model, agree: 0.9}, Options{})
	defer g.Close()
	a := indextest.Template(rng, 128)
	near := slices.Clone(a)
	near[0] += 0.01
	far := indextest.Template(rng, 128)
	foreign := entryOf(1, a, far)
	foreign.Faces[1].Model = "another/model"
	for name, tc := range map[string]struct {
		faces []watchlist.Face
		want  []int
	}{
		"none":            {nil, nil},
		"one":             {entryOf(1, a).Faces, nil},
		"two alike":       {entryOf(1, a, near).Faces, nil},
		"two that differ": {entryOf(1, a, far).Faces, []int{0, 1}},
		"one of three":    {entryOf(1, a, far, near).Faces, []int{1}},
		"another model":   {foreign.Faces, nil},
	} {
		if got := g.Apart(tc.faces); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestLowQualityNeedsMore: a reference of low-quality photos alone is found from a
// score of its own on, and its entry by a better photo from the usual one on.
func TestLowQualityNeedsMore(t *testing.T) {
	rng := rand.New(rand.NewPCG(34, 1))
	g := testGallery(t)
	probe := indextest.Template(rng, 128)
	at := func(shift float32) []float32 { // the larger the less alike
		x := slices.Clone(probe)
		for i := range x {
			x[i] += shift * float32(rng.NormFloat64()) / 11.3
		}
		return x
	}
	low := entryOf(1, at(0.5))
	both := entryOf(2, at(0.5), at(1))
	for _, e := range []*watchlist.Entry{low, both} {
		e.Faces[0].Quality.Flags = []string{watchlist.FlagLowQualityReference}
	}
	mustApply(t, g, low, both)
	q := query(probe, 10, 0.5)
	search := func() []watchlist.FaceMatch {
		found, _, err := g.Search(context.Background(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := search(); len(found) != 2 || !found[0].LowQuality || !found[1].LowQuality {
		t.Errorf("without a bound of their own: %+v", found)
	}
	q.LowQualityMin = 0.99
	found := search()
	if len(found) != 1 || found[0].Entry != both.ID || found[0].Face != "f1" || found[0].LowQuality {
		t.Errorf("found %+v, want the other photo of the second entry", found)
	}
	compared, err := g.Compare(context.Background(), q, []*watchlist.Entry{low, both})
	if err != nil || len(compared) != 2 || compared[1] != found[0] || compared[0].Face != "f0" || !compared[0].LowQuality {
		t.Errorf("compared %+v, error %v", compared, err)
	}
}
