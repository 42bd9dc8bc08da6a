package face

import (
	"context"
	"math/rand/v2"
	"testing"

	"vigie/index/indextest"
	"vigie/models"
	"vigie/watchlist"
)

var _ Space = (*models.Calibration)(nil)

// TestExactInTheCalibratedSpace repeats the comparison with brute force in the
// space that the product runs.
func TestExactInTheCalibratedSpace(t *testing.T) {
	space, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(21, 1))
	g := New(space, Options{})
	defer g.Close()
	truth := newModel(space)
	var list []*watchlist.Entry
	for n := range 600 {
		e := entryOf(n, indextest.Template(rng, space.Dim()), indextest.Template(rng, space.Dim()))
		for i := range e.Faces {
			e.Faces[i].Model = space.Model()
		}
		truth.apply(e.ID, e, 1)
		list = append(list, e)
	}
	if err := g.Rebuild(listed(list), 1); err != nil {
		t.Fatal(err)
	}
	if g.Size() != 1200 || g.Skipped() != 0 {
		t.Fatalf("size %d, skipped %d", g.Size(), g.Skipped())
	}
	for range 40 {
		q := watchlist.FaceQuery{Template: indextest.Template(rng, space.Dim()), Model: space.Model(), K: 10, MinScore: rng.Float64() - 0.5}
		got, more, err := g.Search(context.Background(), q, nil)
		want, wantMore := truth.search(q, nil)
		if err != nil || more != wantMore || len(got) != len(want) {
			t.Fatalf("%d found, truncated %v, error %v; want %d, %v", len(got), more, err, len(want), wantMore)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("place %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
}
