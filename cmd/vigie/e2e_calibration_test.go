package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/models"
)

// calibrationFile writes the shipped calibration with a change, sealed anew
// unless the change is to break the digest.
func calibrationFile(t *testing.T, name string, seal bool, change func(*models.CalibrationData)) (path, version string) {
	t.Helper()
	c, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	d := c.Data()
	d.Mean = slices.Clone(d.Mean)
	d.Cohort.Groups = slices.Clone(d.Cohort.Groups)
	change(&d)
	if seal {
		if err := d.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), name)
	if err := writeWhole(path, 0o644, d.Write); err != nil {
		t.Fatal(err)
	}
	return path, d.Version
}

// scaled gives a valid calibration of another space.
func scaled(t *testing.T, factor float64) (path, version string) {
	return calibrationFile(t, fmt.Sprintf("scaled-%v.json", factor), true, func(d *models.CalibrationData) {
		for i := range d.Mean {
			d.Mean[i] *= factor
		}
	})
}

// awaitCalibration returns once a node compares by a version.
func awaitCalibration(t *testing.T, c *clustertest.Cluster, node int, version string) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var cal client.Calibration
		r, err := request(t.Context(), c, node, "GET", "/v1/calibration", nil)
		if err == nil && r.status == http.StatusOK && json.Unmarshal(r.body, &cal) == nil && cal.Used == version && cal.Version == version && cal.State == "current" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s does not come to calibration %s: %v %s", c.Name(node), version, err, r.body)
		case <-tick.C:
		}
	}
}

// TestCalibration drives three processes: wrong files are refused; a decision is
// followed by all nodes though the leader is killed right after it, and by a node
// that was down and never got the file; leads name what they used; a search from
// before is replayed under its own calibration.
func TestCalibration(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 3})
	v := newCLI(t, c)
	shipped, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	probe, near := madeUpTemplate(t, 1), madeUpTemplate(t, 1)
	near.Values[0] += 0.01
	first := enrolTemplate(t, c, 0, "e2e-calib-1", probe)
	second := enrolTemplate(t, c, 1, "e2e-calib-2", near)
	for n := range c.Len() {
		matchFaces(t, c, n, probe, second.Index)
	}
	_, before := matchFaces(t, c, 0, probe, second.Index)
	event := lastEvent(t, c, 0, "match")
	if event.Models["calibration"] != shipped.Version() || len(before) < 2 {
		t.Fatalf("before: %+v, %v", event.Models, before)
	}
	v.has(v.ok("calibration", "show"), shipped.Version(), "current", "shipped with the release", "west_african")

	t.Run("refusals", func(t *testing.T) { testCalibrationRefusals(t, c, v) })

	file, version := scaled(t, 0.5)
	v.has(v.ok("calibration", "adopt", file, "--reason", "a test of the change", "--dry-run"), "Nothing was decided", version, shipped.Version(), "THRESHOLD", "west_african")
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := v.ok("calibration", "adopt", file, "--reason", "a test of the change", "--previous", shipped.Version())
	c.Kill9(leader)
	v.has(out, "Decided at index", version, "Templates to project anew")
	for n := range c.Len() {
		if n != leader {
			awaitCalibration(t, c, n, version)
		}
	}
	if err := c.Restart(t.Context(), leader); err != nil {
		t.Fatal(err)
	}
	awaitCalibration(t, c, leader, version)
	gone := withdraw(t, c, leader, first)
	for n := range c.Len() {
		lead, faces := matchFaces(t, c, n, probe, gone)
		if lead.Models["calibration"] != version || lead.OperatingPoint.Calibration != version || lead.OperatingPoint.Threshold == 0 || len(faces) == 0 || faces[0].entry != second.Id {
			t.Errorf("%s: %v, point %+v, %v", c.Name(n), lead.Models, lead.OperatingPoint, faces)
		}
	}

	t.Run("a node that was down", func(t *testing.T) { testCalibrationBehind(t, c, v, version, second.Id, probe) })

	// The first search, in the list and the calibration of the time. The leader
	// was killed, so its own past gallery may be missing: then it must say so.
	for n := range c.Len() {
		for _, named := range []string{"", shipped.Version()} {
			testPastReplay(t, c, n, event, probe, named, before, n == leader)
		}
	}
	decided := false
	for n := range c.Len() { // the audit log is each node's own
		e := lastEvent(t, c, n, "adoptCalibration")
		decided = decided || e.Kind == "policy" && e.Outcome == "ok" && strings.HasSuffix(e.Reason, "test of the change") && e.Index > 0
	}
	if !decided {
		t.Error("no node has an audit event of a decision")
	}
}

// testPastReplay replays a search of the first calibration on a node.
func testPastReplay(t *testing.T, c *clustertest.Cluster, n int, event client.AuditEvent, probe client.TemplateInput, named string, before []faceKey, mayBeGone bool) {
	t.Helper()
	var req client.ReplayRequest
	if err := json.Unmarshal(replayBody(t, probe, event.Index, event.Threshold), &req); err != nil {
		t.Fatal(err)
	}
	req.Calibration = named
	body := mustJSON(t, req)
	r := call(t, c, n, "POST", "/v1/audit/replays", body)
	if mayBeGone && r.status == http.StatusGone {
		if !strings.Contains(string(r.body), event.Models["calibration"]) && r.code() != "history_gone" {
			t.Errorf("%s refuses without naming the version: %s", c.Name(n), r.body)
		}
		return
	}
	out, faces := replayFaces(t, c, n, body)
	slices.SortFunc(before, replayOrder)
	if d := cmp.Diff(before, faces, cmp.AllowUnexported(faceKey{})); d != "" || out.Calibration != event.Models["calibration"] {
		t.Errorf("%s: calibration %s, the replay differs (-match +replay):\n%s", c.Name(n), out.Calibration, d)
	}
}

func testCalibrationRefusals(t *testing.T, c *clustertest.Cluster, v *cli) {
	group := func(change func(*models.CohortGroup)) func(*models.CalibrationData) {
		return func(d *models.CalibrationData) { change(&d.Cohort.Groups[0]) }
	}
	for name, x := range map[string]struct {
		seal   bool
		change func(*models.CalibrationData)
		rule   string
	}{
		"changed":     {false, func(d *models.CalibrationData) { d.Mean[0] += 0.1 }, "digest"},
		"other model": {true, func(d *models.CalibrationData) { d.Model = "another/1" }, "other_model"},
		"no groups":   {true, func(d *models.CalibrationData) { d.Cohort.Groups = nil }, "cohort"},
		"no counts":   {true, group(func(g *models.CohortGroup) { g.Persons, g.Photos = 0, 0 }), "cohort"},
		"unbalanced":  {true, group(func(g *models.CohortGroup) { g.Weight = 0.9 }), "cohort"},
		"no mates":    {true, func(d *models.CalibrationData) { d.LLR.MatedPairs = 3 }, "cohort"},
		"falling llr": {true, func(d *models.CalibrationData) { d.LLR.Slope = -1 }, "malformed"},
	} {
		path, _ := calibrationFile(t, "bad.json", x.seal, x.change)
		r := call(t, c, 1, "PUT", "/v1/calibration", mustJSON(t, client.CalibrationAdopt{File: readFile(t, path), Previous: "cx", Reason: "a test of refusals"}))
		if r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte(`"/file"`)) || !bytes.Contains(r.body, []byte(`"`+x.rule+`"`)) {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.body, x.rule)
		}
	}
	text := writeFile(t, filepath.Join(t.TempDir(), "text.json"), []byte("no calibration"))
	v.fails(exitFailure, "/file: this is no face calibration", "calibration", "adopt", text, "--reason", "a test of refusals")
	file, _ := scaled(t, 0.9)
	v.fails(exitFailure, "calibration_conflict", "calibration", "adopt", file, "--reason", "a test of refusals", "--previous", "c0")
	v.fails(exitFailure, "exists", "calibration", "adopt", "--shipped", "--reason", "a test of refusals")
	v.fails(exitFailure, "/reason", "calibration", "adopt", file, "--reason", "because")
	v.fails(exitUsage, "--reason", "calibration", "adopt", file)
	body := mustJSON(t, client.CalibrationAdopt{File: readFile(t, file), Previous: "c0", Reason: "a test of refusals"})
	for _, role := range []client.Role{"officer", "auditor"} {
		if r := call(t, c, 0, "PUT", "/v1/calibration", body, "Authorization", "Bearer "+roleKey(t, c, role)); r.status != http.StatusForbidden {
			t.Errorf("%s decides: %d", role, r.status)
		}
	}
	var history []client.CalibrationDecision
	if err := json.Unmarshal([]byte(v.ok("calibration", "history", "--json")), &history); err != nil || len(history) != 1 || !history[0].Shipped {
		t.Errorf("history after refusals: %+v %v", history, err)
	}
}

// testCalibrationBehind: while one node is down, another calibration is adopted.
// The others change; the one that comes back fetches the file from them. One
// whose file is on no node goes on with the earlier calibration and says so.
func testCalibrationBehind(t *testing.T, c *clustertest.Cluster, v *cli, now, entry string, probe client.TemplateInput) {
	file, version := scaled(t, 0.8)
	down := 2
	c.Kill9(down)
	body := mustJSON(t, client.CalibrationAdopt{File: readFile(t, file), Previous: now, Reason: "a second test of the change"})
	for node := 0; ; node = 1 - node { // whichever leads, and once it does
		if r, err := request(t.Context(), c, node, "PUT", "/v1/calibration", body, "Idempotency-Key", "e2e-calib-down"); err == nil && r.status == http.StatusOK {
			break
		} else if err == nil && r.status != http.StatusServiceUnavailable {
			t.Fatalf("adopt: %d %s", r.status, r.body)
		}
	}
	for n := range down {
		awaitCalibration(t, c, n, version)
	}
	if err := c.Restart(t.Context(), down); err != nil {
		t.Fatal(err)
	}
	awaitCalibration(t, c, down, version)
	lead, faces := matchFaces(t, c, down, probe, 0)
	if lead.Models["calibration"] != version || len(faces) == 0 || faces[0].entry != entry {
		t.Errorf("the node that was down: %v %v", lead.Models, faces)
	}
	if text := string(call(t, c, down, "GET", "/metrics", nil).body); !strings.Contains(text, "vigie_calibration_current 1") || !strings.Contains(text, `in_force="`+version+`"`) {
		t.Error("the metrics don't tell the calibration")
	}
	v.has(v.ok("calibration", "history"), "a test of the change", "a second test of the change", "shipped with the release")
	v.has(v.ok("status"), version)
	v.has(v.ok("doctor", "--config", filepath.Join(c.Dir(0), "vigie.yaml")), version+", in force since", "this release ships")
	if r := call(t, c, 0, "GET", "/health/ready", nil); !strings.Contains(string(r.body), `"calibration":"`+version+`"`) {
		t.Errorf("ready: %s", r.body)
	}
}
