package face

import (
	"math/rand/v2"
	"testing"

	"vigie/index/indextest"
	"vigie/models"
	"vigie/watchlist"
)

// BenchmarkAgainst is one photo of a held population against an entry of two
// photos, in the shipped calibration's space: projection and score.
func BenchmarkAgainst(b *testing.B) {
	c, err := models.DefaultCalibration()
	if err != nil {
		b.Fatal(err)
	}
	g := New(c, Options{})
	defer g.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	e := entryOf(1, indextest.Template(rng, c.Dim()), indextest.Template(rng, c.Dim()))
	for i := range e.Faces {
		e.Faces[i].Model = c.Model()
	}
	score, ok := g.Against(watchlist.FaceQuery{Model: c.Model(), MinScore: 0.5}, e)
	if !ok {
		b.Fatal("nothing to compare")
	}
	probe := indextest.Template(rng, c.Dim())
	for b.Loop() {
		if _, err := score(probe); err != nil {
			b.Fatal(err)
		}
	}
}
