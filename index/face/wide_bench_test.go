package face

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"vigie/benchmarks/search/flat"
	"vigie/index/indextest"
	"vigie/watchlist"
)

// BenchmarkWide searches templates of 512 values that spread evenly in all
// directions, with which codes can do little, beside a plain float32 scan of them.
func BenchmarkWide(b *testing.B) {
	const n, dim = 100_000, 512
	space := unitSpace{model: indextest.Model}
	rng := rand.New(rand.NewPCG(31, 1))
	draw := func(n int) [][]float32 {
		out := make([][]float32, n)
		for i := range out {
			out[i] = make([]float32, dim)
			for k := range out[i] {
				out[i][k] = float32(rng.NormFloat64())
			}
		}
		return out
	}
	g := New(space, Options{Parallel: -1})
	defer g.Close()
	if err := g.Rebuild(inOrder(space, draw(n)), 1); err != nil {
		b.Fatal(err)
	}
	g.work.Wait()
	probes := draw(64)
	for _, low := range []float64{-1, 0.3} {
		b.Run(fmt.Sprintf("min=%.1f", low), func(b *testing.B) {
			before := g.Stats()
			for i := 0; b.Loop(); i++ {
				q := watchlist.FaceQuery{Template: probes[i%len(probes)], Model: space.Model(), K: 10, MinScore: low}
				if _, _, err := g.Search(context.Background(), q, nil); err != nil {
					b.Fatal(err)
				}
			}
			s := g.Stats()
			b.ReportMetric(float64(s.Measured-before.Measured)/float64(b.N), "measured/op")
			b.ReportMetric(float64(s.Exact-before.Exact)/float64(b.N), "exact/op")
		})
	}
	b.Run("flat", func(b *testing.B) {
		v := g.view.Load()
		set, out, sum := flat.Best(), make([]float32, maxRows), float32(0)
		for i := 0; b.Loop(); i++ {
			for _, p := range v.parts() {
				set.Distances(probes[i%len(probes)], p.seg.vectors, dim, out[:p.n])
				sum += out[0]
			}
		}
		if math.IsNaN(float64(sum)) {
			b.Fatal(sum)
		}
	})
}
