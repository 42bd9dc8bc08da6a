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
	for _, field := range []string{"purpose", "reason", "q"} {
		in := searchInput()
		delete(in, field)
		p := r.problem("invalid_request", search().with(in))
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/"+field || p.Errors[0].Code != "required" {
			t.Errorf("without %s: %+v", field, p.Errors)
		}
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
