package document

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/index/indextest"
	"vigie/watchlist"
	"vigie/watchlist/docnum"
)

func TestConformance(t *testing.T) {
	indextest.Run(t, func(testing.TB) *Index { return New() }, func(ctx context.Context, x *Index, e *watchlist.Entry) ([]watchlist.EntryID, error) {
		found, err := x.Search(ctx, e.Documents[:min(1, len(e.Documents))])
		if err != nil {
			return nil, err
		}
		var ids []watchlist.EntryID
		for _, m := range found {
			ids = append(ids, m.Entry)
		}
		return ids, nil
	})
}

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"A 012-345/67": "A01234567",
		"a01.234.567<": "A01234567",
		"٠١٢٣ ۴۵":      "012345",
		"Ａ１２":          "12",
		"é ":           "",
		"":             "",
	} {
		if got := docnum.Normalise(in); got != want {
			t.Errorf("Normalise(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNear(t *testing.T) {
	x := New()
	put := func(n int, docs ...watchlist.Document) {
		t.Helper()
		e := indextest.Entry(n, 1)
		e.Documents = docs
		if err := x.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, uint64(n)); err != nil {
			t.Fatal(err)
		}
	}
	sen := func(number string) watchlist.Document {
		return watchlist.Document{Type: "passport", Number: number, Issuer: "SEN"}
	}
	put(1, sen("X9"), sen("A01234567"))
	put(2, sen("OISBZGLQD"))
	put(3, watchlist.Document{Number: "K7654321"})
	put(4, sen("1234"))
	put(5, sen("--"))
	for _, c := range []struct {
		name  string
		probe watchlist.Document
		want  string // entry/document/exact
	}{
		{"same", sen("A01234567"), "1/1/true"},
		{"punctuation and case", sen("a 0123-4567"), "1/1/true"},
		{"same number, other issuer", watchlist.Document{Number: "A01234567", Issuer: "GMB"}, "1/1/true"},
		{"near number, other issuer", watchlist.Document{Number: "A01234568", Issuer: "GMB"}, ""},
		{"near number, unknown issuer", watchlist.Document{Number: "A01234568"}, "1/1/false"},
		{"read O for 0", sen("AO1234567"), "1/1/false"},
		{"one changed", sen("A01934567"), "1/1/false"},
		{"one left out", sen("A0134567"), "1/1/false"},
		{"one too many", sen("A012334567"), "1/1/false"},
		{"two swapped", sen("A01324567"), "1/1/false"},
		{"one confused and one changed", sen("AO1234967"), "1/1/false"},
		{"two changed", sen("A99234567"), ""},
		{"all confused", sen("015826100"), "2/0/false"},
		{"issuer of the entry unknown", sen("K7654322"), "3/0/false"},
		{"short, same", sen("1234"), "4/0/true"},
		{"short, confused", sen("I2E4"), ""},
		{"short, read I for 1", sen("I234"), "4/0/false"},
		{"short, one edit", sen("1235"), ""},
		{"nothing left", sen("-"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := x.Search(context.Background(), []watchlist.Document{c.probe})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range found {
				got = append(got, fmt.Sprintf("%s/%d/%v", strings.TrimLeft(string(m.Entry[len(m.Entry)-2:]), "0"), m.Document, m.Exact))
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("found %q, want %q", g, c.want)
			}
		})
	}
}

func TestSeveralProbes(t *testing.T) {
	x := New()
	e := indextest.Entry(1, 1)
	e.Documents = []watchlist.Document{{Number: "A01234567"}, {Number: "B7777777"}}
	if err := x.Rebuild(func(yield func(*watchlist.Entry, error) bool) { yield(e, nil) }, 1); err != nil {
		t.Fatal(err)
	}
	found, err := x.Search(context.Background(), []watchlist.Document{{Number: "A01234568"}, {Number: "A01234567"}, {Number: "8777777"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []watchlist.DocumentMatch{
		{Entry: e.ID, Document: 0, Query: 1, Exact: true},
		{Entry: e.ID, Document: 1, Query: 2},
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("matches (-want +got):\n%s", d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.Search(ctx, e.Documents); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled search: error %v", err)
	}
	if err := x.Apply(nil, 0); err == nil {
		t.Error("Apply before the applied index: no error")
	}
}

// distance is the optimal string alignment distance, by the textbook table.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
		for j := range d[i] {
			if i == 0 {
				d[i][j] = j
				continue
			}
			if j == 0 {
				continue
			}
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// TestNothingIsMissed compares random histories with a scan of all documents.
func TestNothingIsMissed(t *testing.T) {
	number := rapid.StringMatching(`[01OIA]{4,8}`)
	issuer := rapid.SampledFrom([]watchlist.Country{"", "SEN", "GMB"})
	rapid.Check(t, func(t *rapid.T) {
		x := New()
		truth := map[watchlist.EntryID]*watchlist.Entry{}
		for i := range rapid.IntRange(0, 60).Draw(t, "steps") {
			e := indextest.Entry(rapid.IntRange(0, 20).Draw(t, "entry"), 1)
			c := watchlist.Change{ID: e.ID}
			delete(truth, e.ID)
			if n := rapid.IntRange(0, 3).Draw(t, "documents"); n > 0 {
				e.Documents = nil
				for range n {
					e.Documents = append(e.Documents, watchlist.Document{Number: number.Draw(t, "number"), Issuer: issuer.Draw(t, "issuer")})
				}
				c.Entry, truth[e.ID] = e, e
			}
			if err := x.Apply([]watchlist.Change{c}, uint64(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		probe := watchlist.Document{Number: number.Draw(t, "probe"), Issuer: issuer.Draw(t, "probe issuer")}
		var want []watchlist.DocumentMatch
		a := docnum.Fold(probe.Number)
		for _, e := range truth {
			for pos, d := range e.Documents {
				b := docnum.Fold(d.Number)
				m := watchlist.DocumentMatch{Entry: e.ID, Document: pos, Exact: d.Number == probe.Number}
				sameIssuer := d.Issuer == "" || probe.Issuer == "" || d.Issuer == probe.Issuer
				if m.Exact || sameIssuer && (a == b || len(a) >= minEdit && len(b) >= minEdit && distance(a, b) <= 1) {
					want = append(want, m)
				}
			}
		}
		slices.SortFunc(want, compare)
		got, err := x.Search(context.Background(), []watchlist.Document{probe})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" && len(want)+len(got) > 0 {
			t.Fatalf("probe %+v (-want +got):\n%s", probe, d)
		}
	})
}

func TestOneEditIsDistanceOne(t *testing.T) {
	s := rapid.StringMatching(`[01A]{0,7}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := s.Draw(t, "a"), s.Draw(t, "b")
		if got, want := docnum.OneEdit(a, b), distance(a, b) <= 1; got != want {
			t.Fatalf("OneEdit(%q, %q) = %v, want %v", a, b, got, want)
		}
	})
}

// TestCompaction churns many entries: the table stays in proportion to the
// living, and every one of them is found.
func TestCompaction(t *testing.T) {
	x := New()
	rng := rand.New(rand.NewPCG(1, 1))
	latest := map[int]uint64{}
	for i := uint64(1); i <= 9000; i++ {
		n := rng.IntN(800)
		e := indextest.Entry(n, i)
		if err := x.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, i); err != nil {
			t.Fatal(err)
		}
		latest[n] = i
	}
	if n := x.w.table.n; x.Size() != len(latest) || n > 2*len(latest)+2*chunkSize {
		t.Errorf("%d live entries: size %d, table %d", len(latest), x.Size(), n)
	}
	if n := len(x.w.runs); n > 20 {
		t.Errorf("%d runs", n)
	}
	for n, i := range latest {
		found, err := x.Search(context.Background(), indextest.Entry(n, i).Documents)
		if err != nil || len(found) == 0 || found[0].Entry != indextest.Entry(n, i).ID || !found[0].Exact {
			t.Fatalf("entry %d: found %v, error %v", n, found, err)
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		x := New()
		rng := rand.New(rand.NewPCG(3, 3))
		entries := make([]*watchlist.Entry, n)
		for i := range entries {
			entries[i] = &watchlist.Entry{
				ID:        watchlist.EntryID(fmt.Sprintf("SEN-01920000-0000-7000-8000-%012d", i)),
				Status:    watchlist.StatusActive,
				Documents: []watchlist.Document{{Number: fmt.Sprintf("A%08d", rng.IntN(1e8)), Issuer: "SEN"}},
			}
		}
		list := func(yield func(*watchlist.Entry, error) bool) {
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
		b.Run(fmt.Sprintf("n=%d/rebuild", n), func(b *testing.B) {
			for b.Loop() {
				if err := x.Rebuild(list, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("n=%d/search", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := x.Search(context.Background(), []watchlist.Document{{Number: fmt.Sprintf("A%08d", i%1e8), Issuer: "SEN"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("n=%d/apply", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				e := &watchlist.Entry{ID: entries[i%n].ID, Status: watchlist.StatusActive}
				e.Documents = []watchlist.Document{{Number: fmt.Sprintf("B%08d", i), Issuer: "SEN"}}
				if err := x.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, uint64(i+2)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
