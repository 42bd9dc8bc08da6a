package matcher

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// fakeReports is an index and a registry of reported documents.
type fakeReports struct {
	found []watchlist.ReportMatch
	list  map[watchlist.ReportID]*watchlist.ReportedDocument
	err   error
}

func (f *fakeReports) Reports(context.Context, []watchlist.Document) ([]watchlist.ReportMatch, error) {
	return f.found, f.err
}

func (f *fakeReports) Report(id watchlist.ReportID) (*watchlist.ReportedDocument, error) {
	if r := f.list[id]; r != nil {
		return r, nil
	}
	return nil, watchlist.ErrNotFound
}

// TestReportedDocuments: reports that count are in the lead, with what differs;
// they neither make nor change a candidate, and a failing index fails the match.
func TestReportedDocuments(t *testing.T) {
	w := newWorld()
	w.add(1, -1)
	w.named, w.nameScore["Name 1"], w.nameLLR["Name 1"] = []watchlist.EntryID{id(1)}, 0.95, 3
	reports := &fakeReports{list: map[watchlist.ReportID]*watchlist.ReportedDocument{
		"counts":    {ID: "counts", Type: "passport", KeepUntil: testNow + 1},
		"over":      {ID: "over", Type: "passport", KeepUntil: testNow},
		"withdrawn": {ID: "withdrawn", Type: "passport", KeepUntil: testNow + 1, Withdrawn: true},
	}}
	probe := watchlist.Probe{
		Names: []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Name 1"}}, Purpose: watchlist.PurposeTest, Reason: "test",
		Documents: []watchlist.Document{{Type: "identity_card", Number: "A1234567", Issuer: "SEN"}, {Type: "other", Number: "B1234567"}},
	}
	c := w.config()
	plain, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	without, err := plain.Match(t.Context(), probe)
	if err != nil {
		t.Fatal(err)
	}
	c.ReportIndex, c.Reports = reports, reports
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []watchlist.ReportID{"over", "counts", "gone", "withdrawn"} {
		reports.found = append(reports.found, watchlist.ReportMatch{Report: r, Kind: watchlist.ReportSame})
	}
	reports.found = append(reports.found, watchlist.ReportMatch{Report: "counts", Query: 1, Kind: watchlist.ReportNear})
	lead, err := m.Match(t.Context(), probe)
	if err != nil {
		t.Fatal(err)
	}
	want := []watchlist.DocumentFinding{
		{Document: 0, Report: reports.list["counts"], Kind: watchlist.ReportSame, OtherType: true},
		{Document: 1, Report: reports.list["counts"], Kind: watchlist.ReportNear, IssuerUnknown: true},
	}
	if d := cmp.Diff(want, lead.Documents); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if d := cmp.Diff(without.Candidates, lead.Candidates); d != "" || len(lead.Candidates) != 1 {
		t.Errorf("candidates depend on the reports (-without +with):\n%s", d)
	}
	for range maxFindings + 5 {
		reports.found = append(reports.found, watchlist.ReportMatch{Report: "counts", Kind: watchlist.ReportNear})
	}
	if lead, err = m.Match(t.Context(), probe); err != nil || len(lead.Documents) != maxFindings {
		t.Errorf("%d findings, %v", len(lead.Documents), err)
	}
	reports.err = errors.New("broken")
	if _, err := m.Match(t.Context(), probe); err == nil {
		t.Error("a broken index made for a lead")
	}
	c.Reports = nil
	if _, err := New(c); err == nil {
		t.Error("an index without its registry")
	}
}
