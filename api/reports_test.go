package api

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// reportsFake is the state machine's part on reported documents, as far as the API
// can see it.
type reportsFake struct {
	list    map[watchlist.ReportID]*watchlist.ReportedDocument
	batches map[watchlist.BatchID][]watchlist.ReportID
}

func (f *reportsFake) put(c command.ReportPut, now int64) command.Result {
	if f.list == nil {
		f.list, f.batches = map[watchlist.ReportID]*watchlist.ReportedDocument{}, map[watchlist.BatchID][]watchlist.ReportID{}
	}
	out := command.Result{Code: command.OK}
	for _, it := range c.Items {
		one := f.putOne(it, now)
		out.Items = append(out.Items, one)
		if one.Code == command.OK {
			f.batches[c.Batch] = append(f.batches[c.Batch], one.Report)
		}
	}
	if c.Batch == "" {
		return out.Items[0]
	}
	return out
}

func (f *reportsFake) putOne(it command.ReportItem, now int64) command.Result {
	old := f.list[it.Report.ID]
	switch {
	case old == nil && it.IfRevision != 0:
		return command.Result{Code: command.NotFound}
	case old != nil && old.Revision != it.IfRevision:
		return command.Result{Code: command.Conflict, Revision: old.Revision}
	}
	r := it.Report
	r.Revision, r.CreatedAt, r.UpdatedAt = it.IfRevision+1, now, now
	f.list[r.ID] = &r
	return command.Result{Code: command.OK, Report: r.ID, Revision: r.Revision}
}

func (f *reportsFake) undo(c command.ReportUndo) command.Result {
	ids, ok := f.batches[c.Batch]
	if !ok {
		return command.Result{Code: command.NotFound}
	}
	// One at a time, so that the caller has to come back.
	out := command.Result{Code: command.OK, More: len(ids) > 1}
	if len(ids) > 0 {
		f.list[ids[0]].Withdrawn = true
		out.Items = []command.Result{{Code: command.OK, Report: ids[0]}}
		f.batches[c.Batch] = ids[1:]
	}
	return out
}

func (w *world) Report(id watchlist.ReportID) (*watchlist.ReportedDocument, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.reported.list[id]; r != nil {
		return r.Clone(), nil
	}
	return nil, watchlist.ErrNotFound
}

func (w *world) Reports(after watchlist.ReportID, limit int, keep func(*watchlist.ReportedDocument) bool) (out []*watchlist.ReportedDocument, next watchlist.ReportID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(w.reported.list)) {
		if r := w.reported.list[id]; id > after && keep(r) {
			if len(out) == limit {
				return out, out[limit-1].ID, nil
			}
			out = append(out, r.Clone())
		}
	}
	return out, "", nil
}

func reportInput(change ...map[string]any) map[string]any {
	m := map[string]any{
		"type": "passport", "number": "A00123456", "issuer": "SEN", "status": "stolen", "reported": "2026-03-01",
		"reference": "PV 12/2026", "keep_until": "2031-01-01T00:00:00Z",
	}
	for _, c := range change {
		maps.Copy(m, c)
	}
	return m
}

func TestReportLifecycle(t *testing.T) {
	r := newRig(t)
	w := decode[gen.ReportWritten](t, r.want(201, ask{method: "POST", path: "/v1/documents", role: admin, body: reportInput(), header: map[string]string{"Idempotency-Key": "report-key-1"}}))
	if e := r.lastEvent(); e.Kind != watchlist.AuditWrite || !slices.Equal(e.Reports, []watchlist.ReportID{watchlist.ReportID(w.Id)}) || len(e.Entries) != 0 {
		t.Errorf("event %+v", e)
	}
	again := decode[gen.ReportWritten](t, r.want(201, ask{method: "POST", path: "/v1/documents", role: admin, body: reportInput(), header: map[string]string{"Idempotency-Key": "report-key-1"}}))
	if again.Id != w.Id || !again.Replayed {
		t.Errorf("again %+v", again)
	}
	path := "/v1/documents/" + w.Id
	rec := r.want(200, ask{method: "GET", path: path, role: watchlist.RoleSupervisor})
	got := decode[gen.Report](t, rec)
	if got.Number != "A00123456" || got.Status != "stolen" || !got.Counts || got.Withdrawn || got.Origin.Country != "SEN" || rec.Header().Get("ETag") != `"1"` {
		t.Errorf("report %+v", got)
	}
	r.problem("precondition_required", ask{method: "PUT", path: path, role: admin, body: reportInput()})
	r.problem("revision_conflict", ask{method: "PUT", path: path, role: admin, body: reportInput(), header: map[string]string{"If-Match": `"9"`}})
	r.want(200, ask{method: "PUT", path: path, role: admin, body: reportInput(map[string]any{"status": "lost"}), header: map[string]string{"If-Match": `"1"`}})
	r.want(201, ask{method: "POST", path: "/v1/documents", role: admin, body: reportInput(map[string]any{"number": "B1", "issuer": "GMB"})})
	page := decode[gen.ReportList](t, r.want(200, ask{method: "GET", path: "/v1/documents?limit=1", role: admin}))
	if len(page.Items) != 1 || page.Next == "" {
		t.Fatalf("page %+v", page)
	}
	page = decode[gen.ReportList](t, r.want(200, ask{method: "GET", path: "/v1/documents?limit=1&cursor=" + page.Next, role: admin}))
	if len(page.Items) != 1 || page.Next != "" {
		t.Errorf("last page %+v", page)
	}
	page = decode[gen.ReportList](t, r.want(200, ask{method: "GET", path: "/v1/documents?status=lost&issuer=SEN", role: admin}))
	if len(page.Items) != 1 || page.Items[0].Id != w.Id {
		t.Errorf("filtered %+v", page)
	}
	r.want(200, ask{method: "POST", path: path + "/withdraw", role: admin, body: map[string]any{"reason": "found again"}})
	if e := r.lastEvent(); e.Reason != "found again" {
		t.Errorf("event %+v", e)
	}
	r.problem("bad_transition", ask{method: "POST", path: path + "/withdraw", role: admin, body: map[string]any{"reason": "found again"}})
	r.problem("not_found", ask{method: "GET", path: path[:len(path)-12] + "000000000000", role: admin})
}

func TestReportRefusals(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"issuer": "QQQ"}, "/issuer unknown_country"},
		{map[string]any{"number": "---"}, "/number malformed"},
		{map[string]any{"number_to": "B99"}, "/number_to bad_range"},
		{map[string]any{"number": "A0000000", "number_to": "A9999999"}, "/number_to bad_range"},
		{map[string]any{"reported": "2026-02-31"}, "/reported malformed"},
		{map[string]any{"reference": "  "}, "/reference required"},
		{map[string]any{"keep_until": "1960-01-01T00:00:00Z"}, "/keep_until required"},
	} {
		pr := r.problem("invalid", ask{method: "POST", path: "/v1/documents", role: admin, body: reportInput(c.change)})
		if got := pr.Errors[0].Pointer + " " + pr.Errors[0].Code; got != c.want {
			t.Errorf("%v: %s, want %s", c.change, got, c.want)
		}
	}
	pr := r.problem("invalid_request", ask{method: "POST", path: "/v1/documents", role: admin, body: reportInput(map[string]any{"holder": "Awa"})})
	if pr.Errors[0].Pointer != "/holder" {
		t.Errorf("a field for a person: %+v", pr.Errors)
	}
}

func TestReportImport(t *testing.T) {
	r := newRig(t)
	id := "SEN-0192f0c1-5555-7abc-8def-0123456789ab"
	send := func(query string, lines ...any) gen.ImportReport {
		t.Helper()
		return decode[gen.ImportReport](t, r.want(200, ask{method: "POST", path: "/v1/documents/imports/b1" + query, role: admin, body: map[string]any{"label": "list", "lines": lines}}))
	}
	good := map[string]any{"line": 2, "id": id, "report": reportInput()}
	bad := map[string]any{"line": 3, "report": reportInput(map[string]any{"issuer": "ZZZ"})}
	foreign := map[string]any{"line": 4, "id": "MLI" + id[3:], "report": reportInput()}
	other := map[string]any{"line": 5, "report": reportInput(map[string]any{"number": "B00000100", "number_to": "B00000199", "status": "stolen_blank"})}
	out := send("?dry_run=true", good, bad, foreign, other)
	if out.Created != 2 || out.Rejected != 2 || len(r.w.reported.list) != 0 {
		t.Errorf("dry run %+v", out)
	}
	out = send("", good, bad, foreign, other)
	if out.Created != 2 || out.Rejected != 2 || out.Results[1].Errors[0].Pointer != "/issuer" || out.Results[2].Code != "foreign_origin" || out.Results[3].Line != 5 {
		t.Errorf("import %+v", out)
	}
	if e := r.lastEvent(); len(e.Reports) != 2 || e.Subject != "b1" {
		t.Errorf("event %+v", e)
	}
	out = send("", good)
	if out.Unchanged != 1 || out.Results[0].Id != id {
		t.Errorf("again %+v", out)
	}
	good["report"] = reportInput(map[string]any{"status": "revoked"})
	if out = send("", good); out.Replaced != 1 {
		t.Errorf("changed %+v", out)
	}
	undone := decode[gen.UndoReport](t, r.want(200, ask{method: "POST", path: "/v1/documents/imports/b1/undo", role: admin, body: map[string]any{"reason": "wrong file"}}))
	if undone.Undone < 2 {
		t.Errorf("undo %+v", undone)
	}
	r.problem("not_found", ask{method: "POST", path: "/v1/documents/imports/nothing/undo", role: admin, body: map[string]any{"reason": "wrong file"}})
	if out = send("", good); out.Rejected != 1 || out.Results[0].Code != "bad_transition" {
		t.Errorf("a withdrawn one %+v", out)
	}
}

// TestFindingNamesNoPerson: the words about a document say that they are not about
// its bearer, in three languages, and the event names the report.
func TestFindingNamesNoPerson(t *testing.T) {
	r := newRig(t)
	report := &watchlist.ReportedDocument{ID: "SEN-0192f0c1-5555-7abc-8def-0123456789ab", Type: "passport", Number: "A00123456", Issuer: "SEN", Status: watchlist.ReportStolen, Reference: "PV 12", Reported: watchlist.PartialDate{Year: 2026}}
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		return &watchlist.Lead{Documents: []watchlist.DocumentFinding{{Report: report, Kind: watchlist.ReportSame}, {Report: report, Kind: watchlist.ReportNear, OtherType: true, IssuerUnknown: true}}}, nil
	}
	lead := decode[gen.Lead](t, r.want(200, ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput()}))
	if len(lead.Candidates) != 0 || len(lead.Documents) != 2 {
		t.Fatalf("lead %+v", lead)
	}
	for i, words := range []map[string]string{
		{"fr": "Ce document est signalé volé.", "en": "reported stolen", "pt": "roubado"},
		{"fr": "voisin", "en": "another type", "pt": "emissor"},
	} {
		n := lead.Documents[i].Notice
		for lang, text := range map[string]string{"fr": n.Fr, "en": n.En, "pt": n.Pt} {
			about := map[string]string{"fr": "pas sur la personne", "en": "not the person", "pt": "não à pessoa"}[lang]
			if !strings.Contains(text, words[lang]) || !strings.Contains(text, about) {
				t.Errorf("finding %d in %s: %s", i, lang, text)
			}
		}
	}
	if e := r.lastEvent(); len(e.Reports) != 2 || len(e.Entries) != 0 {
		t.Errorf("event %+v", e)
	}
}
