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
		// Around the cohort's mean, as real ones are: on the same side of it, so that
		// they are one reference, or on opposite sides.
		one, two := indextest.Template(rng, space.Dim()), indextest.Template(rng, space.Dim())
		side := float32(n%2*2 - 1)
		for i, m := range space.Data().Mean {
			one[i], two[i] = float32(m)+one[i], float32(m)+side*one[i]+two[i]/5
		}
		e := entryOf(n, one, two)
		for i := range e.Faces {
			e.Faces[i].Model = space.Model()
		}
		truth.apply(e.ID, e, 1)
		list = append(list, e)
	}
	if err := g.Rebuild(listed(list), 1); err != nil {
		t.Fatal(err)
	}
	if rows := g.Stats().Rows; g.Size() != 1200 || g.Skipped() != 0 || rows < 800 || rows > 1000 {
		t.Fatalf("%d templates in %d rows, skipped %d", g.Size(), rows, g.Skipped())
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
