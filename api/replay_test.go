package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/api/gen"
	"vigie/watchlist"
)

const auditor = watchlist.RoleAuditor

// replayAsk is a replay with one template; change overwrites fields.
func replayAsk(role watchlist.Role, change ...map[string]any) ask {
	m := map[string]any{
		"templates": []any{map[string]any{"model": testModel, "values": ramp(128)}}, "as_of_index": 7,
		"purpose": "investigation", "reason": "complaint 12",
	}
	for _, c := range change {
		for k, v := range c {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
	}
	return ask{method: "POST", path: "/v1/audit/replays", role: role, body: m}
}

func TestReplay(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Post = "rosso" })
	// A score whose bits a shorter number would lose.
	score := math.Nextafter(0.7, 1)
	const entry = watchlist.EntryID("SEN-0192f0c1-3333-7abc-8def-0123456789ab")
	r.w.replay = func(q watchlist.ReplayQuery) (*watchlist.Replay, error) {
		return &watchlist.Replay{
			Query: "q-2", AsOf: q.AsOf, Oldest: 3, Stamp: r.w.Stamp(), Source: watchlist.ThresholdGiven,
			Candidates: []watchlist.ReplayCandidate{
				{Rank: 1, FaceMatch: watchlist.FaceMatch{Entry: entry, Face: "f-1", Score: score}, LLR: 4, Status: watchlist.StatusWithdrawn},
				{Rank: 2, FaceMatch: watchlist.FaceMatch{Entry: entry[:len(entry)-1] + "c", Face: "f-2", Score: 0.6}, LLR: 3, Status: watchlist.StatusUnknown},
			},
			Point:  watchlist.OperatingPoint{GallerySize: 50, Threshold: *q.MinScore, Calibration: "v1", Cohort: "c"},
			Models: map[string]string{"calibration": "v1"}, Stages: []watchlist.StageTime{{Stage: "face_search", Micros: 9}},
			Faces: []watchlist.FaceSample{{Template: ramp(128), Model: testModel}}, Truncated: true,
		}, nil
	}
	photo := base64.StdEncoding.EncodeToString([]byte("jpeg bytes"))
	rec := r.want(http.StatusOK, replayAsk(auditor, map[string]any{"photos": []any{map[string]any{"image": photo}}, "min_score": 0, "max_candidates": 2}))
	got := decode[gen.Replay](t, rec)
	if c := got.Candidates[0]; c.Score != score || c.Status != "withdrawn" || c.FaceId != "f-1" || got.Candidates[1].Status != "unknown" ||
		got.OldestIndex != 3 || got.AsOfIndex != 7 || got.ThresholdSource != "min_score" || got.GallerySize != 50 || !got.Truncated || got.Notice == "" ||
		got.Stamp.AppliedIndex != 10 || rec.Header().Get("X-Vigie-Applied-Index") != "10" {
		t.Errorf("answer %s", rec.Body)
	}
	for _, personal := range []string{"names", "births", "documents", "0.001"} {
		if strings.Contains(rec.Body.String(), personal) {
			t.Errorf("the answer shows %q", personal)
		}
	}
	zero := 0.0
	want := watchlist.ReplayQuery{
		Photos: []watchlist.Photo{{Bytes: []byte("jpeg bytes")}}, Templates: []watchlist.FaceSample{{Template: ramp(128), Model: testModel}},
		AsOf: 7, MinScore: &zero, Limit: 2, Purpose: "investigation", Reason: "complaint 12",
	}
	if d := cmp.Diff(want, r.w.replays[0]); d != "" {
		t.Errorf("query: %s", d)
	}
	wantEvent := watchlist.AuditEvent{
		Seq: 1, Time: testNow.UnixMilli(), Kind: watchlist.AuditSearch, Operation: "replaySearch", Principal: r.lastEvent().Principal, Role: auditor, Post: "rosso",
		Purpose: "investigation", Reason: "complaint 12", Outcome: "ok", Query: "q-2", Entries: []watchlist.EntryID{entry, entry[:len(entry)-1] + "c"},
		Evidence: []watchlist.EvidenceKind{"face"}, Index: 10, StateHash: strings.Repeat("ab", 32), Models: map[string]string{"calibration": "v1"}, Subject: "index:7",
	}
	if d := cmp.Diff(wantEvent, r.lastEvent()); d != "" {
		t.Errorf("event: %s", d)
	}
	// Without min_score and fmr neither is made up.
	r.w.replay = nil
	r.want(http.StatusOK, replayAsk(admin))
	if q := r.w.replays[1]; q.MinScore != nil || q.FMR != nil || q.Limit != 0 {
		t.Errorf("query %+v", q)
	}
	r.want(http.StatusOK, replayAsk(admin, map[string]any{"fmr": 1e-6}))
	if q := r.w.replays[2]; q.FMR == nil || *q.FMR != 1e-6 {
		t.Errorf("query %+v", q)
	}
}

func TestReplayForm(t *testing.T) {
	r := newRig(t)
	probe := replayAsk(auditor, map[string]any{"templates": nil}).body
	kind, body := formBody(t, filePart{"probe", mediaJSON, jsonText(t, probe)}, filePart{"photo", mediaJPEG, "one"}, filePart{"photo", "image/png", "two"})
	r.want(http.StatusOK, ask{method: "POST", path: "/v1/audit/replays", role: auditor, kind: kind, body: body})
	if q := r.w.replays[0]; len(q.Photos) != 2 || string(q.Photos[1].Bytes) != "two" || q.AsOf != 7 {
		t.Errorf("query %+v", q)
	}
	kind, body = formBody(t, filePart{"probe", mediaJSON, `{"purpose":"test","reason":"abc"}`}, filePart{"photo", mediaJPEG, "one"})
	p := r.problem("invalid_request", ask{method: "POST", path: "/v1/audit/replays", role: auditor, kind: kind, body: body})
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/as_of_index" {
		t.Errorf("errors %+v", p.Errors)
	}
}

// TestReplayRefusals: whoever may not look at audits may not replay, and what is
// refused is audited with what was asked for.
func TestReplayRefusals(t *testing.T) {
	r := newRig(t)
	for _, role := range []watchlist.Role{officer, watchlist.RoleSupervisor, watchlist.RolePartner, watchlist.RoleNode} {
		r.problem("forbidden", replayAsk(role))
		if e := r.lastEvent(); e.Kind != watchlist.AuditDenied || e.Operation != "replaySearch" {
			t.Errorf("%s: event %+v", role, e)
		}
	}
	for field, bad := range map[string]any{
		"as_of_index": 0, "max_candidates": 201, "min_score": 1.5, "fmr": 0, "purpose": "curiosity", "reason": " ", "names": []any{},
	} {
		p := r.problem("invalid_request", replayAsk(auditor, map[string]any{field: bad}))
		if len(p.Errors) == 0 || p.Errors[0].Pointer != "/"+field {
			t.Errorf("%s: %+v", field, p.Errors)
		}
	}
	if len(r.w.replays) != 0 {
		t.Errorf("%d refused replays were run", len(r.w.replays))
	}
	refuse := func(err error) {
		r.w.replay = func(watchlist.ReplayQuery) (*watchlist.Replay, error) {
			return nil, fmt.Errorf("replay: %w", err)
		}
	}
	refuse(&watchlist.HistoryError{AsOf: 7, Oldest: 8, Newest: 90})
	p := r.problem("history_gone", replayAsk(auditor))
	if p.OldestIndex != 8 || p.NewestIndex != 90 || !strings.Contains(p.Detail, "8 to 90") {
		t.Errorf("problem %+v", p)
	}
	if e := r.lastEvent(); e.Kind != watchlist.AuditSearch || e.Outcome != "history_gone" || e.Subject != "index:7" || e.Purpose != "investigation" || e.Reason == "" {
		t.Errorf("event %+v", e)
	}
	refuse(&watchlist.HistoryError{AsOf: 91, Oldest: 8, Newest: 90})
	if p = r.problem("index_not_reached", replayAsk(auditor)); p.NewestIndex != 90 || !strings.Contains(p.Detail, "not applied") {
		t.Errorf("problem %+v", p)
	}
	refuse(watchlist.ValidationError{{Pointer: "/fmr", Code: "conflict"}})
	if p = r.problem("invalid", replayAsk(auditor)); p.Errors[0].Pointer != "/fmr" {
		t.Errorf("problem %+v", p)
	}
	refuse(&watchlist.FaceError{Code: watchlist.FaceNone})
	p = r.problem("no_face", replayAsk(auditor, map[string]any{"templates": nil, "photos": []any{map[string]any{"image": "AAAA"}}}))
	if p.Errors[0].Pointer != "/photos/0" {
		t.Errorf("problem %+v", p)
	}
	r.w.auditErr = errFake
	r.w.replay = nil
	r.problem("audit_unavailable", replayAsk(auditor))
}

// TestFullQueue: a search that the gallery has no room for is no empty answer. It
// is refused in plain words, to be sent again, audited and counted.
func TestFullQueue(t *testing.T) {
	full := fmt.Errorf("face search: %w", watchlist.ErrOverloaded)
	r := newRig(t)
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { return nil, full }
	r.w.replay = func(watchlist.ReplayQuery) (*watchlist.Replay, error) { return nil, full }
	for operation, a := range map[string]ask{
		"match":        {method: "POST", path: "/v1/match", role: officer, body: probeInput()},
		"replaySearch": replayAsk(auditor),
	} {
		rec := r.do(a)
		p := decode[gen.Problem](t, rec)
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") != "1" || p.Code != "overloaded" || !strings.Contains(p.Detail, "Nothing was searched") {
			t.Errorf("%s: %d %v %s", operation, rec.Code, rec.Header(), rec.Body)
		}
		e := r.lastEvent()
		if e.Kind != watchlist.AuditSearch || e.Operation != operation || e.Outcome != "overloaded" || e.Purpose == "" || e.Reason == "" || len(e.Entries) != 0 {
			t.Errorf("%s: event %+v", operation, e)
		}
	}
	text := r.want(http.StatusOK, ask{method: "GET", path: "/metrics", role: admin}).Body.String()
	for _, want := range []string{
		`vigie_searches_refused_total{queue="gallery"} 2`,
		`vigie_http_requests_total{operation="match",status="503"} 1`, `vigie_http_requests_total{operation="replaySearch",status="503"} 1`,
	} {
		if !slices.Contains(strings.Split(text, "\n"), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if strings.Contains(r.log.String(), "request failed") {
		t.Error("each refusal is logged as a failure: a busy node would fill its log")
	}
}

func TestClusterShowsTheGallery(t *testing.T) {
	r := newRig(t)
	got := decode[gen.ClusterStatus](t, r.want(http.StatusOK, ask{method: "GET", path: "/v1/cluster", role: auditor})).Gallery
	want := gen.Gallery{
		Kernel: "portable", Model: testModel, Templates: 50, Rows: 52, Skipped: 1, Segments: 2, HotBytes: 3400, OldestIndex: 3, AppliedIndex: 10,
		Files: gen.GalleryFiles{Index: 9, Saves: 2, Failures: 1, WrittenBytes: 4096},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
