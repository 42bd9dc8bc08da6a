package name

import (
	"testing"

	"vigie/benchmarks/gen"
	"vigie/watchlist/names"
)

// BenchmarkTable reports what a change of the table of spelling families costs among
// so many names: what the state machine waits for, and what a reviewer does.
func BenchmarkTable(b *testing.B) {
	for _, size := range []struct {
		label string
		names int
	}{{"100k", 100_000}, {"1M", 1_000_000}} {
		b.Run(size.label, func(b *testing.B) {
			x := newIndex(b)
			if err := x.Rebuild(entriesOf(gen.Names(1, size.names)), 1); err != nil {
				b.Fatal(err)
			}
			changes := tableChanges()
			// Spellings that are on the list, so that something is made anew.
			changes[0].Spellings = []string{"Ndiaye", "Sagna", "Tendeng"}
			tables := []*names.Table{names.InForce(changes), names.Shipped()}
			b.Run("set", func(b *testing.B) {
				for i := range b.N {
					x.SetTable(tables[i%2])
				}
			})
			b.Run("preview", func(b *testing.B) {
				for range b.N {
					got, err := x.Preview(b.Context(), tables[1], tables[0], changes[0].Spellings)
					if err != nil || got.Bearers == 0 {
						b.Fatal(got, err)
					}
				}
			})
		})
	}
}
