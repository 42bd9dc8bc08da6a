package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/models"
)

// testSecondCalibration: a decision on the calibration of both encoders, taken while all
// nodes run, is followed by the two that have them, also after a restart with another
// file in the configuration; the third keeps it and compares by dlib. What was searched
// before can't be replayed, and the answer says so.
func testSecondCalibration(t *testing.T, s *secondCluster, fresh client.EntryWritten) {
	was := s.finds(0, 1, fresh.Id, s.calib.Model(), s.calib.Version())
	event := lastEvent(t, s.Cluster, 0, "match")
	d := s.calib.Data()
	d.LLR.Slope *= 1.25
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "both.json")
	if err := writeWhole(file, 0o644, d.Write); err != nil {
		t.Fatal(err)
	}
	v := newCLI(t, s.Cluster)
	v.has(v.ok("calibration", "show"), "both encoders", s.calib.Version(), "none: each node takes what its configuration names")
	v.has(v.ok("calibration", "adopt", file, "--reason", "a test of both", "--dry-run"), "Nothing was decided. "+d.Version+" in place of "+s.calib.Version())
	v.has(v.ok("calibration", "adopt", file, "--reason", "a test of both"), d.Version+" in place of "+s.calib.Version())
	for node := range 2 {
		s.awaitBoth(node, d.Version)
		lead := s.finds(node, 1, fresh.Id, s.calib.Model(), d.Version)
		if lead.Models["calibration_second"] != d.Version || lead.SecondOperatingPoint.Calibration != d.Version || lead.OperatingPoint.Calibration != was.OperatingPoint.Calibration {
			t.Errorf("%s: points %+v and %+v", s.Name(node), lead.OperatingPoint, lead.SecondOperatingPoint)
		}
	}
	var cal client.Calibration
	call(t, s.Cluster, 2, "GET", "/v1/calibration", nil).decode(t, &cal)
	if cal.Second.Version != "" || cal.History[0].Version != d.Version || cal.History[0].Model != s.calib.Model() || cal.History[0].Reason != "a test of both" {
		t.Errorf("the node without the encoder: %+v", cal)
	}
	s.finds(2, 1, fresh.Id, "", "")
	if n := len(s.match(0, 2).Candidates); n == 0 {
		t.Error("a photo that dlib alone has seen is not found any more")
	}
	probe, err := specimen.Probe(s.portraits[1])
	if err != nil {
		t.Fatal(err)
	}
	r := call(t, s.Cluster, 0, "POST", "/v1/audit/replays", mustJSON(t, client.ReplayRequest{
		Photos: []client.PhotoInput{{Image: probe}}, AsOfIndex: event.Index, MinScore: &event.Threshold, Purpose: "investigation", Reason: "end-to-end test",
	}))
	if r.status != http.StatusGone || r.code() != "history_gone" {
		t.Errorf("a replay of a search by the earlier calibration: %d %s", r.status, r.body)
	}
	s.restart(0, func() {}) // its configuration names no file: the built-in one
	s.awaitBoth(0, d.Version)
	lead := s.finds(0, 1, fresh.Id, s.calib.Model(), d.Version)
	v.has(v.ok("calibration", "show"), "both encoders", d.Version+" (current)", "a test of both", "this node's configuration names another")
	v.has(v.ok("calibration", "history"), s.calib.Model(), "a test of both")
	again := writeFile(t, filepath.Join(t.TempDir(), "p.jpg"), probe)
	v.has(v.ok("audit", "replay", "--photo", again, "--as-of", fmt.Sprint(lead.Stamp.AppliedIndex), "--purpose", "investigation", "--reason", "end-to-end test"), fresh.Id, d.Version)
	back := filepath.Join(t.TempDir(), "back.json")
	if err := writeWhole(back, 0o644, s.calib.Data().Write); err != nil {
		t.Fatal(err)
	}
	v.ok("calibration", "adopt", back, "--reason", "back to the first one")
	for node := range 2 {
		s.awaitBoth(node, s.calib.Version())
	}
}

// forgets checks that a node refuses a replay of what it searched in other galleries,
// and names their calibration.
func (s *secondCluster) forgets(node int, index int64, calibration string) {
	s.t.Helper()
	r := call(s.t, s.Cluster, node, "POST", "/v1/audit/replays", mustJSON(s.t, client.ReplayRequest{
		Templates: []client.TemplateInput{madeUpTemplate(s.t, 1)}, AsOfIndex: index, Purpose: "investigation", Reason: "end-to-end test",
	}))
	if r.status != http.StatusGone || r.code() != "calibration_gone" || !strings.Contains(string(r.body), calibration) {
		s.t.Errorf("a replay of a search in other galleries: %d %s", r.status, r.body)
	}
}

// awaitBoth returns once a node compares scores of both encoders by a version.
func (s *secondCluster) awaitBoth(node int, version string) {
	s.t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var cal client.Calibration
		r, err := request(s.t.Context(), s.Cluster, node, "GET", "/v1/calibration", nil)
		if err == nil && json.Unmarshal(r.body, &cal) == nil && cal.Second.Used == version && cal.Second.Version == version && cal.Second.State == "current" {
			return
		}
		select {
		case <-deadline:
			s.t.Fatalf("%s does not come to calibration %s of both: %v %s", s.Name(node), version, err, r.body)
		case <-tick.C:
		}
	}
}

// testSecondImpact: an entry that dlib alone has seen is found to be like one that
// both encoders have seen, by dlib's part, and what a person reads states both
// operating points.
func testSecondImpact(t *testing.T, s *secondCluster, plain client.EntryWritten) {
	twin := s.enrol(0, "e2e-second-twin", 2)
	v := newCLI(t, s.Cluster)
	text := v.ok("entry", "impact", plain.Id, "--reason", "end-to-end test")
	v.has(text, "Faces: threshold", "Second encoder: threshold", "(calibration "+s.calib.Version()+", "+s.calib.Model()+")", "second encoder: "+s.calib.Cohort(), twin.Id)
	r := call(t, s.Cluster, 0, "POST", "/v1/entries/"+plain.Id+"/impact", []byte(`{"purpose":"investigation","reason":"end-to-end test"}`))
	var out client.Impact
	r.decode(t, &out)
	line := faceLine(client.Lead{Candidates: out.Alike}, twin.Id)
	if line == nil || line.Code != "face_threshold_reached" || line.Params["encoder"] != models.DlibModel {
		t.Errorf("the twin: %+v", line)
	}
	s.converge(withdraw(t, s.Cluster, 0, twin))
}
