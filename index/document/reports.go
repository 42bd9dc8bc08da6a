package document

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"vigie/watchlist"
	"vigie/watchlist/docnum"
)

// reported is the index of the reported documents, beside that of the entries: the
// single numbers in an index of the same kind, which knows each report as an entry
// with one document, and the runs by their beginning.
type reported struct {
	single *Index
	runs   *runTable
}

// runTable holds the runs of document numbers. It is never changed.
type runTable struct {
	byStart map[runKey][]reportedRun
	// kept finds what a report had, to take it out again.
	kept map[watchlist.ReportID]runKey
}

// runKey is what all numbers of a run share: the folded beginning and the length.
type runKey struct {
	prefix string
	length int
}

type reportedRun struct {
	id     watchlist.ReportID
	issuer watchlist.Country
	docnum.Range
}

func newReported() *reported {
	return &reported{single: newIndex(), runs: &runTable{byStart: map[runKey][]reportedRun{}, kept: map[watchlist.ReportID]runKey{}}}
}

// ApplyReports takes over changed reports, in order. It belongs to the goroutine
// of Apply. It fails when index lies before that of the last call.
func (x *Index) ApplyReports(changes []watchlist.ReportChange, index uint64) error {
	old := x.reports.Load()
	singles := make([]watchlist.Change, 0, len(changes))
	runs := old.runs
	if slices.ContainsFunc(changes, func(c watchlist.ReportChange) bool { return old.runs.concerns(c.Report) }) {
		runs = &runTable{byStart: maps.Clone(old.runs.byStart), kept: maps.Clone(old.runs.kept)}
	}
	for _, c := range changes {
		r := c.Report
		singles = append(singles, watchlist.Change{ID: watchlist.EntryID(r.ID), Entry: asEntry(r), Index: c.Index})
		if runs != old.runs {
			runs.put(r)
		}
	}
	if err := old.single.Apply(singles, index); err != nil {
		return err
	}
	x.reports.Store(&reported{single: old.single, runs: runs})
	return nil
}

// RebuildReports replaces all reports, as of index. It belongs to the goroutine of
// Apply. When reports yields an error, nothing changes and it is returned, wrapped.
func (x *Index) RebuildReports(reports iter.Seq2[*watchlist.ReportedDocument, error], index uint64) error {
	fresh := newReported()
	entries := func(yield func(*watchlist.Entry, error) bool) {
		for r, err := range reports {
			if err != nil {
				yield(nil, err)
				return
			}
			fresh.runs.put(r)
			if e := asEntry(r); e != nil && !yield(e, nil) {
				return
			}
		}
	}
	if err := fresh.single.Rebuild(entries, index); err != nil {
		return fmt.Errorf("rebuild the index of reported documents: %w", err)
	}
	x.reports.Store(fresh)
	return nil
}

// asEntry is a report of one number as the index knows it; nil for a withdrawn one
// and for a run.
func asEntry(r *watchlist.ReportedDocument) *watchlist.Entry {
	if r.Withdrawn || r.NumberTo != "" {
		return nil
	}
	return &watchlist.Entry{
		ID: watchlist.EntryID(r.ID), Status: watchlist.StatusActive,
		Documents: []watchlist.Document{{Type: r.Type, Number: r.Number, Issuer: r.Issuer}},
	}
}

// concerns tells whether a report is a run, or was one.
func (t *runTable) concerns(r *watchlist.ReportedDocument) bool {
	_, was := t.kept[r.ID]
	return was || r.NumberTo != ""
}

// put makes the table hold exactly the report's run, or none.
func (t *runTable) put(r *watchlist.ReportedDocument) {
	if key, ok := t.kept[r.ID]; ok {
		rest := slices.DeleteFunc(slices.Clone(t.byStart[key]), func(x reportedRun) bool { return x.id == r.ID })
		if t.byStart[key] = rest; len(rest) == 0 {
			delete(t.byStart, key)
		}
		delete(t.kept, r.ID)
	}
	if r.Withdrawn || r.NumberTo == "" {
		return
	}
	run, err := docnum.NewRange(r.Number, r.NumberTo)
	if err != nil {
		return // the registry holds no such report: Validate refuses it
	}
	key := runKey{docnum.Fold(run.Prefix), len(run.Prefix) + run.Digits}
	t.byStart[key] = append(slices.Clone(t.byStart[key]), reportedRun{r.ID, r.Issuer, run})
	t.kept[r.ID] = key
}

// Reports returns every report about a document like one of docs: of the same
// issuer, or of any when the probe does not say, with the same number, a number in
// the reported run, or one so near that a reading or typing error explains the
// difference. A report is listed once for each document that finds it; strongest
// kinds first, then by id. It fails only when ctx ends.
func (x *Index) Reports(ctx context.Context, docs []watchlist.Document) ([]watchlist.ReportMatch, error) {
	reports := x.reports.Load()
	var out []watchlist.ReportMatch
	for q, d := range docs {
		number := docnum.Normalise(d.Number)
		if number == "" {
			continue
		}
		found, err := reports.single.searchOne(ctx, number, d.Issuer)
		if err != nil {
			return nil, fmt.Errorf("search the reported documents: %w", err)
		}
		for _, m := range found {
			m.Query = q
			out = append(out, m)
		}
		for _, m := range reports.runs.find(number, d.Issuer) {
			m.Query = q
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b watchlist.ReportMatch) int {
		return cmp.Or(cmp.Compare(strength(a.Kind), strength(b.Kind)), strings.Compare(string(a.Report), string(b.Report)), cmp.Compare(a.Query, b.Query))
	})
	return out, nil
}

// strength orders the kinds, strongest first.
func strength(k watchlist.ReportMatchKind) int {
	return slices.Index([]watchlist.ReportMatchKind{watchlist.ReportSame, watchlist.ReportInRange, watchlist.ReportConfusable, watchlist.ReportNear}, k)
}

// searchOne finds single numbers. Unlike an entry's document, the same number of
// another issuer is another document.
func (x *Index) searchOne(ctx context.Context, number string, issuer watchlist.Country) ([]watchlist.ReportMatch, error) {
	v := x.view.Load()
	kinds := map[*record]watchlist.ReportMatchKind{}
	folded := docnum.Fold(number)
	neighbourhood(folded, func(s []byte) {
		h := hashOf(x.seed, s)
		for _, r := range v.runs {
			for i := range r.with(h) {
				rec := v.table.at(i)
				if !near(rec, folded, issuer) || !rec.visible(v.seq) {
					continue
				}
				switch {
				case rec.number == number:
					kinds[rec] = watchlist.ReportSame
				case rec.folded == folded:
					kinds[rec] = watchlist.ReportConfusable
				default:
					kinds[rec] = watchlist.ReportNear
				}
			}
		}
	})
	var out []watchlist.ReportMatch
	for rec, kind := range kinds {
		out = append(out, watchlist.ReportMatch{Report: watchlist.ReportID(rec.entry), Kind: kind})
	}
	return out, ctx.Err()
}

// find looks a number up among the runs, by each beginning that it may have.
func (t *runTable) find(number string, issuer watchlist.Country) []watchlist.ReportMatch {
	if len(t.byStart) == 0 {
		return nil
	}
	var out []watchlist.ReportMatch
	folded := docnum.Fold(number)
	for n := range len(folded) {
		for _, r := range t.byStart[runKey{folded[:n], len(folded)}] {
			switch {
			case issuer != "" && r.issuer != issuer:
			case r.Contains(number, false):
				out = append(out, watchlist.ReportMatch{Report: r.id, Kind: watchlist.ReportInRange})
			case r.Contains(number, true):
				out = append(out, watchlist.ReportMatch{Report: r.id, Kind: watchlist.ReportConfusable})
			}
		}
	}
	return out
}
