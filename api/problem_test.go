package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// TestEveryErrorHasItsProblem drives each domain error through a real request.
func TestEveryErrorHasItsProblem(t *testing.T) {
	r := newRig(t)
	match := ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer}
	for _, c := range []struct {
		err    error
		code   string
		status int
	}{
		{watchlist.ErrNotFound, "not_found", 404},
		{watchlist.ErrNoLeader, "no_leader", 503},
		{watchlist.ErrTooLarge, "entry_too_large", 413},
		{watchlist.ErrOutcomeUnknown, "outcome_unknown", 503},
		{watchlist.ErrOverloaded, "overloaded", 503},
		{errors.Join(watchlist.ErrNoLeader, watchlist.ErrOutcomeUnknown), "outcome_unknown", 503},
		{watchlist.ErrDiskFull, "disk_full", 507},
		{watchlist.ErrTextBuilding, "text_index_building", 503},
		{fmt.Errorf("%w: %w", watchlist.ErrNotReplicated, context.DeadlineExceeded), "file_not_taken", 503},
		{fmt.Errorf("wrapped: %w", watchlist.ErrOverloaded), "overloaded", 503},
		{context.DeadlineExceeded, "timeout", 503},
		{context.Canceled, "client_gone", 499},
		{errFake, "internal", 500},
		{watchlist.ValidationError{{Pointer: "/names/0/full", Code: "required", Detail: "x"}}, "invalid", 422},
		{watchlist.FieldError{Pointer: "/reason", Code: "required"}, "invalid", 422},
		{&watchlist.FaceError{Code: watchlist.FaceNone, Detail: "d"}, "no_face", 422},
		{&watchlist.FaceError{Code: watchlist.FaceMultiple, Boxes: []watchlist.Box{{Left: 1, Right: 2, Bottom: 3}}}, "multiple_faces", 422},
		{&watchlist.FaceError{Code: watchlist.FaceTooSmall}, "face_too_small", 422},
		{&watchlist.FaceError{Code: watchlist.FaceBoxUnknown}, "face_box_unknown", 422},
		{&watchlist.FaceError{Code: watchlist.FaceUnsupported}, "image_unsupported", 415},
		{&watchlist.FaceError{Code: watchlist.FaceCorrupt}, "image_corrupt", 422},
		{&watchlist.FaceError{Code: watchlist.FaceImageTooLarge}, "image_too_large", 413},
		{&watchlist.FaceError{Code: watchlist.FaceImageTooSmall}, "image_too_small", 422},
		{&watchlist.FaceError{Code: watchlist.FaceModelMismatch}, "model_mismatch", 422},
		{&watchlist.FaceError{Code: watchlist.FaceBadTemplate}, "template_invalid", 422},
		{&watchlist.FaceError{Code: watchlist.FaceEngineAbsent}, "face_engine_absent", 503},
		{&watchlist.FaceError{Code: watchlist.FaceEngineOverload}, "face_engine_overloaded", 503},
		{&watchlist.FaceError{Code: "made_up", Err: errFake}, "internal", 500},
	} {
		t.Run(c.code, func(t *testing.T) {
			r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { return nil, c.err }
			match.body = probeInput(map[string]any{"photos": []any{map[string]any{"image": "/9j/4AAQ"}}})
			p := r.problem(c.code, match)
			if p.Status != c.status {
				t.Errorf("status %d, want %d", p.Status, c.status)
			}
			if c.code == "multiple_faces" && len(p.Boxes) != 1 {
				t.Errorf("boxes %v", p.Boxes)
			}
			if e := r.lastEvent(); e.Kind != watchlist.AuditSearch || e.Outcome != c.code || e.Purpose != "border_check" || e.Reason != "lane 3" {
				t.Errorf("a failed search made the event %+v", e)
			}
		})
	}
}

func TestEveryOutcomeHasItsProblem(t *testing.T) {
	for code, want := range map[command.Code]struct {
		code   string
		status int
	}{
		command.NotFound: {"not_found", 404}, command.Conflict: {"revision_conflict", 412}, command.Exists: {"exists", 409},
		command.IdemMismatch: {"idempotency_mismatch", 422}, command.Invalid: {"invalid", 422},
		command.ForeignOrigin: {"foreign_origin", 403}, command.BadTransition: {"bad_transition", 409}, command.Expired: {"expired", 403},
		"never_seen": {"internal", 500},
	} {
		e := asAPIError(refusal(command.Result{Code: code, Revision: 4, Fields: watchlist.ValidationError{{Pointer: "/x"}}}))
		if e.code != want.code || problemKinds[e.code].status != want.status {
			t.Errorf("%s: %s %d, want %s %d", code, e.code, problemKinds[e.code].status, want.code, want.status)
		}
	}
}

func TestProblemTableIsWhole(t *testing.T) {
	for code, k := range problemKinds {
		if k.status < 400 || k.status > 599 || k.title == "" {
			t.Errorf("%s: %+v", code, k)
		}
		if k.status == 503 && k.retry == 0 && code != watchlist.FaceEngineAbsent || k.status == 429 && k.retry == 0 {
			t.Errorf("%s: %d without Retry-After", code, k.status)
		}
	}
	for _, s := range sentinels {
		if _, ok := problemKinds[s.code]; !ok {
			t.Errorf("%v has no problem", s.err)
		}
	}
}

// TestSlowWrites: a write that ran out of time may have happened, unless the
// node knows that no leader took it.
func TestSlowWrites(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		err  error
		code string
	}{
		{context.DeadlineExceeded, "outcome_unknown"},
		{errors.Join(watchlist.ErrNoLeader, context.DeadlineExceeded), "no_leader"},
		{watchlist.ErrTooLarge, "entry_too_large"},
		{watchlist.ErrDiskFull, "disk_full"},
	} {
		r.w.writeErr = c.err
		r.problem(c.code, ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput()})
	}
}

func TestRetryAfter(t *testing.T) {
	r := newRig(t)
	r.w.writeErr = watchlist.ErrNoLeader
	rec := r.want(503, ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput()})
	if n, err := strconv.Atoi(rec.Header().Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("Retry-After %q", rec.Header().Get("Retry-After"))
	}
}

// TestRequestsThatDontFit: each way of missing the contract has its own 4xx.
func TestRequestsThatDontFit(t *testing.T) {
	r := newRig(t)
	officer := func(a ask) ask { a.role = watchlist.RoleOfficer; return a }
	post := func(body any) ask { return officer(ask{method: "POST", path: "/v1/match", body: body}) }
	deep := `{"names":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	for _, c := range []struct {
		name, code string
		a          ask
	}{
		{"unknown address", "unknown_route", officer(ask{method: "GET", path: "/v2/match"})},
		{"address with a name in it", "unknown_route", ask{method: "GET", path: "/v1/DIALLO"}},
		{"wrong method", "method_not_allowed", officer(ask{method: "PUT", path: "/v1/match"})},
		{"made-up method", "method_not_allowed", officer(ask{method: "BREW", path: "/v1/match"})},
		{"no content type", "unsupported_media_type", officer(ask{method: "POST", path: "/v1/match", body: "{}", kind: "-"})},
		{"XML", "unsupported_media_type", officer(ask{method: "POST", path: "/v1/match", body: "<a/>", kind: "application/xml"})},
		{"a form where none is taken", "unsupported_media_type", ask{method: "POST", path: "/v1/entries", role: admin, body: "x", kind: "multipart/form-data; boundary=x"}},
		{"Latin-1", "unsupported_media_type", officer(ask{method: "POST", path: "/v1/match", body: "{}", kind: "application/json; charset=latin1"})},
		{"compressed body", "unsupported_encoding", officer(ask{method: "POST", path: "/v1/match", body: "{}", header: map[string]string{"Content-Encoding": "gzip"}})},
		{"wants a picture", "not_acceptable", officer(ask{method: "POST", path: "/v1/match", body: "{}", header: map[string]string{"Accept": "image/png"}})},
		{"empty body", "body_missing", post("")},
		{"broken JSON", "malformed_json", post(`{"purpose":`)},
		{"JSON with NaN", "malformed_json", post(`{"templates":[{"model":"m","values":[NaN]}]}`)},
		{"text after JSON", "malformed_json", post(`{} x`)},
		{"two objects", "malformed_json", post(`{}{}`)},
		{"a list", "malformed_json", post(`[]`)},
		{"a word", "malformed_json", post(`null`)},
		{"bad UTF-8", "malformed_json", post("{\"reason\":\"\xff\"}")},
		{"a comma too many", "malformed_json", post(`{"a":1,}`)},
		{"too deep", "too_deep", post(deep)},
		{"20 MB", "body_too_large", post(`{"reason":"` + strings.Repeat("x", 20<<20) + `"}`)},
		{"boundary missing", "malformed_form", officer(ask{method: "POST", path: "/v1/match", body: "x", kind: "multipart/form-data"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.a.kind == "-" {
				c.a.kind, c.a.header = "", map[string]string{"Content-Type": ""}
			}
			p := r.problem(c.code, c.a)
			if strings.Contains(p.Detail, "DIALLO") {
				t.Error("the problem repeats the address")
			}
		})
	}
	rec := r.do(officer(ask{method: "PUT", path: "/v1/match"}))
	if rec.Header().Get("Allow") == "" {
		t.Error("405 without Allow")
	}
}

func TestFieldProblems(t *testing.T) {
	r := newRig(t)
	many := make([]any, 700)
	for i := range many {
		many[i] = 0.5
	}
	long := make([]any, 200)
	for i := range long {
		long[i] = 0.5
	}
	template := func(values []any) map[string]any {
		return map[string]any{"templates": []any{map[string]any{"model": testModel, "values": values}}}
	}
	for _, c := range []struct {
		name, code, pointer, rule string
		change                    map[string]any
	}{
		{"no purpose (L1)", "invalid_request", "/purpose", "unknown_value", map[string]any{"purpose": nil}},
		{"unknown purpose", "invalid_request", "/purpose", "unknown_value", map[string]any{"purpose": "curiosity"}},
		{"blank reason", "invalid_request", "/reason", "malformed", map[string]any{"reason": "     "}},
		{"short reason", "invalid_request", "/reason", "too_short", map[string]any{"reason": "x"}},
		{"limit 51", "invalid_request", "/limit", "out_of_range", map[string]any{"limit": 51}},
		{"limit in words", "invalid_request", "/limit", "wrong_type", map[string]any{"limit": "ten"}},
		{"template of 700", "invalid_request", "/templates/0/values", "too_long", template(many)},
		{"template of 127", "invalid_request", "/templates/0/values", "too_short", template(long[:127])},
		{"template of 200", "template_invalid", "/templates/0/values", "template_invalid", template(long)},
		{"template beyond float32", "invalid_request", "/templates/0/values/0", "out_of_range", template(append([]any{1e39}, long[:127]...))},
		{"template of words", "invalid_request", "/templates/0/values/0", "wrong_type", template(append([]any{"x"}, long[:127]...))},
		{"photo that is no base64", "invalid_request", "/photos/0/image", "malformed", map[string]any{"photos": []any{map[string]any{"image": "%%%%"}}}},
		{"unknown field in a list", "invalid_request", "/names/0/tribe", "unknown_field", map[string]any{"names": []any{map[string]any{"full": "A", "tribe": "x"}}}},
		{"unknown field with a name of its own", "invalid_request", "/names/0", "unknown_field", map[string]any{"names": []any{map[string]any{"full": "A", "Tribe 7": "x"}}}},
		{"unknown field with a long name", "invalid_request", "", "unknown_field", map[string]any{strings.Repeat("a", 41): 1}},
		{"no such day", "invalid", "/birth/date", "malformed", map[string]any{"birth": map[string]any{"date": "1984-13-01"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := r.problem(c.code, ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput(c.change)})
			if len(p.Errors) > maxFieldProblems {
				t.Errorf("%d field problems", len(p.Errors))
			}
			for _, f := range p.Errors {
				if f.Pointer == c.pointer && f.Code == c.rule {
					return
				}
			}
			t.Errorf("want %s %s, got %+v", c.pointer, c.rule, p.Errors)
		})
	}
	missing := probeInput()
	delete(missing, "purpose")
	delete(missing, "reason")
	p := r.problem("invalid_request", ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: missing})
	var got []string
	for _, f := range p.Errors {
		got = append(got, f.Pointer+" "+f.Code)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"/purpose required", "/reason required"}) {
		t.Errorf("errors %v", got)
	}
	if len(r.w.probes) != 0 {
		t.Error("a bad probe reached the matcher")
	}
}

func TestPanicStaysInItsRequest(t *testing.T) {
	const planted = "PLANTED-OUMOU-SANGARE"
	r := newRig(t)
	for _, v := range []any{planted, errors.New(planted), func() any { var m map[string]int; return m }()} {
		r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { panic(v) }
		r.problem("internal", ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput()})
	}
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		var p *watchlist.Lead
		return &watchlist.Lead{Query: p.Query}, nil
	}
	r.problem("internal", ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput()})
	if e := r.lastEvent(); e.Outcome != "internal" || e.Kind != watchlist.AuditSearch {
		t.Errorf("event of a panic %+v", e)
	}
	log := r.log.String()
	if strings.Contains(log, planted) || !strings.Contains(log, "nil pointer") || !strings.Contains(log, "problem_test.go") {
		t.Error("the log repeats the panic's value, or doesn't say where it was")
	}
	r.w.match = nil
	r.want(http.StatusOK, ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: probeInput()})
}
