package api

import (
	"fmt"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
)

// TestSearchNeedsAPurpose: whoever looks for a person by name says what for and
// why (L1), and the audit log has it as a search, without the name.
func TestSearchNeedsAPurpose(t *testing.T) {
	r := newRig(t)
	for i, status := range []string{"active", "active", "suspended"} {
		r.enrolled(map[string]any{"status": status, "names": []any{map[string]any{"kind": "primary", "full": "Person " + strings.Repeat("a", 5+i)}}})
	}
	search := func(change ...map[string]any) ask {
		return ask{method: "POST", path: "/v1/entries/search", role: watchlist.RoleSupervisor, body: searchInput(append([]map[string]any{{"q": "aaaaa"}}, change...)...)}
	}
	rec := r.want(200, search())
	if found := decode[gen.EntryList](t, rec); len(found.Items) != 3 || found.Next != "" {
		t.Errorf("found %d", len(found.Items))
	}
	e := r.lastEvent()
	if e.Kind != watchlist.AuditSearch || e.Purpose != "investigation" || e.Reason != "case review" || len(e.Entries) != 3 ||
		len(e.Evidence) != 1 || e.Index == 0 || strings.Contains(fmt.Sprintf("%+v", e), "aaaaa") {
		t.Errorf("event %+v", e)
	}
	if strings.Contains(r.log.String(), "aaaaa") || rec.Header().Get("X-Vigie-Age-Ms") == "" {
		t.Errorf("log or headers %v", rec.Header())
	}
	found := decode[gen.EntryList](t, r.want(200, search(map[string]any{"status": "active", "limit": 1, "category": "smuggler"})))
	if len(found.Items) != 1 || found.Items[0].Status != "active" {
		t.Errorf("filtered: %+v", found.Items)
	}
	for field, bad := range map[string]any{"purpose": "curiosity", "reason": "  \t ", "q": "a", "limit": 501, "status": "gone"} {
		p := r.problem("invalid_request", search(map[string]any{field: bad}))
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/"+field {
			t.Errorf("%s: %+v", field, p.Errors)
		}
	}
	for _, field := range []string{"purpose", "reason"} {
		in := searchInput()
		delete(in, field)
		p := r.problem("invalid_request", search().with(in))
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/"+field || p.Errors[0].Code != "required" {
			t.Errorf("without %s: %+v", field, p.Errors)
		}
	}
	neither := searchInput()
	delete(neither, "q")
	if p := r.problem("invalid", search().with(neither)); len(p.Errors) != 1 || p.Errors[0].Pointer != "/q" || p.Errors[0].Code != "required" || p.Status != 422 {
		t.Errorf("without q: %+v", p)
	}
	if p := r.problem("invalid", search(map[string]any{"text": "faux"})); len(p.Errors) != 1 || p.Errors[0].Pointer != "/text" || p.Errors[0].Code != "conflict" {
		t.Errorf("with both: %+v", p)
	}
	r.w.leaderErr = watchlist.ErrNoLeader
	r.problem("no_leader", search())
	local := search()
	local.path += "?consistency=local"
	r.want(200, local)
}

// TestNoSearchInTheAddress: a name in an address ends up in the logs of proxies.
func TestNoSearchInTheAddress(t *testing.T) {
	r := newRig(t)
	p := r.problem("invalid_request", ask{method: "GET", path: "/v1/entries?q=diallo", role: admin})
	if p.Errors[0].Code != "unknown_parameter" {
		t.Errorf("%+v", p.Errors)
	}
	if rec := r.do(ask{method: "GET", path: "/v1/entries/search", role: admin}); rec.Code != 400 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// TestTextSearch: what is written is searched in entries of every status, the audit
// log has it as a search without the words, and the answer says what it saw.
func TestTextSearch(t *testing.T) {
	r := newRig(t)
	for _, status := range []string{"active", "draft", "suspended"} {
		r.enrolled(map[string]any{"status": status, "facts": "zzfaux passeport"})
	}
	past := r.enrolled(map[string]any{"facts": "zzfaux visa"})
	r.w.entries[watchlist.EntryID(past)].ExpiresAt = 1
	search := func(text string, change ...map[string]any) ask {
		in := searchInput(append([]map[string]any{{"text": text}}, change...)...)
		delete(in, "q")
		return ask{method: "POST", path: "/v1/entries/search", role: watchlist.RoleSupervisor, body: in}
	}
	found := decode[gen.EntryList](t, r.want(200, search("zzfaux")))
	if len(found.Items) != 4 || found.TextIndex != int64(r.w.index) || found.Truncated || strings.Join(found.Items[0].Matched, " ") != "facts" {
		t.Errorf("found %+v", found)
	}
	e := r.lastEvent()
	if e.Kind != watchlist.AuditSearch || e.Purpose != "investigation" || e.Reason != "case review" || len(e.Entries) != 4 || len(e.Evidence) != 0 || e.Index == 0 ||
		strings.Contains(fmt.Sprintf("%+v", e), "zzfaux") || strings.Contains(r.log.String(), "zzfaux") {
		t.Errorf("event %+v or log", e)
	}
	for status, want := range map[string]int{"active": 1, "expired": 1, "draft": 1, "withdrawn": 0} {
		if got := decode[gen.EntryList](t, r.want(200, search("zzfaux", map[string]any{"status": status, "category": "smuggler"}))); len(got.Items) != want {
			t.Errorf("%s: %d found", status, len(got.Items))
		}
	}
	if got := decode[gen.EntryList](t, r.want(200, search("zzfaux", map[string]any{"limit": 2}))); len(got.Items) != 2 || !got.Truncated {
		t.Errorf("limit 2: %+v", got)
	}
	if p := r.problem("invalid", search("*zzfaux")); p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Pointer != "/text" || p.Errors[0].Code != "wildcard" {
		t.Errorf("%+v", p)
	}
	for _, bad := range []string{"x", strings.Repeat("y", 501)} {
		if p := r.problem("invalid_request", search(bad)); len(p.Errors) != 1 || p.Errors[0].Pointer != "/text" {
			t.Errorf("%+v", p)
		}
	}
	r.problem("forbidden", func() ask { a := search("zzfaux"); a.role = watchlist.RoleOfficer; return a }())
	r.w.textErr = watchlist.ErrTextBuilding
	if rec := r.want(503, search("zzfaux")); rec.Header().Get("Retry-After") == "" || !strings.Contains(rec.Body.String(), "text_index_building") {
		t.Errorf("%v %s", rec.Header(), rec.Body)
	}
	r.w.textErr, r.w.textBehind = nil, true
	r.problem("index_not_reached", search("zzfaux"))
	local := search("zzfaux")
	local.path += "?consistency=local"
	r.want(200, local)
	local.path += "&min_index=1"
	r.problem("index_not_reached", local)
}
