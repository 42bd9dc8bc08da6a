package name

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"vigie/benchmarks/gen"
	"vigie/watchlist"
)

func entryOf(n int, full ...string) *watchlist.Entry {
	e := &watchlist.Entry{
		ID:     watchlist.NewEntryID("UTO", fmt.Sprintf("01920000-0000-7000-8000-%012x", n)),
		Status: watchlist.StatusActive,
	}
	for _, f := range full {
		e.Names = append(e.Names, watchlist.Name{Kind: watchlist.NamePrimary, Full: f})
	}
	return e
}

func entriesOf(list []string) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for i, n := range list {
			if !yield(entryOf(i, n), nil) {
				return
			}
		}
	}
}

// BenchmarkSearch reports the quantiles of searches for names that are on the
// list, names with one mistake, and names that are not on it.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		list := gen.Names(1, n)
		x := newIndex(b)
		start := time.Now()
		if err := x.Rebuild(entriesOf(list), 1); err != nil {
			b.Fatal(err)
		}
		build := time.Since(start)
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		b.Logf("%d names: built in %v, heap %d MB, %d segments", n, build.Round(time.Millisecond), mem.HeapAlloc>>20, len(x.state.Load().segments))
		strangers := gen.Names(99, 2000)
		sets := map[string]func(i int) string{
			"exact":    func(i int) string { return list[i*7919%n] },
			"misspelt": func(i int) string { return gen.Misspell(uint64(i), list[i*7919%n]) },
			"upper":    func(i int) string { return strings.ToUpper(list[i*7919%n]) },
			"stranger": func(i int) string { return strangers[i%len(strangers)] },
		}
		for _, set := range []string{"exact", "misspelt", "upper", "stranger"} {
			b.Run(fmt.Sprintf("%d/%s", n, set), func(b *testing.B) {
				var d []time.Duration
				for i := 0; b.Loop(); i++ {
					q := watchlist.NameQuery{Names: []watchlist.Name{{Full: sets[set](i)}}, K: 200}
					t := time.Now()
					if _, err := x.Search(context.Background(), q); err != nil {
						b.Fatal(err)
					}
					d = append(d, time.Since(t))
				}
				slices.Sort(d)
				b.ReportMetric(float64(d[len(d)/2].Microseconds()), "p50-us")
				b.ReportMetric(float64(d[len(d)*99/100].Microseconds()), "p99-us")
			})
		}
	}
}
