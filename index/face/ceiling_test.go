package face

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"vigie/index/face/kernel"
	"vigie/index/indextest"
	"vigie/watchlist"
)

// TestCeiling holds level 3 to scores, for all kernels: no row with a score of
// the bound may have a float32 distance above the ceiling.
func TestCeiling(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	d2 := make([]float32, 1)
	for i := range 30_000 {
		n := []int{16, 48, 128, 512, 4096}[min(i%5, i%97)]
		scale := math.Exp2([]float64{0, 0, -20, 20, -62, -70, -75, 60, 63.5, 64, 120}[rng.IntN(11)])
		a, b := make([]float32, n), make([]float32, n)
		for k := range a {
			a[k], b[k] = float32(scale*rng.NormFloat64()), float32(scale*rng.NormFloat64())
			if i%3 == 0 {
				b[k] = math.Nextafter32(a[k], b[k])
			}
		}
		sum := 0.0
		for k := range a {
			d := float64(a[k]) - float64(b[k])
			sum += float64(d * d)
		}
		// The distance itself is a harder limit than reach, which gives a little.
		for _, limit := range []float64{math.Sqrt(sum), reach(score(a, b))} {
			most := ceiling(limit, n)
			for _, s := range kernel.Available() {
				if s.Distances(a, b, n, []uint32{0}, d2); !(float64(d2[0]) <= most) {
					t.Fatalf("%s, %d values of about %v: %v above the ceiling %v", s.Name(), n, scale, d2[0], most)
				}
			}
			if most > 1.001*limit*limit+1e-40 && limit < 1e18 {
				t.Fatalf("%d values: a ceiling of %v for %v", n, most, limit*limit)
			}
		}
	}
	if c := ceiling(math.Inf(1), 128); !math.IsInf(c, 1) {
		t.Errorf("ceiling(+Inf) = %v", c)
	}
	if c := ceiling(-1, 128); c >= 0 {
		t.Errorf("ceiling(-1) = %v, want none", c)
	}
	if c := ceiling(0, 128); c < 0 || c > 1e-40 {
		t.Errorf("ceiling(0) = %v", c)
	}
}

// TestCodesGiveWay searches a gallery of templates that codes can't tell apart,
// followed by others that they can: the search must leave the codes and come back
// to them, and find what the definition finds.
func TestCodesGiveWay(t *testing.T) {
	const near, far, long = 8000, 16_000, 512
	rng := rand.New(rand.NewPCG(13, 13))
	draw := func(side float32) []float32 {
		v := make([]float32, long)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		v[0] += side
		return v
	}
	space := unitSpace{model: indextest.Model}
	truth := newModel(space)
	var list []*watchlist.Entry
	for n := range near + far {
		side := float32(30)
		if n >= near {
			side = -30
		}
		e := entryOf(n, draw(side))
		truth.apply(e.ID, e, 1)
		list = append(list, e)
	}
	g := New(space, Options{Parallel: -1})
	defer g.Close()
	if err := g.Rebuild(listed(list), 1); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		q := query(draw(30), 5, -1)
		before := g.Stats()
		got, more, err := g.Search(t.Context(), q, nil)
		want, wantMore := truth.search(q, nil)
		if err != nil || more != wantMore || !slices.Equal(got, want) {
			t.Errorf("query %d: %v, truncated %v, error %v; want %v, %v", i, got, more, err, want, wantMore)
		}
		if i%2 == 1 {
			continue // backward: from the far ones, which look alike until a near one is found
		}
		s := g.Stats()
		if m := s.Measured - before.Measured; m < near*9/10 || m > near+far*3/4 {
			t.Errorf("query %d: %d rows measured, want the first %d and few others", i, m, near)
		}
		if l := s.Level2 - before.Level2; l > near/2 {
			t.Errorf("query %d: %d rows passed level 2, want codes skipped among the first %d", i, l, near)
		}
	}
}
