package face

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigie/benchmarks/gen"
	"vigie/index/face/codes"
	"vigie/models"
	"vigie/watchlist"
)

// crowd draws n templates in the proportions of the calibration's cohort.
func crowd(b *testing.B, seed uint64, n int) (space *models.Calibration, templates [][]float32) {
	b.Helper()
	space, err := models.DefaultCalibration()
	if err != nil {
		b.Fatal(err)
	}
	p, err := gen.CohortPopulation(space, 0.3)
	if err != nil {
		b.Fatal(err)
	}
	all := make([]float32, n*space.Dim())
	if err := p.Crowd(seed).Enrol(0, 1, all); err != nil {
		b.Fatal(err)
	}
	return space, slices.Collect(slices.Chunk(all, space.Dim()))
}

// numbered makes the n-th entry, with one photo.
func numbered(space Space, n int, template []float32) *watchlist.Entry {
	e := numberedEntry(n, template)
	e.Faces[0].Model = space.Model()
	return e
}

func inOrder(space Space, templates [][]float32) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for i, t := range templates {
			if !yield(numbered(space, i, t), nil) {
				return
			}
		}
	}
}

// built is a gallery of n templates as Rebuild makes it, with queries for unknown
// people.
func built(b *testing.B, n int, o Options) (*Gallery, []watchlist.FaceQuery) {
	b.Helper()
	space, templates := crowd(b, 1, n)
	g := New(space, o)
	b.Cleanup(func() { _ = g.Close() }) // never fails
	if err := g.Rebuild(inOrder(space, templates), 1); err != nil {
		b.Fatal(err)
	}
	g.work.Wait()
	_, probes := crowd(b, 2, 64)
	queries := make([]watchlist.FaceQuery, len(probes))
	for i, p := range probes {
		queries[i] = watchlist.FaceQuery{Template: p, Model: space.Model(), K: 10}
	}
	return g, queries
}

// with is the query at another threshold.
func with(q watchlist.FaceQuery, low float64) watchlist.FaceQuery {
	q.MinScore = low
	return q
}

// productScore is the threshold that the product runs at for a gallery of that
// size, to keep one search in a hundred free of false candidates.
func productScore(n int) float64 {
	if n >= 1_000_000 {
		return 1 - 0.596*0.596/2
	}
	return 1 - 0.691*0.691/2
}

// BenchmarkSearch searches synthetic galleries for unknown people, for the ten
// nearest and at the product's threshold, with one goroutine and with two.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		g, queries := built(b, n, Options{})
		for _, low := range []float64{-1, productScore(n)} {
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("n=%d/min=%.3f/workers=%d", n, low, workers), func(b *testing.B) {
					g.parallel = math.MaxInt
					if workers == 2 {
						g.parallel = 0
					}
					before := g.Stats()
					for i := 0; b.Loop(); i++ {
						if _, _, err := g.Search(context.Background(), with(queries[i%len(queries)], low), nil); err != nil {
							b.Fatal(err)
						}
					}
					s := g.Stats()
					b.ReportMetric(float64(s.Measured-before.Measured)/float64(b.N), "measured/op")
					b.ReportMetric(float64(s.Exact-before.Exact)/float64(b.N), "exact/op")
					b.ReportMetric(float64(s.Level1-before.Level1)/float64(b.N), "level1/op")
				})
			}
		}
		b.Run(fmt.Sprintf("n=%d/codes", n), func(b *testing.B) { benchCodes(b, g, queries, productScore(n)) })
	}
}

// benchCodes only scans codes, at a fixed score: what a search can't be faster
// than.
func benchCodes(b *testing.B, g *Gallery, queries []watchlist.FaceQuery, low float64) {
	v := g.view.Load()
	defer runtime.KeepAlive(v)
	var scratch codes.Scratch
	var out []codes.Survivor
	for i := 0; b.Loop(); i++ {
		x, err := g.project(queries[i%len(queries)])
		if err != nil {
			b.Fatal(err)
		}
		parts := v.parts()
		if i%2 == 1 {
			for k := range parts {
				p := parts[len(parts)-1-k]
				probe := codes.NewProbe(p.seg.basis, x, g.kernel)
				for from := (p.n - 1) / chunkRows * chunkRows; from >= 0; from -= chunkRows {
					out = p.seg.codes.Scan(p.mark, probe, from, from+chunkRows, reach(low), &scratch, out[:0])
				}
			}
			continue
		}
		for _, p := range parts {
			probe := codes.NewProbe(p.seg.basis, x, g.kernel)
			out = p.seg.codes.Scan(p.mark, probe, 0, p.n, reach(low), &scratch, out[:0])
		}
	}
}

// BenchmarkBatch searches with many goroutines at once.
func BenchmarkBatch(b *testing.B) {
	const n = 1_000_000
	g, queries := built(b, n, Options{})
	for _, low := range []float64{-1, productScore(n)} {
		b.Run(fmt.Sprintf("min=%.3f", low), func(b *testing.B) {
			b.SetParallelism(8)
			before := g.Stats()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if _, _, err := g.Search(context.Background(), with(queries[i%len(queries)], low), nil); err != nil {
						b.Error(err)
						return
					}
				}
			})
			s := g.Stats()
			b.ReportMetric(float64(b.N)/float64(s.Passes-before.Passes), "queries/pass")
		})
	}
}

// BenchmarkSearchDuringInserts searches at the product's threshold, alone and
// while 5,000 entries a second come in, and reports the slowest of a hundred
// searches and the longest Apply.
func BenchmarkSearchDuringInserts(b *testing.B) {
	const n = 1_000_000
	g, queries := built(b, n, Options{})
	space, fresh := crowd(b, 4, 4096)
	for _, rate := range []int{0, 5000} {
		b.Run(fmt.Sprintf("inserts=%d", rate), func(b *testing.B) {
			var stop atomic.Bool
			var longest time.Duration
			var wg sync.WaitGroup
			if rate > 0 {
				wg.Go(func() { longest = insert(b, g, space, fresh, time.Second/time.Duration(rate), &stop) })
			}
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				if _, _, err := g.Search(context.Background(), with(queries[i%len(queries)], productScore(n)), nil); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			stop.Store(true)
			wg.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			b.ReportMetric(float64(longest.Microseconds()), "apply-max-us")
		})
	}
}

// insert applies one new entry each time until stop, and returns the longest
// Apply.
func insert(b *testing.B, g *Gallery, space Space, templates [][]float32, every time.Duration, stop *atomic.Bool) (longest time.Duration) {
	next := time.Now()
	for i := int(g.Applied()); !stop.Load(); i++ {
		e := numbered(space, 10_000_000+i, templates[i%len(templates)])
		start := time.Now()
		if err := g.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, uint64(i+1)); err != nil {
			b.Error(err)
			return 0
		}
		longest = max(longest, time.Since(start))
		next = next.Add(every)
		time.Sleep(time.Until(next))
	}
	return longest
}

// BenchmarkApply puts new entries with one photo each into a growing gallery:
// one at a time, and a thousand at a time.
func BenchmarkApply(b *testing.B) {
	for _, batch := range []int{1, 1000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			space, templates := crowd(b, 3, 4096)
			entries := make([]*watchlist.Entry, len(templates))
			for i, t := range templates {
				entries[i] = numbered(space, i, t)
			}
			g := New(space, Options{})
			defer g.Close()
			n := 0
			changes := make([]watchlist.Change, batch)
			copies := make([]watchlist.Entry, batch)
			for b.Loop() {
				for k := range changes {
					copies[k] = *entries[n%len(entries)]
					copies[k].ID = watchlist.EntryID(strconv.Itoa(n))
					changes[k] = watchlist.Change{ID: copies[k].ID, Entry: &copies[k]}
					n++
				}
				if err := g.Apply(changes, uint64(n)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
		})
	}
}

// BenchmarkProject is what Apply and Rebuild spend on a template before the
// gallery's own work.
func BenchmarkProject(b *testing.B) {
	space, templates := crowd(b, 3, 1)
	f := numbered(space, 1, templates[0]).Faces[0]
	for b.Loop() {
		if _, ok := projectFace(space, f); !ok {
			b.Fatal("refused")
		}
	}
}

// BenchmarkAppend is what coding a projected row takes.
func BenchmarkAppend(b *testing.B) {
	g, queries := built(b, 20_000, Options{})
	x, err := g.project(queries[0])
	if err != nil {
		b.Fatal(err)
	}
	basis := g.view.Load().sealed[0].seg.basis
	c := codes.New(basis, 4096, g.kernel)
	for b.Loop() {
		if c.Mark().Rows() == 4096 {
			c = codes.New(basis, 4096, g.kernel)
		}
		c.Append(x)
	}
}

func BenchmarkRebuild(b *testing.B) {
	const n = 100_000
	space, templates := crowd(b, 3, n)
	var entries []*watchlist.Entry
	for i, t := range templates {
		entries = append(entries, numbered(space, i, t))
	}
	for b.Loop() {
		g := New(space, Options{})
		if err := g.Rebuild(listed(entries), 1); err != nil {
			b.Fatal(err)
		}
		_ = g.Close() // never fails
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*b.N), "ns/entry")
}
