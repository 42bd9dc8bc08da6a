package document

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

func report(n int, number, to string, issuer watchlist.Country) *watchlist.ReportedDocument {
	return &watchlist.ReportedDocument{
		ID: watchlist.ReportID(fmt.Sprintf("SEN-0192f0c1-0000-7000-8000-%012d", n)), Type: "passport", Number: number, NumberTo: to, Issuer: issuer,
	}
}

func all(list ...*watchlist.ReportedDocument) iter.Seq2[*watchlist.ReportedDocument, error] {
	return func(yield func(*watchlist.ReportedDocument, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func change(r *watchlist.ReportedDocument, index uint64) []watchlist.ReportChange {
	return []watchlist.ReportChange{{Report: r, Index: index}}
}

// find gives "number of the report:kind" for one document.
func find(t *testing.T, x *Index, number string, issuer watchlist.Country) []string {
	t.Helper()
	list, err := x.Reports(t.Context(), []watchlist.Document{{Number: "no digits: -"}, {Number: number, Issuer: issuer}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range list {
		if m.Query != 0 && m.Query != 1 {
			t.Errorf("query %d", m.Query)
		}
		if m.Query == 1 {
			id := string(m.Report)
			out = append(out, id[len(id)-1:]+":"+string(m.Kind))
		}
	}
	return out
}

func TestReports(t *testing.T) {
	x := New()
	one, run := report(1, "A0158826", "", "SEN"), report(2, "B 000100", "B000199", "SEN")
	if err := x.RebuildReports(all(one, run, report(3, "A0158826", "", "GMB")), 5); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		number string
		issuer watchlist.Country
		want   []string
	}{
		{"A0158826", "SEN", []string{"1:same"}},
		{"a 0158826", "", []string{"1:same", "3:same"}},
		{"A0158826", "MLI", nil},
		{"AO158B26", "SEN", []string{"1:confusable"}},
		{"A0158827", "SEN", []string{"1:near"}},
		{"A0158872", "SEN", nil},
		{"B000150", "SEN", []string{"2:in_range"}},
		{"8000I50", "SEN", []string{"2:confusable"}},
		{"B000150", "GMB", nil},
		{"B000200", "SEN", nil},
		{"", "SEN", nil},
	} {
		if d := cmp.Diff(c.want, find(t, x, c.number, c.issuer)); d != "" {
			t.Errorf("%q of %q (-want +got):\n%s", c.number, c.issuer, d)
		}
	}
	found, err := x.Search(t.Context(), []watchlist.Document{{Number: "A0158826"}})
	if err != nil || len(found) != 0 {
		t.Errorf("reports turn up as entries: %v %v", found, err)
	}

	// A run becomes a single number, the single number is withdrawn.
	narrower := *run
	narrower.NumberTo = ""
	gone := *one
	gone.Withdrawn = true
	if err := x.ApplyReports(append(change(&narrower, 6), change(&gone, 7)...), 7); err != nil {
		t.Fatal(err)
	}
	if got := find(t, x, "B000150", "SEN"); !slices.Equal(got, []string{"2:near"}) {
		t.Errorf("the run is still there: %v", got)
	}
	if got := find(t, x, "B000100", "SEN"); !slices.Equal(got, []string{"2:same"}) {
		t.Errorf("the single number: %v", got)
	}
	if got := find(t, x, "A0158826", "SEN"); got != nil {
		t.Errorf("a withdrawn report: %v", got)
	}
	if err := x.ApplyReports(change(run, 8), 8); err != nil {
		t.Fatal(err)
	}
	if got := find(t, x, "B000150", "SEN"); !slices.Equal(got, []string{"2:in_range"}) {
		t.Errorf("a run again: %v", got)
	}
	if err := x.ApplyReports(nil, 3); err == nil {
		t.Error("an older index was taken")
	}
	broken := func(yield func(*watchlist.ReportedDocument, error) bool) { yield(nil, errors.New("disk")) }
	if err := x.RebuildReports(broken, 9); err == nil || find(t, x, "B000150", "SEN") == nil {
		t.Errorf("a rebuild that failed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Reports(ctx, []watchlist.Document{{Number: "A0158826"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("no error after the end: %v", err)
	}
}
