package text

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/index/indextest"
	"vigie/watchlist"
)

func testCore(t testing.TB) *core {
	t.Helper()
	c, err := newCore()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestConformance: the suite looks for active entries, this index has all.
func TestConformance(t *testing.T) {
	indextest.Run(t, testCore, func(ctx context.Context, c *core, e *watchlist.Entry) ([]watchlist.EntryID, error) {
		if len(e.Names) == 0 {
			return nil, nil
		}
		res, err := c.Search(ctx, watchlist.TextQuery{Text: `name:"` + e.Names[0].Full + `"`, Status: watchlist.StatusActive, K: 50})
		var ids []watchlist.EntryID
		for _, m := range res.Matches {
			ids = append(ids, m.Entry)
		}
		return ids, err
	})
}

// specimens are entries of all states, with words that only one of them has.
func specimens() []*watchlist.Entry {
	out := make([]*watchlist.Entry, 5)
	for i := range out {
		e := indextest.Entry(i, 1)
		e.Documents, e.Nationalities, e.Origin.Authority = nil, []watchlist.Country{"SEN"}, "Direction nationale"
		out[i] = e
	}
	out[0].Names = []watchlist.Name{{Full: "Mamadou DIALLO"}, {Full: "Tête-à-l'œil"}}
	out[0].CaseReference, out[0].Offence, out[0].Facts = "DKR-2026-0012", "trafic de migrants", "Vendait de faux passeports à Gao."
	out[0].Documents = []watchlist.Document{{Number: "A 012-345/67", Issuer: "GIN"}}
	out[1].CaseReference, out[1].Status, out[1].Facts = "DKR-2026-0013", watchlist.StatusDraft, "Un faux visa, sans passeport; vu près de Gao"
	out[1].Births = []watchlist.Birth{{Place: "Labé"}}
	out[2].CaseReference, out[2].Status, out[2].WithdrawnReason = "BKO-7", watchlist.StatusWithdrawn, "erreur sur la personne"
	out[2].Category, out[2].Nationalities = watchlist.CategoryDocumentFraud, []watchlist.Country{"MLI"}
	out[3].CaseReference, out[3].Status, out[3].LegalBasis = "NKC-1", watchlist.StatusSuspended, "Mandado de detenção 12/2026"
	out[3].Names = []watchlist.Name{{Full: "محمد الأمين"}}
	out[4].CaseReference, out[4].Assessments, out[4].Caveats = "ABJ-1", "associé de Mamadou", []string{"armé"}
	return out
}

// searched gives "place fields" for each entry that a query finds.
func searched(t *testing.T, c *core, q watchlist.TextQuery) []string {
	t.Helper()
	q.K = 50
	res, err := c.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", q.Text, err)
	}
	out := []string{}
	for _, m := range res.Matches {
		out = append(out, strings.TrimSpace(fmt.Sprint(strings.TrimLeft(string(m.Entry[len(m.Entry)-2:]), "0"), " ", strings.Join(m.Fields, ","))))
	}
	if res.Total != len(out) {
		t.Errorf("%s: total %d, %d found", q.Text, res.Total, len(out))
	}
	return out
}

// wanted are queries over the specimens and what they find, the best first; the
// first entry's number is "".
var wanted = []struct {
	text string
	want []string
}{
	{"DKR-2026-0012", []string{"case"}},
	{"dkr20260012", []string{"case"}},
	{"case:0012", []string{"case"}},
	{"dkr", []string{"case", "1 case"}},
	{"DKR-20*", []string{"case", "1 case"}},
	{"dkr20*", []string{"case", "1 case"}},
	{"faux passeport Gao", []string{"1 facts", "facts"}},
	{`"faux passeports"`, []string{"facts"}},
	{`"passeports faux"`, []string{}},
	{"PASSPORT", []string{"1 facts"}},
	{"pass*", []string{"facts", "1 facts"}},
	{"name:diallo", []string{"name"}},
	{"dialo", []string{"name"}},
	{"name:passeports", []string{}},
	{"mamadou", []string{"name", "4 assessment"}},
	{"mamadou -name:diallo", []string{"4 assessment"}},
	{"MAMADU", []string{"name", "4 assessment"}},
	{"tete oeil", []string{"name"}},
	{"l'œil", []string{"name"}},
	{"A01234567", []string{"document"}},
	{"a012-34567", []string{"document"}},
	{"document:012", []string{"document"}},
	{"labe", []string{"1 birth"}},
	{"armé", []string{"4 caveat"}},
	{"mandado detencao", []string{"3 basis"}},
	{"amin", []string{"3 name"}},
	{"محمد", []string{"3 name"}},
	{`withdrawn:"sur la personne"`, []string{"2 withdrawn"}},
	{"nationality:mli", []string{"2 nationality"}},
	{"document fraud", []string{"2 category"}},
	{"status:draft dkr", []string{"1 case,status"}},
	{"draft", []string{}},
	{"faux -gao", []string{}},
	{"12/2026", []string{"3 basis"}},
	{"zzzzz", []string{}},
	{"de la", []string{}},
}

func TestQueries(t *testing.T) {
	applied, rebuilt := testCore(t), testCore(t)
	list := specimens()
	for i, e := range list {
		old := e.Clone()
		old.Facts, old.CaseReference = "zzzzz", "ZZZ-1"
		for n, v := range []*watchlist.Entry{old, e} {
			if err := applied.Apply([]watchlist.Change{{ID: e.ID, Entry: v}}, uint64(2*i+n+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := rebuilt.Rebuild(each(list), 10); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*core{"applied": applied, "rebuilt": rebuilt} {
		for _, w := range wanted {
			if d := cmp.Diff(w.want, searched(t, c, watchlist.TextQuery{Text: w.text})); d != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, w.text, d)
			}
		}
		for status, want := range map[watchlist.Status]int{"": 2, watchlist.StatusActive: 1, watchlist.StatusDraft: 1, watchlist.StatusWithdrawn: 0} {
			if got := searched(t, c, watchlist.TextQuery{Text: "dkr", Status: status}); len(got) != want {
				t.Errorf("%s, status %q: %v", name, status, got)
			}
		}
		if got := searched(t, c, watchlist.TextQuery{Text: "sen", Category: watchlist.CategorySmuggler}); len(got) != 4 {
			t.Errorf("%s, by category: %v", name, got)
		}
	}
}

// TestFolds: an index that has folded many times finds what one made at once does.
func TestFolds(t *testing.T) {
	const flush = 128
	const n = 3 * flush / 2 * 3
	applied := testCore(t)
	applied.flush, applied.batches = flush, 8
	latest := map[watchlist.EntryID]*watchlist.Entry{}
	index := uint64(0)
	for i := 0; i < n; i += 16 {
		var changes []watchlist.Change
		for j := range 16 {
			e := indextest.Entry((i+j*7)%(n/2), uint64(i+1))
			e.Names = []watchlist.Name{{Full: fmt.Sprintf("word%d word%d", i%10, j)}}
			latest[e.ID] = e
			changes = append(changes, watchlist.Change{ID: e.ID, Entry: e})
		}
		index++
		if err := applied.Apply(changes, index); err != nil {
			t.Fatal(err)
		}
	}
	if applied.w.batches >= 8 || len(applied.w.recent) >= flush || applied.w.flushed < 2 || applied.size() != len(latest) {
		t.Errorf("%d batches, %d recent, size %d of %d", applied.w.batches, len(applied.w.recent), applied.size(), len(latest))
	}
	var list []*watchlist.Entry
	for _, e := range latest {
		list = append(list, e)
	}
	rebuilt := testCore(t)
	if err := rebuilt.Rebuild(each(list), index); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		q := watchlist.TextQuery{Text: fmt.Sprintf("word%d -word3", i), K: n}
		a, err := applied.Search(t.Context(), q)
		b, err2 := rebuilt.Search(t.Context(), q)
		if d := cmp.Diff(a, b); d != "" || err != nil || err2 != nil || i%2 == 0 && a.Total == 0 {
			t.Fatalf("%s: %v, %v, %d found (-applied +rebuilt):\n%s", q.Text, err, err2, a.Total, d)
		}
	}
}

// TestTooBroad: a beginning that very many words have is refused before bleve opens
// each of them.
func TestTooBroad(t *testing.T) {
	c := testCore(t)
	var list []*watchlist.Entry
	for i := range 6 {
		e := indextest.Entry(i, 1)
		for j := range 200 {
			e.Facts += fmt.Sprintf(" broad%d", 200*i+j)
		}
		list = append(list, e)
	}
	if err := c.Rebuild(each(list), 1); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"broad*", "-facts:broad* tes", "bro-ad*"} {
		_, err := c.Search(t.Context(), watchlist.TextQuery{Text: text})
		var f watchlist.FieldError
		if !errors.As(err, &f) || f.Code != "too_broad" || f.Pointer != "/text" {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got := searched(t, c, watchlist.TextQuery{Text: "broad11*"}); len(got) != 2 {
		t.Errorf("found %v", got)
	}
}

func TestSearchEndsWithItsContext(t *testing.T) {
	c := testCore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Search(ctx, watchlist.TextQuery{Text: "word"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	_, err := searchPart(t.Context(), nil, &parsed{}, watchlist.TextQuery{})
	if !errors.Is(err, errBleve) {
		t.Errorf("error %v", err)
	}
	if err := write(nil, map[watchlist.EntryID]contents{"a": nil}, nil); !errors.Is(err, errBleve) {
		t.Errorf("error %v", err)
	}
}
