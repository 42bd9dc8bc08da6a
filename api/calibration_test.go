package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// shippedFile is the file of the fake release; every file of the form "vX" is
// version "x" of the fake.
const shippedFile = "v1"

// calibFake tells what the fake node compares with: always what is in force.
type calibFake struct{ w *world }

// twoModel names the templates of both encoders, which files that begin with "v2-" are
// for, and configuredFile is what the fake node's configuration names for them.
const twoModel, configuredFile = testModel + watchlist.ModelJoin + "second/1", "v2-configured"

func (f calibFake) inForce(model, otherwise string) (string, []watchlist.CalibrationDecision) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	line := watchlist.DecisionsFor(f.w.decisions, model)
	if n := len(line); n > 0 {
		return line[n-1].Version, line
	}
	return otherwise, nil
}

func (f calibFake) report(version string) CalibrationReport {
	model := testModel
	if strings.HasPrefix(version, "v2-") {
		model = twoModel
	}
	return CalibrationReport{
		Version: version, Model: model,
		Point:  watchlist.OperatingPoint{TargetFPIR: 0.01, GallerySize: 7, FMR: 0.001, Threshold: 0.4, Calibration: version, Cohort: "two groups"},
		Groups: []CalibrationGroup{{Name: "west_african", Weight: 0.5, Persons: 800, Photos: 900, MatedPairs: 200, ImpostorPairs: 300_000}},
		Folds:  []CalibrationFold{{Fold: "A", Group: "west_african", Persons: 400, FNMR1e3: 0.07}},
	}
}

func (f calibFake) Status() CalibrationStatus {
	status := func(model, otherwise string) CalibrationStatus {
		v, line := f.inForce(model, otherwise)
		return CalibrationStatus{InForce: v, Used: v, Shipped: otherwise, State: "current", Templates: 9, Report: f.report(v), History: line}
	}
	st := status(testModel, shippedFile)
	f.w.mu.Lock()
	st.All = slices.Clone(f.w.decisions)
	two := f.w.second != nil
	f.w.mu.Unlock()
	if two {
		second := status(twoModel, configuredFile)
		st.Second = &second
	}
	return st
}

func (f calibFake) Inspect(file []byte) (CalibrationReport, error) {
	if !bytes.HasPrefix(file, []byte("v")) {
		return CalibrationReport{}, watchlist.ValidationError{{Pointer: "/file", Code: "format", Detail: "no calibration"}}
	}
	return f.report(string(file)), nil
}

func (f calibFake) Shipped() ([]byte, CalibrationReport) {
	return []byte(shippedFile), f.report(shippedFile)
}

// decide is the state machine's rule; the caller holds mu.
func (w *world) decide(p command.CalibrationPut) command.Result {
	now := ""
	if line := watchlist.DecisionsFor(w.decisions, p.Model); len(line) > 0 {
		now = line[len(line)-1].Version
	}
	switch {
	case now != p.IfVersion:
		return command.Result{Code: command.Conflict}
	case now == p.Version:
		return command.Result{Code: command.Exists}
	}
	w.decisions = append(w.decisions, watchlist.CalibrationDecision{
		Number: uint64(len(w.decisions) + 1), Version: p.Version, Model: p.Model, File: p.File, Previous: p.IfVersion,
		By: "a", At: w.now, Index: w.index, Reason: p.Reason, Shipped: p.Shipped,
	})
	return command.Result{Code: command.OK}
}

func adoptBody(file, previous, reason string, dry bool) gen.CalibrationAdopt {
	return gen.CalibrationAdopt{File: []byte(file), Previous: previous, Reason: reason, DryRun: dry}
}

const why = "measured on more people"

func TestAdoptCalibration(t *testing.T) {
	r := newRig(t)
	adopt := func(key string, body any) (int, gen.CalibrationChange, string) {
		t.Helper()
		a := ask{method: "PUT", path: "/v1/calibration", role: admin, body: body}
		if key != "" {
			a.header = map[string]string{"Idempotency-Key": key}
		}
		rec := r.do(a)
		var out gen.CalibrationChange
		_ = json.Unmarshal(rec.Body.Bytes(), &out)
		return rec.Code, out, rec.Body.String()
	}
	if code, out, text := adopt("", adoptBody("v2", "v1", why, true)); code != 200 || !out.DryRun || out.Index != 0 || len(r.w.decisions) != 0 ||
		out.Now.Version != "v1" || out.Then.Version != "v2" || out.Templates != 9 || len(out.Then.Groups) != 1 || out.Then.OperatingPoint.Threshold != 0.4 {
		t.Errorf("dry run: %d %s", code, text)
	}
	if code, out, text := adopt("key-adopt-1", adoptBody("v2", "v1", why, false)); code != 200 || out.Index == 0 || out.Replayed {
		t.Fatalf("adopt: %d %s", code, text)
	}
	// A cluster of an earlier release had no decision: what it had becomes the
	// first one, and its file is kept.
	if d := r.w.decisions; len(d) != 2 || !d[0].Shipped || d[0].Version != "v1" || d[1].Version != "v2" || d[1].Previous != "v1" || d[1].Reason != why ||
		string(r.w.blobs[d[0].File]) != "v1" || string(r.w.blobs[d[1].File]) != "v2" {
		t.Errorf("decisions: %+v", d)
	}
	e := r.w.events[len(r.w.events)-1]
	if e.Kind != watchlist.AuditPolicy || e.Operation != "adoptCalibration" || e.Reason != why || e.Subject != "v2" || !slices.Contains(e.Changes, "calibration=v1->v2") || e.Index == 0 {
		t.Errorf("event: %+v", e)
	}
	if code, out, text := adopt("key-adopt-1", adoptBody("v2", "v1", why, false)); code != 200 || !out.Replayed || len(r.w.decisions) != 2 {
		t.Errorf("replayed: %d %s", code, text)
	}
	for name, c := range map[string]struct {
		body      any
		status    int
		code, has string
	}{
		"stale":            {adoptBody("v3", "v1", why, false), 412, "calibration_conflict", ""},
		"stale, dry":       {adoptBody("v3", "v1", why, true), 412, "calibration_conflict", ""},
		"in force":         {adoptBody("v2", "v2", why, false), 409, "exists", "in force"},
		"in force, dry":    {adoptBody("v2", "v2", why, true), 409, "exists", "in force"},
		"no calibration":   {adoptBody("x", "v2", why, false), 422, "invalid", `"/file"`},
		"short reason":     {adoptBody("v3", "v2", "because", false), 400, "invalid_request", `"/reason"`},
		"no reason":        {map[string]any{"file": "djM=", "previous": "v2"}, 400, "invalid_request", "reason"},
		"no previous":      {map[string]any{"file": "djM=", "reason": why}, 400, "invalid_request", "previous"},
		"too large a file": {adoptBody("v"+strings.Repeat("x", maxCalibrationFile), "v2", why, false), 422, "invalid", `"too_large"`},
	} {
		code, _, text := adopt("", c.body)
		if code != c.status || !strings.Contains(text, `"code":"`+c.code+`"`) || !strings.Contains(text, c.has) {
			t.Errorf("%s: %d %.300s, want %d %s", name, code, text, c.status, c.code)
		}
	}
	r.w.putErr = fmt.Errorf("%w: %w", watchlist.ErrNotReplicated, context.DeadlineExceeded)
	if code, _, text := adopt("", adoptBody("v4", "v2", why, false)); code != 503 || !strings.Contains(text, "file_not_taken") || len(r.w.decisions) != 2 {
		t.Errorf("a file on too few nodes: %d %s", code, text)
	}
}

// TestRefusedCalibrationLeavesNothing: a decision that is refused records nothing
// and keeps no file, not even what was in force before the first one.
func TestRefusedCalibrationLeavesNothing(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]struct {
		body      gen.CalibrationAdopt
		code, has string
	}{
		"in force":                  {adoptBody("v1", "v1", why, false), "exists", "in force"},
		"another was in force":      {adoptBody("v2", "v0", why, false), "calibration_conflict", ""},
		"reason of spaces":          {adoptBody("v2", "v1", "x"+strings.Repeat(" ", 20), false), "invalid", `"/reason"`},
		"reason of too many bytes":  {adoptBody("v2", "v1", strings.Repeat("é", 600), false), "invalid", `"/reason"`},
		"the same, without writing": {adoptBody("v2", "v1", strings.Repeat("é", 600), true), "invalid", `"/reason"`},
	} {
		rec := r.do(ask{method: "PUT", path: "/v1/calibration", role: admin, body: c.body})
		if text := rec.Body.String(); !strings.Contains(text, `"code":"`+c.code+`"`) || !strings.Contains(text, c.has) {
			t.Errorf("%s: %d %s", name, rec.Code, text)
		}
		if len(r.w.decisions)+len(r.w.blobs) != 0 {
			t.Fatalf("%s: %d decisions, %d files", name, len(r.w.decisions), len(r.w.blobs))
		}
	}
}

func TestGetCalibration(t *testing.T) {
	r := newRig(t)
	get := func() (out gen.Calibration) {
		t.Helper()
		rec := r.do(ask{method: "GET", path: "/v1/calibration", role: watchlist.RoleAuditor})
		if rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if c := get(); c.Recorded || c.Version != "v1" || c.Used != "v1" || len(c.History) != 0 || c.Report.OperatingPoint.GallerySize != 7 {
		t.Errorf("without a decision: %+v", c)
	}
	r.w.decisions = []watchlist.CalibrationDecision{{Number: 1, Version: "v1", Shipped: true, Reason: "x"}, {Number: 2, Version: "v2", Previous: "v1", Reason: why}}
	r.w.others = []MemberStatus{{Member: watchlist.Member{ID: "b", Name: "b"}, Calibration: "v1"}, {Member: watchlist.Member{ID: "c", Name: "c"}, Calibration: "v2"}}
	c := get()
	if !c.Recorded || c.Version != "v2" || len(c.History) != 2 || c.History[0].Number != 2 || c.History[1].Shipped != true {
		t.Errorf("with decisions: %+v", c)
	}
	behind := map[string]bool{}
	for _, n := range c.Nodes {
		behind[n.Name] = !n.Current
	}
	if !behind["b"] || behind["c"] {
		t.Errorf("nodes: %+v", c.Nodes)
	}
	rec := r.do(ask{method: "GET", path: "/health/ready"})
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), `"calibration":"v2"`) || !strings.Contains(rec.Body.String(), `"calibration_current":true`) {
		t.Errorf("ready: %d %s", rec.Code, rec.Body)
	}
}

// TestReplayNamesTheCalibration: a replay passes the version on, and one that
// can't be had is refused by name.
func TestReplayNamesTheCalibration(t *testing.T) {
	r := newRig(t)
	r.w.replay = func(q watchlist.ReplayQuery) (*watchlist.Replay, error) {
		return nil, &watchlist.CalibrationError{Version: q.Calibration, Known: q.Calibration == "v1"}
	}
	body := map[string]any{
		"templates": []any{map[string]any{"model": testModel, "values": slices.Repeat([]float32{0.1}, 128)}}, "as_of_index": 3,
		"calibration": "v1", "purpose": "investigation", "reason": "complaint 2026-17",
	}
	rec := r.do(ask{method: "POST", path: "/v1/audit/replays", role: admin, body: body})
	if rec.Code != 410 || !strings.Contains(rec.Body.String(), "calibration_gone") || !strings.Contains(rec.Body.String(), "calibration v1") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	body["calibration"] = "c-never-seen"
	rec = r.do(ask{method: "POST", path: "/v1/audit/replays", role: admin, body: body})
	if rec.Code != 422 || !strings.Contains(rec.Body.String(), `"/calibration"`) || strings.Contains(rec.Body.String(), "never-seen") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// A calibration of two encoders is decided on beside dlib's: it starts from what the
// node's configuration names, which is no decision, and a node without the second
// encoder speaks of none.
func TestAdoptForTwoEncoders(t *testing.T) {
	r := newRig(t)
	show := func() (out gen.Calibration) {
		t.Helper()
		rec := r.do(ask{method: "GET", path: "/v1/calibration", role: admin})
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		return out
	}
	if rec := r.do(ask{method: "GET", path: "/v1/calibration", role: admin}); strings.Contains(rec.Body.String(), `"second"`) {
		t.Errorf("a node without a second encoder: %s", rec.Body)
	}
	r.w.second = &SecondEncoder{Recipe: "second/1"}
	adopt := func(file, previous string) (int, string) {
		rec := r.do(ask{method: "PUT", path: "/v1/calibration", role: admin, body: adoptBody(file, previous, why, false)})
		return rec.Code, rec.Body.String()
	}
	if s := show().Second; s.Version != configuredFile || s.Recorded || s.Used != configuredFile || s.Configured != configuredFile || s.Report.Model != twoModel {
		t.Errorf("before a decision: %+v", s)
	}
	if code, text := adopt("v2-a", "v1"); code != 412 || !strings.Contains(text, "calibration_conflict") {
		t.Errorf("in place of dlib's: %d %s", code, text)
	}
	if code, text := adopt("v2-a", configuredFile); code != 200 {
		t.Fatalf("adopt: %d %s", code, text)
	}
	if d := r.w.decisions; len(d) != 1 || d[0].Version != "v2-a" || d[0].Model != twoModel || d[0].Previous != "" || d[0].Shipped {
		t.Errorf("decisions: %+v", d)
	}
	if code, text := adopt("v2", "v1"); code != 200 {
		t.Errorf("dlib's: %d %s", code, text)
	}
	if code, text := adopt("v2-b", "v2-a"); code != 200 {
		t.Errorf("the next one of both: %d %s", code, text)
	}
	got := show()
	if got.Version != "v2" || !got.Recorded || got.Second.Version != "v2-b" || !got.Second.Recorded || len(got.History) != 4 || got.History[0].Version != "v2-b" || got.History[0].Previous != "v2-a" {
		t.Errorf("%+v", got)
	}
}
