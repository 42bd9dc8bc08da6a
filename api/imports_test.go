package api

import (
	"fmt"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

func importAsk(path string, lines ...any) ask {
	return ask{method: "POST", path: "/v1/imports/b1/" + path, role: admin, body: map[string]any{"label": "test", "lines": lines}}
}

func line(n int, change ...map[string]any) map[string]any {
	return map[string]any{"line": n, "entry": entryInput(change...)}
}

func TestImport(t *testing.T) {
	r := newRig(t)
	known := "SEN-0192f0c1-3333-7abc-8def-0123456789ab"
	with := func(l map[string]any, id string) map[string]any { l["id"] = id; return l }
	lines := []any{
		line(2),
		line(3, map[string]any{"category": "migrant"}),                // not in the contract
		line(4, map[string]any{"expires_at": "2020-01-01T00:00:00Z"}), // breaks a rule
		with(line(5), known), // new, with an id of its own
		with(line(6), "GIN-0192f0c1-3333-7abc-8def-0123456789ab"),                       // another country's
		line(7, map[string]any{"births": []any{map[string]any{"date": "1984-02-31"}}}),  // no such day
		line(8, map[string]any{"facts": strings.Repeat("x", 4000), "extra": "PLANTED"}), // unknown field
		line(9, map[string]any{"faces": []any{map[string]any{"template": map[string]any{"model": "other", "values": ramp(128)}}}}),
	}
	rep := decode[gen.ImportReport](t, r.want(200, importAsk("entries", lines...)))
	if rep.Created != 2 || rep.Rejected != 6 || rep.Index == 0 || rep.DryRun || len(rep.Results) != 8 {
		t.Fatalf("report %+v", rep)
	}
	for i, want := range []string{"", "invalid_request /category unknown_value", "invalid /expires_at out_of_range", "", "foreign_origin /id foreign_origin", "invalid /births/0/date malformed", "invalid_request /extra unknown_field", "model_mismatch /faces/0/template/model model_mismatch"} {
		res := rep.Results[i]
		got := ""
		if res.Outcome == "rejected" {
			got = fmt.Sprintf("%s %s %s", res.Code, res.Errors[0].Pointer, res.Errors[0].Code)
		}
		if res.Line != i+2 || got != want {
			t.Errorf("line %d: %q, want %q", res.Line, got, want)
		}
	}
	if e := r.lastEvent(); e.Kind != watchlist.AuditWrite || len(e.Entries) != 2 {
		t.Errorf("event %+v", e)
	}

	// The same again: unchanged; changed: replaced.
	rep = decode[gen.ImportReport](t, r.want(200, importAsk("entries", with(line(5), known))))
	if rep.Unchanged != 1 || rep.Index != 0 {
		t.Errorf("report %+v", rep)
	}
	rep = decode[gen.ImportReport](t, r.want(200, importAsk("entries", with(line(5, map[string]any{"offence": "other"}), known))))
	if rep.Replaced != 1 || rep.Results[0].Revision != 2 {
		t.Errorf("report %+v", rep)
	}

	undo := ask{method: "POST", path: "/v1/imports/b1/undo", role: admin, body: map[string]string{"reason": "wrong file"}, header: map[string]string{"Idempotency-Key": "undo-0001"}}
	u := decode[gen.UndoReport](t, r.want(200, undo))
	if u.Undone != 3 || u.Kept != 0 {
		t.Errorf("undo %+v", u)
	}
	r.problem("not_found", ask{method: "POST", path: "/v1/imports/b9/undo", role: admin, body: map[string]string{"reason": "wrong file"}})
}

func TestImportDryRun(t *testing.T) {
	r := newRig(t)
	r.w.leaderErr = watchlist.ErrNoLeader
	photo := map[string]any{"faces": []any{map[string]any{"photo": map[string]any{"image": "AAAA"}}}}
	rep := decode[gen.ImportReport](t, r.want(200, importAsk("entries?dry_run=true", line(1, photo), line(2, map[string]any{"offence": " "}))))
	if !rep.DryRun || rep.Created != 1 || rep.Rejected != 1 || rep.Index != 0 || len(r.w.entries)+len(r.w.blobs)+len(r.w.log) != 0 {
		t.Errorf("report %+v, %d commands", rep, len(r.w.log))
	}
	r.problem("no_leader", importAsk("entries", line(1)))
}

// TestImportFitsTheLog: many large lines go into several commands, each below
// the limit, and a replay gives the same ids.
func TestImportFitsTheLog(t *testing.T) {
	r := newRig(t)
	var lines []any
	for i := range 40 {
		lines = append(lines, line(i+1, map[string]any{"facts": strings.Repeat("é", 3000), "faces": []any{map[string]any{"template": map[string]any{"model": testModel, "values": ramp(128)}}}}))
	}
	a := importAsk("entries", lines...)
	a.header = map[string]string{"Idempotency-Key": "import-01"}
	one := decode[gen.ImportReport](t, r.want(200, a))
	if one.Created != 40 || len(r.w.log) < 4 {
		t.Fatalf("%d created in %d commands", one.Created, len(r.w.log))
	}
	for _, e := range r.w.log {
		if b, err := e.Encode(); err != nil || len(b) > command.MaxEncoded {
			t.Errorf("a command of %d bytes: %v", len(b), err)
		}
	}
	two := decode[gen.ImportReport](t, r.want(200, a))
	for i := range one.Results {
		if one.Results[i].Id != two.Results[i].Id {
			t.Fatalf("line %d: %s, then %s", i+1, one.Results[i].Id, two.Results[i].Id)
		}
	}
	if len(r.w.entries) != 40 {
		t.Errorf("%d entries", len(r.w.entries))
	}
}

func TestImportRequests(t *testing.T) {
	r := newRig(t)
	many := make([]any, 257)
	for i := range many {
		many[i] = line(i + 1)
	}
	for name, c := range map[string]struct {
		body    any
		pointer string
	}{
		"no lines":            {map[string]any{"label": "x"}, "/lines"},
		"empty":               {map[string]any{"lines": []any{}}, "/lines"},
		"no list":             {map[string]any{"lines": "x"}, "/lines"},
		"too many":            {map[string]any{"lines": many}, "/lines"},
		"line without number": {map[string]any{"lines": []any{map[string]any{"entry": entryInput()}}}, "/lines/0/line"},
		"line 0":              {map[string]any{"lines": []any{line(0)}}, "/lines/0/line"},
		"bad id":              {map[string]any{"lines": []any{map[string]any{"line": 1, "id": "x", "entry": entryInput()}}}, "/lines/0/id"},
		"line is no object":   {map[string]any{"lines": []any{3}}, "/lines/0"},
		"unknown field":       {map[string]any{"lines": []any{line(1)}, "more": 1}, "/more"},
		"label too long":      {map[string]any{"lines": []any{line(1)}, "label": strings.Repeat("x", 300)}, "/label"},
	} {
		p := r.problem("invalid_request", ask{method: "POST", path: "/v1/imports/b1/entries", role: admin, body: c.body})
		if len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer {
			t.Errorf("%s: %+v", name, p.Errors)
		}
	}
	r.problem("invalid_request", ask{method: "POST", path: "/v1/imports/..bad/entries", role: admin, body: map[string]any{"lines": []any{line(1)}}})
	r.problem("invalid_request", importAsk("entries?dry_run=perhaps", line(1)))
	if len(r.w.log) != 0 {
		t.Error("something was written")
	}
}
