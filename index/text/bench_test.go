package text

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// generated makes n entries with a case, a document and remarks of forty words out
// of five thousand.
func generated(n int) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			e := indextest.Entry(i, 1)
			e.CaseReference = fmt.Sprintf("DKR-%d-%05d", 2020+i%7, i)
			for range 40 {
				e.Facts += fmt.Sprintf("mot%d ", rng.IntN(5000))
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// BenchmarkBuild builds an index of 100,000 entries at once, without the rests that
// a node takes, and tells its memory.
func BenchmarkBuild(b *testing.B) {
	const n = 100_000
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1e6
	}
	for b.Loop() {
		before := heap()
		c, err := newCore()
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Rebuild(generated(n), 1); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(heap()-before, "MB")
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch searches 100,000 entries.
func BenchmarkSearch(b *testing.B) {
	c := testCore(b)
	if err := c.Rebuild(generated(100_000), 1); err != nil {
		b.Fatal(err)
	}
	for _, q := range []string{"case:DKR-2021-00001", "mot17 mot4711", "facts:mot17", "case:dkr202000*", "smugler"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Search(b.Context(), watchlist.TextQuery{Text: q, K: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
