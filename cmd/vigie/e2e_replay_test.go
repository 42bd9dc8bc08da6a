package main

import (
	stdcmp "cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/models"
)

// madeUpTemplate draws a template that no photo gave.
func madeUpTemplate(t *testing.T, seed uint64) client.TemplateInput {
	t.Helper()
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 3))
	in := client.TemplateInput{Model: cal.Model(), Values: make([]float32, cal.Dim())}
	for i := range in.Values {
		in.Values[i] = float32(r.NormFloat64() / 10)
	}
	return in
}

// enrolTemplate writes a specimen with one template and gives what was written.
func enrolTemplate(t *testing.T, c *clustertest.Cluster, node int, key string, template client.TemplateInput) client.EntryWritten {
	t.Helper()
	in := entryInput(&specimen.Entries(3, time.Now())[2])
	in.Faces = []client.FaceInput{{Template: template}}
	r := call(t, c, node, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", key)
	if r.status != http.StatusCreated {
		t.Fatalf("enrol: %d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(t, &w)
	return w
}

// withdraw withdraws an entry on a node and gives the index of that.
func withdraw(t *testing.T, c *clustertest.Cluster, node int, w client.EntryWritten) int64 {
	t.Helper()
	r := call(t, c, node, "POST", "/v1/entries/"+w.Id+"/withdraw", []byte(`{"reason":"end of the test"}`), "If-Match", fmt.Sprintf(`"%d"`, w.Revision))
	if r.status != http.StatusOK {
		t.Fatalf("withdraw: %d %s", r.status, r.body)
	}
	r.decode(t, &w)
	return w.Index
}

// faceKey is what a search says of a face, to the last bit.
type faceKey struct {
	entry string
	score float64
}

// replayOrder sorts as a replay does: the highest score first, then by entry.
func replayOrder(a, b faceKey) int {
	return stdcmp.Or(stdcmp.Compare(b.score, a.score), stdcmp.Compare(a.entry, b.entry))
}

func matchFaces(t *testing.T, c *clustertest.Cluster, node int, probe client.TemplateInput, index int64) (client.Lead, []faceKey) {
	t.Helper()
	req := client.MatchRequest{Templates: []client.TemplateInput{probe}, Purpose: "test", Reason: "end-to-end test", MinIndex: index, Limit: 50}
	r := call(t, c, node, "POST", "/v1/match", mustJSON(t, req))
	if r.status != http.StatusOK {
		t.Fatalf("match: %d %s", r.status, r.body)
	}
	var lead client.Lead
	r.decode(t, &lead)
	var out []faceKey
	for _, x := range lead.Candidates {
		for _, e := range x.Evidence {
			if e.Kind == "face" {
				out = append(out, faceKey{x.EntryId, e.Score})
			}
		}
	}
	return lead, out
}

func replayBody(t *testing.T, probe client.TemplateInput, asOf int64, minScore float64) []byte {
	t.Helper()
	return mustJSON(t, client.ReplayRequest{
		Templates: []client.TemplateInput{probe}, AsOfIndex: asOf, MinScore: &minScore, MaxCandidates: 200, Purpose: "investigation", Reason: "end-to-end test",
	})
}

func replayFaces(t *testing.T, c *clustertest.Cluster, node int, body []byte) (client.Replay, []faceKey) {
	t.Helper()
	r := call(t, c, node, "POST", "/v1/audit/replays", body)
	if r.status != http.StatusOK {
		t.Fatalf("replay on %s: %d %s", c.Name(node), r.status, r.body)
	}
	var out client.Replay
	r.decode(t, &out)
	var faces []faceKey
	for _, x := range out.Candidates {
		faces = append(faces, faceKey{x.EntryId, x.Score})
	}
	return out, faces
}

// lastEvent reads a node's audit log to its end and gives the last event of an
// operation.
func lastEvent(t *testing.T, c *clustertest.Cluster, node int, operation string) client.AuditEvent {
	t.Helper()
	var last client.AuditEvent
	for cursor := ""; ; {
		path := "/v1/audit?limit=500"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		var page client.AuditPage
		call(t, c, node, "GET", path, nil).decode(t, &page)
		for _, e := range page.Items {
			if e.Operation == operation {
				last = e
			}
		}
		if cursor = page.Next; cursor == "" {
			return last
		}
	}
}

// roleKey makes an API key that every node knows.
func roleKey(t *testing.T, c *clustertest.Cluster, role client.Role) string {
	t.Helper()
	var k client.KeyCreated
	r := call(t, c, 0, "POST", "/v1/keys", mustJSON(t, client.KeyCreate{Label: "e2e " + string(role), Role: role}), "Idempotency-Key", "e2e-replay-"+string(role))
	if r.status != http.StatusCreated {
		t.Fatalf("key: %d %s", r.status, r.body)
	}
	r.decode(t, &k)
	if _, err := c.Converge(t.Context(), uint64(k.Index)); err != nil {
		t.Fatal(err)
	}
	return k.Secret
}

// testE2EReplay: an entry is enrolled, matched and withdrawn. A match no longer
// lists it; a replay as of the audit event of the first match does, on every
// node, with the bits of the first score.
func testE2EReplay(t *testing.T, c *clustertest.Cluster, engine bool) {
	probe := madeUpTemplate(t, 1)
	near := madeUpTemplate(t, 1)
	near.Values[0] += 0.01
	first := enrolTemplate(t, c, 0, "e2e-replay-1", probe)
	second := enrolTemplate(t, c, 0, "e2e-replay-2", near)
	lead, before := matchFaces(t, c, 0, probe, second.Index)
	if !slices.ContainsFunc(before, func(f faceKey) bool { return f.entry == first.Id }) || !slices.ContainsFunc(before, func(f faceKey) bool { return f.entry == second.Id }) {
		t.Fatalf("the match finds %v, want %s and %s", before, first.Id, second.Id)
	}
	event := lastEvent(t, c, 0, "match")
	if event.Query != lead.QueryId || event.Index != lead.Stamp.AppliedIndex || event.Threshold != lead.OperatingPoint.Threshold || event.Models["calibration"] == "" || event.Models["encoder"] == "" {
		t.Fatalf("the audit event %+v doesn't say what is needed for a replay of %+v", event, lead.Stamp)
	}

	gone := withdraw(t, c, 0, first)
	if _, err := c.Converge(t.Context(), uint64(gone)); err != nil {
		t.Fatal(err)
	}
	if _, after := matchFaces(t, c, 0, probe, gone); slices.ContainsFunc(after, func(f faceKey) bool { return f.entry == first.Id }) || len(after) == 0 {
		t.Errorf("the match after the withdrawal finds %v", after)
	}
	body := replayBody(t, probe, event.Index, event.Threshold)
	for n := range c.Len() {
		out, faces := replayFaces(t, c, n, body)
		slices.SortFunc(before, replayOrder)
		if d := cmp.Diff(before, faces, cmp.AllowUnexported(faceKey{})); d != "" {
			t.Errorf("%s: the replay differs from the match (-match +replay):\n%s", c.Name(n), d)
		}
		for _, x := range out.Candidates {
			if want := map[string]string{first.Id: "withdrawn", second.Id: "active"}[x.EntryId]; want != "" && string(x.Status) != want {
				t.Errorf("%s: %s is %s now, want %s", c.Name(n), x.EntryId, x.Status, want)
			}
		}
		if out.ThresholdSource != "min_score" || out.OldestIndex > event.Index || out.Stamp.AppliedIndex < gone {
			t.Errorf("%s: %+v", c.Name(n), out)
		}
	}
	if e := lastEvent(t, c, 0, "replaySearch"); e.Kind != "search" || e.Outcome != "ok" || e.Subject != fmt.Sprintf("index:%d", event.Index) || !slices.Contains(e.Entries, first.Id) {
		t.Errorf("event of the replay: %+v", e)
	}
	if _, faces := replayFaces(t, c, 0, replayBody(t, probe, gone, event.Threshold)); slices.ContainsFunc(faces, func(f faceKey) bool { return f.entry == first.Id }) {
		t.Error("a replay as of the withdrawal shows the entry")
	}
	if _, faces := replayFaces(t, c, 0, replayBody(t, probe, first.Index, event.Threshold)); slices.ContainsFunc(faces, func(f faceKey) bool { return f.entry == second.Id }) {
		t.Error("a replay shows an entry that was enrolled later")
	}
	text := string(call(t, c, 0, "GET", "/metrics", nil).body)
	for _, want := range []string{"vigie_gallery_kernel_info{kernel=", "vigie_gallery_searches_total ", "vigie_gallery_rows ", `vigie_gallery_survivors_total{level="1"}`, "vigie_gallery_oldest_index "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	t.Run("refusals", func(t *testing.T) { testReplayRefusals(t, c, body, probe) })
	t.Run("commands", func(t *testing.T) { testReplayCommands(t, c, first.Id, event, probe, engine) })
}

func testReplayRefusals(t *testing.T, c *clustertest.Cluster, body []byte, probe client.TemplateInput) {
	for role, status := range map[client.Role]int{"officer": 403, "supervisor": 403, "auditor": 200} {
		if r := call(t, c, 0, "POST", "/v1/audit/replays", body, "Authorization", "Bearer "+roleKey(t, c, role)); r.status != status {
			t.Errorf("%s: %d %s, want %d", role, r.status, r.code(), status)
		}
	}
	r := call(t, c, 0, "POST", "/v1/audit/replays", replayBody(t, probe, 1<<40, 0))
	if r.status != http.StatusServiceUnavailable || r.code() != "index_not_reached" || r.header.Get("Retry-After") == "" {
		t.Errorf("an index to come: %d %s", r.status, r.body)
	}
	rate, score := 1e-6, 0.5
	r = call(t, c, 0, "POST", "/v1/audit/replays", mustJSON(t, client.ReplayRequest{
		Templates: []client.TemplateInput{probe}, AsOfIndex: 1, Fmr: &rate, MinScore: &score, Purpose: "test", Reason: "end-to-end test",
	}))
	if r.status != http.StatusUnprocessableEntity || !strings.Contains(string(r.body), `"/fmr"`) {
		t.Errorf("two thresholds: %d %s", r.status, r.body)
	}
}

func testReplayCommands(t *testing.T, c *clustertest.Cluster, entry string, event client.AuditEvent, probe client.TemplateInput, engine bool) {
	v := newCLI(t, c)
	file := filepath.Join(t.TempDir(), "template.json")
	if err := os.WriteFile(file, mustJSON(t, probe), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"audit", "replay", "--template", file, "--as-of", fmt.Sprint(event.Index), "--purpose", "investigation", "--reason", "end-to-end test"}
	v.has(v.ok(append(args, "--min-score", fmt.Sprint(event.Threshold))...), entry, "withdrawn", "STATUS NOW", "as given", "List: ")
	v.has(v.ok(append(args, "--fmr", "1e-9", "--json")...), `"threshold_source": "fmr"`, `"as_of_index"`)
	v.has(v.ok(args...), "the present operating point")
	v.fails(exitFailure, "503", append(args, "--as-of", "1000000000")...)
	if engine {
		dir, missing := demoFaces()
		if missing != "" {
			loudSkip(t, missing)
		}
		photo := []string{"audit", "replay", "--photo", filepath.Join(dir, "profile-picture-1.jpg"), "--photo", filepath.Join(dir, "profile-picture-1.jpg"), "--as-of", fmt.Sprint(event.Index), "--purpose", "investigation", "--reason", "end-to-end test"}
		v.has(v.ok(photo...), "As of index", "face_detect ")
	}
	v.has(v.ok("audit", "list"), "INDEX", "THRESHOLD", "calibration="+event.Models["calibration"])
	v.has(v.ok("status"), "Gallery: ", "kernel", "replays from index")
}

// TestReplayBeyondHistory: a node that remembers ten indexes says so when it is
// asked for an older one, and answers within them though its list is empty by
// then.
func TestReplayBeyondHistory(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1, Set: map[string]string{"match.history": "10", "match.kernel": "portable"}})
	probe := madeUpTemplate(t, 1)
	w := enrolTemplate(t, c, 0, "history-1", probe)
	gone := withdraw(t, c, 0, w)
	if _, faces := matchFaces(t, c, 0, probe, gone); len(faces) != 0 {
		t.Errorf("an empty list matches: %v", faces)
	}
	if _, faces := replayFaces(t, c, 0, replayBody(t, probe, gone-1, 0.5)); len(faces) != 1 || faces[0].entry != w.Id {
		t.Errorf("just before the withdrawal: %v", faces)
	}
	for i := range 12 {
		roleKeyNamed(t, c, fmt.Sprintf("filler %d", i))
	}
	r := call(t, c, 0, "POST", "/v1/audit/replays", replayBody(t, probe, gone-1, 0.5))
	var p client.Problem
	r.decode(t, &p)
	if r.status != http.StatusGone || p.Code != "history_gone" || p.OldestIndex <= gone-1 || p.NewestIndex < gone+12 || !strings.Contains(p.Detail, fmt.Sprintf("%d to %d", p.OldestIndex, p.NewestIndex)) {
		t.Errorf("beyond the history: %d %s", r.status, r.body)
	}
	replayFaces(t, c, 0, replayBody(t, probe, p.OldestIndex+1, 0.5))
	if e := lastEvent(t, c, 0, "replaySearch"); e.Outcome != "ok" {
		t.Errorf("event %+v", e)
	}
	v := newCLI(t, c)
	v.has(v.ok("status"), "kernel portable")
	if b, err := os.ReadFile(c.LogFile(0)); err != nil || !strings.Contains(string(b), "kernel=portable") {
		t.Errorf("the log doesn't name the kernel (%v)", err)
	}
}

func roleKeyNamed(t *testing.T, c *clustertest.Cluster, label string) {
	t.Helper()
	r := call(t, c, 0, "POST", "/v1/keys", mustJSON(t, client.KeyCreate{Label: label, Role: "officer"}))
	if r.status != http.StatusCreated {
		t.Fatalf("key: %d %s", r.status, r.body)
	}
}
