package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// testE2EText: entries of any status are found by what is written in them, on every
// node from the index of the write on, also after a node has started again; what is
// searched for is in no log.
func testE2EText(t *testing.T, c *clustertest.Cluster) {
	list := specimen.Entries(2, time.Now())
	in := entryInput(&list[0])
	in.Status, in.CaseReference, in.Facts = "draft", "ZIG-2026-0012", "Vendait de faux passeports à Ziguinchor."
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "e2e-text")
	if r.status != http.StatusCreated {
		t.Fatalf("entry: %d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(t, &w)
	for n := range c.Len() {
		for text, fields := range map[string]string{
			"zig-2026-0012":                   "case",
			"faux passeport ziguinchore":      "facts",
			`facts:"faux passeports"`:         "facts",
			"case:zig2026* -status:withdrawn": "case",
		} {
			found := searchText(t, c, n, text, w.Index)
			if len(found.Items) != 1 || found.Items[0].Id != w.Id || strings.Join(found.Items[0].Matched, " ") != fields || found.TextIndex < w.Index {
				t.Errorf("node %d, %s: %+v", n, text, found)
			}
		}
		if found := searchText(t, c, n, "zig-2026-0013", w.Index); len(found.Items) != 0 {
			t.Errorf("node %d: another case is found: %+v", n, found.Items)
		}
	}
	testTextCommands(t, c, w.Id)
	testTextRefusals(t, c)

	// A changed entry, then a node that starts again.
	in.CaseReference = "ZIG-2026-0099"
	r = call(t, c, 0, "PUT", "/v1/entries/"+w.Id, mustJSON(t, in), "If-Match", `"1"`, "Idempotency-Key", "e2e-text-2")
	if r.status != http.StatusOK {
		t.Fatalf("replace: %d %s", r.status, r.body)
	}
	r.decode(t, &w)
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again := (leader + 1) % c.Len()
	if err := c.Stop(again); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{again, leader} {
		if found := searchText(t, c, n, "zig-2026-0012", w.Index); len(found.Items) != 0 {
			t.Errorf("node %d: found by what it had before: %+v", n, found)
		}
		if found := searchText(t, c, n, "zig-2026-0099", w.Index); len(found.Items) != 1 {
			t.Errorf("node %d: %+v", n, found)
		}
	}
	for n := range c.Len() {
		b := readFile(t, c.LogFile(n))
		if low := bytes.ToLower(b); bytes.Contains(low, []byte("zig-2026")) || bytes.Contains(low, []byte("ziguinchor")) || !bytes.Contains(b, []byte("text index is built")) {
			t.Errorf("the log of node %d has what was searched for, or lacks the index", n)
		}
	}
}

// searchText searches one node from a raft index on, until its index is built.
func searchText(t *testing.T, c *clustertest.Cluster, node int, text string, index int64) client.EntryList {
	t.Helper()
	body := mustJSON(t, client.EntrySearch{Text: text, Purpose: "test", Reason: "end-to-end test"})
	for end := time.Now().Add(30 * time.Second); ; {
		r := call(t, c, node, "POST", fmt.Sprintf("/v1/entries/search?consistency=local&min_index=%d", index), body)
		if code := r.code(); r.status == http.StatusServiceUnavailable && (code == "text_index_building" || code == "index_not_reached") && time.Now().Before(end) {
			if r.header.Get("Retry-After") == "" {
				t.Errorf("%s without Retry-After", code)
			}
			continue
		}
		if r.status != http.StatusOK {
			t.Fatalf("node %d: %d %s", node, r.status, r.body)
		}
		var out client.EntryList
		r.decode(t, &out)
		return out
	}
}

// testTextCommands: the same by command, and the state in status.
func testTextCommands(t *testing.T, c *clustertest.Cluster, id string) {
	t.Helper()
	v := newCLI(t, c)
	why := []string{"--purpose", "test", "--reason", "end-to-end"}
	v.has(v.ok(append([]string{"entry", "list", "--text", "ZIG-2026-0012"}, why...)...), id, "FOUND IN", "case", "draft")
	var found client.EntryList
	out := v.ok(append([]string{"entry", "list", "--text", "faux passeport", "--status", "draft", "--json"}, why...)...)
	if err := json.Unmarshal([]byte(out), &found); err != nil || !slices.ContainsFunc(found.Items, func(e client.EntrySummary) bool { return e.Id == id && slices.Contains(e.Matched, "facts") }) {
		t.Errorf("error %v:\n%s", err, out)
	}
	if e := lastEvent(t, c, 0, "searchEntries"); e.Kind != "search" || e.Reason != "end-to-end" || !slices.Contains(e.Entries, id) {
		t.Errorf("event %+v", e)
	}
	v.has(v.ok("status"), "Text index: ready", "behind")
	v.fails(exitUsage, "--purpose", "entry", "list", "--text", "zig")
	v.fails(exitUsage, "don't go together", append([]string{"entry", "list", "--text", "zig", "--name", "diallo"}, why...)...)
	v.fails(exitFailure, "/text", append([]string{"entry", "list", "--text", "*zig"}, why...)...)
}

// testTextRefusals: hostile queries are refused with the field, fast, and without a
// word of them.
func testTextRefusals(t *testing.T, c *clustertest.Cluster) {
	t.Helper()
	for text, status := range map[string]int{
		strings.Repeat("zigword ", 1250):          http.StatusRequestEntityTooLarge,
		strings.Repeat("zigword ", 100):           http.StatusBadRequest,
		strings.Repeat("x", 501):                  http.StatusBadRequest,
		strings.Repeat("zig ", 17):                http.StatusUnprocessableEntity,
		`"ziguinchor`:                             http.StatusUnprocessableEntity,
		"*ziguinchor":                             http.StatusUnprocessableEntity,
		"zigfield:x":                              http.StatusUnprocessableEntity,
		"-ziguinchor":                             http.StatusUnprocessableEntity,
		strings.Repeat(`"zig zag" -zug zeg* `, 4): http.StatusOK,
	} {
		body := mustJSON(t, client.EntrySearch{Text: text, Purpose: "test", Reason: "end-to-end test"})
		r := call(t, c, 0, "POST", "/v1/entries/search", body)
		if r.status != status || status != http.StatusOK && bytes.Contains(r.body, []byte("zig")) {
			t.Errorf("%.20s: %d %s", text, r.status, r.body)
		}
		if status/100 == 4 && status != http.StatusRequestEntityTooLarge && !bytes.Contains(r.body, []byte(`"/text"`)) {
			t.Errorf("%.20s: no pointer: %s", text, r.body)
		}
	}
	both := []byte(`{"q":"diallo","text":"zig","purpose":"test","reason":"end-to-end test"}`)
	if r := call(t, c, 0, "POST", "/v1/entries/search", both); r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte(`"/text"`)) {
		t.Errorf("both: %d %s", r.status, r.body)
	}
}
