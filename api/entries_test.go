package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

const admin = watchlist.RoleAdministrator

func TestEntryLife(t *testing.T) {
	r := newRig(t)
	rec := r.want(201, ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput()})
	w := decode[gen.EntryWritten](t, rec)
	path := "/v1/entries/" + w.Id
	if w.Revision != 1 || w.Index == 0 || w.Replayed || rec.Header().Get("ETag") != `"1"` || rec.Header().Get("Location") != path {
		t.Fatalf("created %+v, headers %v", w, rec.Header())
	}
	rec = r.want(200, ask{method: "GET", path: path + "?min_index=11", role: watchlist.RoleSupervisor})
	got := decode[gen.Entry](t, rec)
	if got.Names[0].Full != "Mamadou DIALLO" || got.Births[0].Date != "1984-05-17" || got.Status != "active" || got.Origin.Country != "SEN" ||
		got.ExpiresAt.Format("2006-01-02") != "2028-11-01" || rec.Header().Get("ETag") != `"1"` {
		t.Errorf("read %+v", got)
	}
	for _, h := range []string{"X-Vigie-Node", "X-Vigie-Applied-Index", "X-Vigie-State-Hash", "X-Vigie-Age-Ms", "X-Vigie-Connected"} {
		if rec.Header().Get(h) == "" {
			t.Errorf("header %s is missing", h)
		}
	}

	rec = r.want(200, ask{
		method: "PATCH", path: path, role: admin, kind: mediaPatch, header: map[string]string{"If-Match": `"1"`},
		body: `{"status":"suspended","sex":null,"caveats":["armed"],"births":null}`,
	})
	if rec.Header().Get("ETag") != `"2"` {
		t.Errorf("ETag after patch %q", rec.Header().Get("ETag"))
	}
	e := r.w.entries[watchlist.EntryID(w.Id)]
	if e.Status != watchlist.StatusSuspended || e.Sex != "" || len(e.Births) != 0 || len(e.Caveats) != 1 || len(e.Documents) != 1 {
		t.Errorf("patched %+v", e)
	}

	in := entryInput(map[string]any{"offence": "document fraud", "status": "active"})
	delete(in, "documents")
	r.want(200, ask{method: "PUT", path: path, role: admin, header: map[string]string{"If-Match": `"2"`}, body: in})
	if e = r.w.entries[watchlist.EntryID(w.Id)]; e.Revision != 3 || len(e.Documents) != 0 || e.Offence != "document fraud" {
		t.Errorf("replaced %+v", e)
	}

	r.want(200, ask{method: "POST", path: path + "/withdraw", role: admin, body: map[string]string{"reason": "warrant lifted"}})
	if e = r.w.entries[watchlist.EntryID(w.Id)]; e.Status != watchlist.StatusWithdrawn || e.WithdrawnReason != "warrant lifted" {
		t.Errorf("withdrawn %+v", e)
	}
	r.problem("bad_transition", ask{method: "POST", path: path + "/withdraw", role: admin, body: map[string]string{"reason": "again"}})
	r.problem("bad_transition", ask{method: "PATCH", path: path, role: admin, kind: mediaPatch, header: map[string]string{"If-Match": `"4"`}, body: `{"offence":"x"}`})
	r.problem("bad_transition", ask{method: "PUT", path: path, role: admin, header: map[string]string{"If-Match": `"4"`}, body: in})

	var kinds []command.Op
	for _, env := range r.w.log {
		if p, ok := env.Body.(command.EntryPut); ok && len(kinds) < 4 {
			kinds = append(kinds, p.Op)
		}
	}
	if d := cmp.Diff([]command.Op{command.OpCreate, command.OpPatch, command.OpReplace, command.OpWithdraw}, kinds); d != "" {
		t.Error(d)
	}
}

func TestPreconditions(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id
	for _, a := range []ask{
		{method: "PUT", path: path, body: entryInput()},
		{method: "PATCH", path: path, body: `{"offence":"x"}`, kind: mediaPatch},
		{method: "DELETE", path: path + "/faces/0192f0c1-4444-7abc-8def-0123456789ab"},
	} {
		a.role = admin
		r.problem("precondition_required", a)
		for _, bad := range []string{"3", `W/"3"`, `"x"`, `"0"`, "*", `"1", "2"`, `""`} {
			a.header = map[string]string{"If-Match": bad}
			r.problem("if_match_invalid", a)
		}
		a.header = map[string]string{"If-Match": `"7"`}
		if p := r.problem("revision_conflict", a); p.Revision != 1 {
			t.Errorf("%s: revision %d in the conflict", a.method, p.Revision)
		}
		// With an idempotency key the state machine has the last word.
		a.header = map[string]string{"If-Match": `"7"`, "Idempotency-Key": "key-" + a.method + "-1234"}
		want := "revision_conflict"
		if a.method == "DELETE" {
			want = "not_found" // no such face, at any revision
		}
		r.problem(want, a)
	}
	a := ask{method: "POST", path: path + "/withdraw", role: admin, body: map[string]string{"reason": "lifted"}, header: map[string]string{"If-Match": `"7"`}}
	r.problem("revision_conflict", a)
	for _, e := range r.w.entries {
		if e.Revision != 1 {
			t.Errorf("a refused change was written: revision %d", e.Revision)
		}
	}
}

func TestUnknownEntry(t *testing.T) {
	r := newRig(t)
	path := "/v1/entries/SEN-0192f0c1-3333-7abc-8def-0123456789ab"
	r.problem("not_found", ask{method: "GET", path: path, role: admin})
	r.problem("not_found", ask{method: "PUT", path: path, role: admin, body: entryInput(), header: map[string]string{"If-Match": `"1"`}})
	r.problem("not_found", ask{method: "GET", path: path + "/faces/0192f0c1-4444-7abc-8def-0123456789ab/photo", role: admin})
	p := r.problem("invalid_request", ask{method: "GET", path: "/v1/entries/nonsense", role: admin})
	if len(p.Errors) != 1 || p.Errors[0].Parameter != "entry" || p.Errors[0].Code != "malformed" {
		t.Errorf("errors %+v", p.Errors)
	}
}

func TestListPages(t *testing.T) {
	r := newRig(t)
	want := map[string]bool{}
	for i := range 7 {
		status := "active"
		if i%3 == 0 {
			status = "draft"
		}
		id := r.enrolled(map[string]any{"status": status, "names": []any{map[string]any{"kind": "primary", "full": "Person " + strings.Repeat("a", i+1)}}})
		if status == "active" {
			want[id] = true
		}
	}
	got := map[string]bool{}
	path, pages := "/v1/entries?limit=2&status=active", 0
	for next := ""; ; pages++ {
		p := path
		if next != "" {
			p += "&cursor=" + next
		}
		page := decode[gen.EntryList](t, r.want(200, ask{method: "GET", path: p, role: admin}))
		for _, e := range page.Items {
			if got[e.Id] {
				t.Errorf("%s twice", e.Id)
			}
			got[e.Id] = true
		}
		if next = page.Next; next == "" {
			break
		}
		if len(r.lastEvent().Entries) != len(page.Items) {
			t.Errorf("the event names %d entries, the page %d", len(r.lastEvent().Entries), len(page.Items))
		}
		r.problem("cursor_invalid", ask{method: "GET", path: "/v1/entries?limit=2&cursor=" + next, role: admin})
		r.problem("cursor_invalid", ask{method: "GET", path: "/v1/audit?cursor=" + next, role: admin})
	}
	if d := cmp.Diff(want, got); d != "" || pages < 1 {
		t.Errorf("%d pages: %s", pages, d)
	}
	for _, bad := range []string{"%25%25", "AAAA", "eyJ2IjoyfQ"} {
		r.problem("cursor_invalid", ask{method: "GET", path: "/v1/entries?cursor=" + bad, role: admin})
	}
	for _, bad := range []string{"limit=0", "limit=501", "limit=x", "status=gone", "category=migrant", "consistency=strong", "min_index=-1"} {
		p := r.problem("invalid_request", ask{method: "GET", path: "/v1/entries?" + bad, role: admin})
		if name, _, _ := strings.Cut(bad, "="); len(p.Errors) != 1 || p.Errors[0].Parameter != name {
			t.Errorf("%s: %+v", bad, p.Errors)
		}
	}
	p := r.problem("invalid_request", ask{method: "GET", path: "/v1/entries?stauts=active", role: admin})
	if p.Errors[0].Code != "unknown_parameter" || strings.Contains(p.Errors[0].Detail, "stauts") {
		t.Errorf("misspelt filter: %+v", p.Errors)
	}
	r.problem("invalid_request", ask{method: "GET", path: "/v1/entries?limit=1&limit=2", role: admin})
}

func TestConsistency(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id
	r.problem("index_not_reached", ask{method: "GET", path: path + "?min_index=999999", role: admin})
	r.w.leaderErr = watchlist.ErrNoLeader
	r.problem("no_leader", ask{method: "GET", path: path, role: admin})
	r.problem("no_leader", ask{method: "GET", path: "/v1/entries", role: admin})
	r.problem("no_leader", ask{method: "GET", path: "/v1/users", role: admin})
	r.want(200, ask{method: "GET", path: path + "?consistency=local", role: admin})
	r.want(200, ask{method: "GET", path: "/v1/cluster", role: admin})
	r.want(200, ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput()})
	r.problem("index_not_reached", ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput(map[string]any{"min_index": 999999})})
}

func TestEntryRules(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name    string
		change  map[string]any
		code    string
		pointer string
		rule    string
	}{
		{"migrants can't be enrolled", map[string]any{"category": "migrant"}, "invalid_request", "/category", "unknown_value"},
		{"no such day", map[string]any{"births": []any{map[string]any{"date": "1984-02-31"}}}, "invalid", "/births/0/date", "malformed"},
		{"year too early", map[string]any{"births": []any{map[string]any{"date": "1700"}}}, "invalid", "/births/0/date", "malformed"},
		{"range backwards", map[string]any{"births": []any{map[string]any{"date": "1984", "to": "1980"}}}, "invalid", "/births/0/to", "out_of_range"},
		{"no end", map[string]any{"expires_at": nil}, "invalid_request", "/expires_at", "wrong_type"},
		{"ends before it begins", map[string]any{"expires_at": "2020-01-01T00:00:00Z"}, "invalid", "/expires_at", "out_of_range"},
		{"name without letters", map[string]any{"names": []any{map[string]any{"kind": "primary", "full": "123"}}}, "invalid", "/names/0/full", "no_letters"},
		{"blank offence", map[string]any{"offence": "  "}, "invalid", "/offence", "required"},
		{"nothing to match", map[string]any{"names": []any{}, "documents": []any{}}, "invalid", "/names", "required"},
		{"unknown field", map[string]any{"ethnicity": "x"}, "invalid_request", "/ethnicity", "unknown_field"},
		{"withdrawn from the start", map[string]any{"status": "withdrawn"}, "invalid_request", "/status", "unknown_value"},
		{"country in words", map[string]any{"nationalities": []any{"Guinée"}}, "invalid_request", "/nationalities/0", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := r.problem(c.code, ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(c.change)})
			for _, f := range p.Errors {
				if f.Pointer == c.pointer && f.Code == c.rule {
					return
				}
			}
			t.Errorf("want %s %s, got %+v", c.pointer, c.rule, p.Errors)
		})
	}
	if len(r.w.entries) != 0 {
		t.Error("something was written")
	}
}

func TestIdempotency(t *testing.T) {
	r := newRig(t)
	key := map[string]string{"Idempotency-Key": "enrol-0001"}
	a := ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(), header: key}
	first := decode[gen.EntryWritten](t, r.want(201, a))
	rec := r.want(201, a)
	again := decode[gen.EntryWritten](t, rec)
	if again.Id != first.Id || again.Revision != first.Revision || again.Index != first.Index || !again.Replayed || rec.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("replay %+v of %+v", again, first)
	}
	// The order of the fields doesn't matter, their values do.
	r.want(201, ask{method: "POST", path: "/v1/entries", role: admin, header: key, body: reordered(t, entryInput())})
	r.problem("idempotency_mismatch", ask{method: "POST", path: "/v1/entries", role: admin, header: key, body: entryInput(map[string]any{"offence": "other"})})
	if len(r.w.entries) != 1 {
		t.Errorf("%d entries", len(r.w.entries))
	}
	for _, bad := range []string{"short", "with space in it", strings.Repeat("k", 200)} {
		r.problem("invalid_request", ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(), header: map[string]string{"Idempotency-Key": bad}})
	}
	// A change that is replayed answers as it did, though the entry has moved on.
	patch := ask{method: "PATCH", path: "/v1/entries/" + first.Id, role: admin, kind: mediaPatch, body: `{"offence":"x"}`, header: map[string]string{"If-Match": `"1"`, "Idempotency-Key": "patch-0001"}}
	one := decode[gen.EntryWritten](t, r.want(200, patch))
	two := decode[gen.EntryWritten](t, r.want(200, patch))
	if !two.Replayed || one.Revision != two.Revision {
		t.Errorf("replayed patch %+v, %+v", one, two)
	}
	withdraw := ask{method: "POST", path: "/v1/entries/" + first.Id + "/withdraw", role: admin, body: map[string]string{"reason": "lifted"}, header: map[string]string{"Idempotency-Key": "withdraw-1"}}
	r.want(200, withdraw)
	if w := decode[gen.EntryWritten](t, r.want(200, withdraw)); !w.Replayed {
		t.Error("a replayed withdrawal was not told so")
	}
}

// reordered is a JSON object with its keys in another order than Marshal's.
func reordered(t *testing.T, m map[string]any) string {
	t.Helper()
	b := jsonText(t, m)
	i := strings.Index(b, `,"`)
	return "{" + strings.TrimSuffix(b[i+1:], "}") + "," + b[1:i] + "}"
}

func TestMergePatchTable(t *testing.T) {
	// The examples of RFC 7396 appendix A that are objects.
	for _, c := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		a, err := decodeObject([]byte(c.target), maxValues)
		if err != nil {
			t.Fatal(err)
		}
		b, err := decodeObject([]byte(c.patch), maxValues)
		if err != nil {
			t.Fatal(err)
		}
		if got := jsonText(t, mergePatch(a, b)); got != c.want {
			t.Errorf("%s + %s = %s, want %s", c.target, c.patch, got, c.want)
		}
	}
}
