package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
)

// watchWriter tells whether anything was sent when an event was appended.
type watchWriter struct {
	*httptest.ResponseRecorder
	sent bool
}

func (w *watchWriter) WriteHeader(code int) { w.sent = true; w.ResponseRecorder.WriteHeader(code) }

func (w *watchWriter) Write(p []byte) (int, error) { w.sent = true; return w.ResponseRecorder.Write(p) }

// TestAuditGoesFirst: for every audited operation, good or refused, the event is
// appended before the first byte of the answer, exactly once; if it can't be,
// nothing is disclosed.
func TestAuditGoesFirst(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	u := r.person("awa", officer)
	for _, c := range []struct {
		op   string
		kind watchlist.AuditKind
		a    ask
	}{
		{"match", watchlist.AuditSearch, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()}},
		{"match", watchlist.AuditSearch, ask{method: "POST", path: "/v1/match", role: officer, body: `{"purpose":"test"}`}},
		{"match", watchlist.AuditDenied, ask{method: "POST", path: "/v1/match", role: watchlist.RolePartner, body: probeInput()}},
		{"getEntry", watchlist.AuditRead, ask{method: "GET", path: "/v1/entries/" + id, role: admin}},
		{"getEntry", watchlist.AuditDenied, ask{method: "GET", path: "/v1/entries/" + id, role: officer}},
		{"listEntries", watchlist.AuditRead, ask{method: "GET", path: "/v1/entries", role: admin}},
		{"searchEntries", watchlist.AuditSearch, ask{method: "POST", path: "/v1/entries/search", role: admin, body: searchInput()}},
		{"searchEntries", watchlist.AuditDenied, ask{method: "POST", path: "/v1/entries/search", role: officer, body: searchInput()}},
		{"createEntry", watchlist.AuditWrite, ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput()}},
		{"updateEntry", watchlist.AuditWrite, ask{method: "PATCH", path: "/v1/entries/" + id, role: admin, kind: mediaPatch, body: `{"specimen":true}`, header: map[string]string{"If-Match": `"1"`}}},
		{"withdrawEntry", watchlist.AuditWrite, ask{method: "POST", path: "/v1/entries/" + id + "/withdraw", role: admin, body: `{"reason":"lifted"}`}},
		{"importEntries", watchlist.AuditWrite, importAsk("entries", line(1))},
		{"createSession", watchlist.AuditLogin, login("awa", goodPassword)},
		{"createSession", watchlist.AuditLogin, login("awa", "wrong password 1")},
		{"updateUser", watchlist.AuditPolicy, ask{method: "PATCH", path: "/v1/users/" + string(u), role: admin, kind: mediaPatch, body: `{"post":"x"}`}},
		{"listUsers", watchlist.AuditPolicy, ask{method: "GET", path: "/v1/users", role: admin}},
		{"createJoinToken", watchlist.AuditCluster, ask{method: "POST", path: "/v1/cluster/tokens", role: admin, body: `{"role":"voter"}`}},
		{"transferLeadership", watchlist.AuditCluster, ask{method: "POST", path: "/v1/cluster/transfer", role: admin}},
		{"listAudit", watchlist.AuditRead, ask{method: "GET", path: "/v1/audit", role: watchlist.RoleAuditor}},
		{"getMe", watchlist.AuditDenied, ask{method: "GET", path: "/v1/me", token: "vk_0000000000000001_" + strings.Repeat("A", 43)}},
	} {
		rec := &watchWriter{ResponseRecorder: httptest.NewRecorder()}
		before, late := r.eventCount(), false
		r.w.onAudit = func(watchlist.AuditEvent) { late = late || rec.sent }
		r.s.Handler().ServeHTTP(rec, r.request(c.a))
		r.w.onAudit = nil
		e := r.lastEvent()
		if late || r.eventCount() != before+1 || e.Kind != c.kind || e.Operation != c.op || e.Outcome == "" || e.Principal == "" {
			t.Errorf("%s: late %v, %d events, %+v", c.op, late, r.eventCount()-before, e)
		}
		if ok := e.Outcome == "ok"; ok != (rec.Code < 300) {
			t.Errorf("%s: outcome %q and status %d", c.op, e.Outcome, rec.Code)
		}
		r.w.auditErr = errFake
		p := r.problem("audit_unavailable", c.a)
		if strings.Contains(jsonText(t, p), id) {
			t.Errorf("%s discloses without audit", c.op)
		}
		r.w.auditErr = nil
		r.s.owed.events = nil // TestBrokenAuditStopsChanges has them
	}
	if !strings.Contains(r.log.String(), "append the audit event") {
		t.Error("the operator isn't told")
	}
}

func TestUnauditedOperationsNeedNoAudit(t *testing.T) {
	r := newRig(t)
	r.w.auditErr = errFake
	for _, path := range []string{"/health/live", "/health/ready", "/openapi.json", "/"} {
		r.want(200, ask{method: "GET", path: path})
	}
	r.want(200, ask{method: "GET", path: "/v1/cluster", role: admin})
	r.want(200, ask{method: "GET", path: "/v1/me", role: officer})
	r.problem("unknown_route", ask{method: "GET", path: "/v9"})
}

func TestReadAudit(t *testing.T) {
	r := newRig(t)
	for range 5 {
		r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
	}
	var seqs []int64
	next := ""
	for range 10 {
		path := "/v1/audit?limit=2"
		if next != "" {
			path += "&cursor=" + next
		}
		page := decode[gen.AuditPage](t, r.want(200, ask{method: "GET", path: path, role: watchlist.RoleAuditor}))
		for _, e := range page.Items {
			seqs = append(seqs, e.Seq)
			if e.Seq == 1 && (e.Kind != "search" || e.Reason != "lane 3" || e.Purpose != "border_check" || e.Query == "" || e.Role != "officer") {
				t.Errorf("event %+v", e)
			}
		}
		if next = page.Next; next == "" {
			break
		}
	}
	for i, s := range seqs {
		if s != int64(i+1) {
			t.Fatalf("sequence %v", seqs)
		}
	}
	if len(seqs) < 7 {
		t.Errorf("only %d events: reading the log is an event too", len(seqs))
	}
}

func TestCluster(t *testing.T) {
	r := newRig(t)
	st := decode[gen.ClusterStatus](t, r.want(200, ask{method: "GET", path: "/v1/cluster", role: watchlist.RoleNode}))
	if st.State != "leader" || st.Origin.Country != "SEN" || *st.Members[0].Reachable != true || st.Members[1].Lag != nil {
		t.Errorf("status %+v", st)
	}
	tok := decode[gen.Token](t, r.want(201, ask{method: "POST", path: "/v1/cluster/tokens", role: admin, body: `{"role":"nonvoter","ttl_seconds":120}`}))
	if tok.Token == "" || tok.Role != "nonvoter" || tok.ExpiresAt.Sub(testNow).Seconds() != 120 {
		t.Errorf("token %+v", tok)
	}
	id := "0192f0c1-4444-7abc-8def-0123456789ab"
	r.want(204, ask{method: "DELETE", path: "/v1/cluster/members/" + id, role: admin})
	r.want(204, ask{method: "POST", path: "/v1/cluster/transfer", role: admin})
	if len(r.w.removed) != 1 || string(r.w.removed[0]) != id || r.w.moved != 1 {
		t.Errorf("removed %v, moved %d", r.w.removed, r.w.moved)
	}
	r.w.others[0].Role = watchlist.NodeNonvoter
	r.problem("no_other_voter", ask{method: "DELETE", path: "/v1/cluster/members/7f0c1d52-0b7c-4b1e-9a55-0d5a3a1b2c3d", role: admin})
	r.problem("no_other_voter", ask{method: "POST", path: "/v1/cluster/transfer", role: admin})
	r.w.others[0].Role = watchlist.NodeVoter
	r.w.adminErr = watchlist.ErrNotFound
	r.problem("not_found", ask{method: "DELETE", path: "/v1/cluster/members/" + id, role: admin})
	r.w.adminErr = watchlist.ErrNoLeader
	r.problem("no_leader", ask{method: "POST", path: "/v1/cluster/transfer", role: admin})
}

func TestServicePages(t *testing.T) {
	r := newRig(t)
	rec := r.want(200, ask{method: "GET", path: "/openapi.json"})
	if !strings.Contains(rec.Body.String(), `"x-permission"`) {
		t.Error("the contract is not whole")
	}
	rec = r.want(200, ask{method: "GET", path: "/"})
	for _, word := range []string{"Français", "English", "Português", "/openapi.json", "/health/live"} {
		if !strings.Contains(rec.Body.String(), word) {
			t.Errorf("the notice lacks %q", word)
		}
	}
	if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if strings.Contains(rec.Body.String(), "http://") || strings.Contains(rec.Body.String(), "https://") {
		t.Error("the notice points outside")
	}
	r.want(200, ask{method: "GET", path: "/console.css"})

	r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
	r.problem("unauthenticated", ask{method: "GET", path: "/metrics"})
	r.problem("unauthenticated", ask{method: "GET", path: "/metrics", remote: "127.0.0.1:99", header: map[string]string{"X-Forwarded-For": "10.0.0.1"}})
	m := r.want(200, ask{method: "GET", path: "/metrics", remote: "127.0.0.1:99"}).Body.String()
	for _, want := range []string{`vigie_http_requests_total{operation="match",status="200"} 1`, "vigie_match_candidates_count 1", "vigie_http_request_seconds_bucket", `vigie_http_denied_total{code="unauthenticated"} 2`} {
		if !strings.Contains(m, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(m, "0000000000000001") || strings.Contains(m, "192.0.2.7") {
		t.Error("metrics name somebody")
	}

	r.want(200, ask{method: "GET", path: "/health/ready"})
	r.w.index = 0
	r.problem("not_ready", ask{method: "GET", path: "/health/ready"})
	r.want(http.StatusOK, ask{method: "GET", path: "/health/live"})
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	r := newRig(t)
	for _, a := range []ask{{method: "GET", path: "/health/live"}, {method: "GET", path: "/v1/me"}, {method: "GET", path: "/v9"}, {method: "GET", path: "/v1/cluster", role: admin}} {
		h := r.do(a).Header()
		for k, v := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if h.Get(k) != v {
				t.Errorf("%s: %s is %q", a.path, k, h.Get(k))
			}
		}
		if h.Get("X-Trace-Id") == "" || h.Get("Server") != "" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: headers %v", a.path, h)
		}
	}
}
