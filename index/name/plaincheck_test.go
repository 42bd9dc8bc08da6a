package name

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/benchmarks/gen"
	"vigie/watchlist"
)

// plainCounts have few names that very many bear, so that words are common by every
// measure of a search.
var plainCounts = []gen.Counted{
	{Name: "Mamadou", Count: 50},
	{Name: "Cheikh", Count: 20},
	{Name: "Fatou", Count: 12},
	{Name: "El-Hadji", Count: 6},
	{Name: "Aminata", Count: 4},
	{Name: "Ndiaye", Surname: true, Count: 40},
	{Name: "Diallo", Surname: true, Count: 25},
	{Name: "Ba", Surname: true, Count: 12},
	{Name: "Da Silva", Surname: true, Count: 3},
	{Name: "Ould Ahmed", Surname: true, Count: 4},
	{Name: "Jallow", Surname: true, Count: 4},
}

// plainEntries draws entries of one to three names, some weak, some not active, some
// with the same name twice.
func plainEntries(r *rand.Rand, from, n int) []*watchlist.Entry {
	full := gen.SkewedNames(r.Uint64(), 3*n, plainCounts)
	list := make([]*watchlist.Entry, n)
	for i := range list {
		e := entryOf(from+i, full[3*i])
		for k := 1; k < 3 && r.IntN(5) == 0; k++ {
			a := watchlist.Name{Kind: watchlist.NamePrimary, Full: full[3*i+k]}
			if r.IntN(2) == 0 {
				a.Kind = watchlist.NameWeak
			}
			if r.IntN(5) == 0 {
				a = e.Names[0]
			}
			e.Names = append(e.Names, a)
		}
		if r.IntN(12) == 0 {
			e.Names[0].Full += " " + gen.SkewedNames(r.Uint64(), 1, plainCounts)[0] + " Ka Sy"
		}
		if r.IntN(20) == 0 {
			e.Status = watchlist.StatusWithdrawn
		}
		list[i] = e
	}
	return list
}

// plainQuery draws a query: a name of the list or another, as it is, misspelt, cut
// off, turned round, or several.
func plainQuery(r *rand.Rand, entries []*watchlist.Entry) watchlist.NameQuery {
	q := watchlist.NameQuery{K: []int{1, 3, 20, 200}[r.IntN(4)]}
	for range 1 + r.IntN(5)/4 {
		full := entries[r.IntN(len(entries))].Names[0].Full
		if r.IntN(4) == 0 {
			full = gen.SkewedNames(r.Uint64(), 1, plainCounts)[0]
		}
		if r.IntN(3) == 0 {
			full = gen.Misspell(r.Uint64(), full)
		}
		w := strings.Fields(full)
		switch r.IntN(8) {
		case 0:
			slices.Reverse(w)
		case 1:
			w = w[:1]
		case 2:
			w = w[len(w)-1:]
		case 3:
			w = append(w, w[0])
		case 4:
			w[0] = w[0][:1]
		}
		n := watchlist.Name{Full: strings.Join(w, " ")}
		if r.IntN(8) == 0 && len(n.Full) > 6 {
			n = watchlist.Name{Full: n.Full[:len(n.Full)-2], Truncated: true}
		}
		q.Names = append(q.Names, n)
	}
	return q
}

func checkPlain(t *testing.T, x *Index, l plainList, q watchlist.NameQuery) {
	t.Helper()
	got, err := x.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(l.searchBy(x.Table(), q), got); diff != "" {
		t.Fatalf("query %+v: a scan of all names and the index differ (- scan, + index):\n%s", q, diff)
	}
}

// TestAgainstPlainScan holds answers against a scan that scores all names, to the
// bit, over generated lists: built at once, then changed name by name through delta,
// segments and rebuilds.
func TestAgainstPlainScan(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2026))
	x, l := newIndex(t), plainList{}
	entries := plainEntries(r, 0, 4500)
	for _, e := range entries {
		l.put(e)
	}
	x.slack = -3500 // compactions after a few hundred changes
	if err := x.Rebuild(each(entries), 1); err != nil {
		t.Fatal(err)
	}
	index, most := uint64(1), 0
	for round := range 8 {
		for range 14 {
			checkPlain(t, x, l, plainQuery(r, entries))
		}
		for range 300 {
			index++
			i := r.IntN(len(entries))
			entries[i] = plainEntries(r, i, 1)[0]
			l.put(entries[i])
			put(t, x, index, entries[i])
		}
		if round >= 5 {
			settle(x)
		}
		most = max(most, len(x.state.Load().ids))
	}
	if n := len(x.state.Load().ids); n >= most {
		t.Errorf("%d numbers at the end, %d at most: the test wants a compaction", n, most)
	}
}

func each(entries []*watchlist.Entry) func(yield func(*watchlist.Entry, error) bool) {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// TestSearchesBesideUpdates searches from several goroutines while entries change
// and segments fold: an entry that never changes keeps its place among those that
// never change, and each answer is in order. The race detector watches.
func TestSearchesBesideUpdates(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	x, l := newIndex(t), plainList{}
	fixed := plainEntries(r, 0, 800)
	for _, e := range fixed {
		l.put(e)
	}
	if err := x.Rebuild(each(fixed), 1); err != nil {
		t.Fatal(err)
	}
	var queries []watchlist.NameQuery
	var want [][]watchlist.NameMatch
	for range 12 {
		full := fixed[r.IntN(len(fixed))].Names[0].Full
		q := watchlist.NameQuery{Names: []watchlist.Name{{Full: full}}, K: 1000}
		queries, want = append(queries, q), append(want, l.search(q))
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 3 {
		wg.Go(func() {
			for i := g; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				n := i % len(queries)
				got, err := x.Search(t.Context(), queries[n])
				if err == nil {
					err = stays(want[n], got)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 2500 {
		// Names that no query meets: what the queries find stays as it is.
		e := entryOf(100_000+i%700, fmt.Sprintf("Zwrgkx%c Qvbnpt%c", 'a'+i%26, 'a'+i/26%26))
		if i%3 == 0 {
			e.Status = watchlist.StatusWithdrawn
		}
		put(t, x, uint64(i+2), e)
	}
	close(done)
	wg.Wait()
}

// stays compares two answers.
func stays(want, got []watchlist.NameMatch) error {
	if diff := gocmp.Diff(want, got); diff != "" {
		return fmt.Errorf("an answer changed that should not (- want, + got):\n%s", diff)
	}
	return nil
}

// FuzzAgainstPlainScan holds the answers to any query against the scan.
func FuzzAgainstPlainScan(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 4))
	x, l := newIndex(f), plainList{}
	entries := append(plainEntries(r, 0, 700), entryOf(9000, "محمد ولد الشيخ"), entryOf(9001, "Maria Dasilva", "Müller 张伟"))
	for _, e := range entries {
		l.put(e)
	}
	if err := x.Rebuild(each(entries), 1); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"Mamadou Ndiaye", "Da Silva", "M Ba", "الشيخ محمد", "Mueller", "Mamadou Mamadou Diallo Ba", "Ould", "x"} {
		f.Add(s, "Fatou", byte(20), false)
		f.Add(s, "", byte(1), true)
	}
	f.Fuzz(func(t *testing.T, one, two string, k byte, cut bool) {
		q := watchlist.NameQuery{Names: []watchlist.Name{{Full: one, Truncated: cut}, {Full: two}}, K: int(k) + 1}
		checkPlain(t, x, l, q)
	})
}
