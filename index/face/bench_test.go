package face

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// calibrated draws templates whose variance falls with the dimension as it does
// in the calibrated space of a 128-D encoder: about 80 of them carry something.
func calibrated(rng *rand.Rand) []float32 {
	t := make([]float32, 128)
	for i := range t {
		v := math.Exp(-float64(i) / 20)
		t[i] = float32(rng.NormFloat64() * math.Sqrt(v/(v+0.05)))
	}
	return t
}

func benchGallery(b *testing.B, n int) (*Gallery, [][]float32) {
	b.Helper()
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	g := testGallery(b)
	const batch = 1000
	for from := 0; from < n; from += batch {
		changes := make([]watchlist.Change, 0, batch)
		for k := range batch {
			e := entryOf(from+k, calibrated(rng))
			changes = append(changes, watchlist.Change{ID: e.ID, Entry: e})
		}
		if err := g.Apply(changes, uint64(from+1)); err != nil {
			b.Fatal(err)
		}
	}
	probes := make([][]float32, 64)
	for i := range probes {
		probes[i] = calibrated(rng)
	}
	return g, probes
}

// BenchmarkSearch searches synthetic galleries for unknown people, for the ten
// nearest and at a threshold.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		g, probes := benchGallery(b, n)
		for _, low := range []float64{-1, 0.5} {
			for _, workers := range []int{1, 2} {
				if workers == 2 && n <= 10_000 {
					continue
				}
				b.Run(fmt.Sprintf("n=%d/min=%v/workers=%d", n, low, workers), func(b *testing.B) {
					g.parallel = 1 << 30
					if workers == 2 {
						g.parallel = 0
					}
					found := 0
					for i := 0; b.Loop(); i++ {
						m, _, err := g.Search(context.Background(), query(probes[i%len(probes)], 10, low), nil)
						if err != nil {
							b.Fatal(err)
						}
						found += len(m)
					}
					b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/search")
					b.ReportMetric(float64(found)/float64(b.N), "found")
				})
			}
		}
	}
}

// BenchmarkApply puts one new entry with one photo at a time.
func BenchmarkApply(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	g := testGallery(b)
	entries := make([]*watchlist.Entry, 1000)
	for i := range entries {
		entries[i] = entryOf(i, indextest.Template(rng, 128))
	}
	for i := 0; b.Loop(); i++ {
		e := *entries[i%len(entries)]
		e.ID = entryID(i)
		if err := g.Apply([]watchlist.Change{{ID: e.ID, Entry: &e}}, uint64(i+1)); err != nil {
			b.Fatal(err)
		}
	}
}
