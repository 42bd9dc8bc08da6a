package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// enrolName writes a specimen under a name.
func enrolName(t *testing.T, c *clustertest.Cluster, key, full string) client.EntryWritten {
	t.Helper()
	in := entryInput(&specimen.Entries(3, time.Now())[2])
	in.Names = []client.Name{{Kind: "primary", Full: full}}
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", key)
	if r.status != http.StatusCreated {
		t.Fatalf("enrol: %d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(t, &w)
	return w
}

// matchName gives the entries that a search by name finds, with the score of the
// name, in order.
func matchName(t *testing.T, c *clustertest.Cluster, full string, index int64) (out []string) {
	t.Helper()
	req := client.MatchRequest{Names: []client.ProbeName{{Full: full}}, Purpose: "test", Reason: "end-to-end test", MinIndex: index, Limit: 50}
	r := call(t, c, 0, "POST", "/v1/match", mustJSON(t, req))
	if r.status != http.StatusOK {
		t.Fatalf("match: %d %s", r.status, r.body)
	}
	var lead client.Lead
	r.decode(t, &lead)
	for _, x := range lead.Candidates {
		for _, e := range x.Evidence {
			if e.Kind == "name" {
				out = append(out, fmt.Sprintf("%s %v", x.EntryId, e.Score))
			}
		}
	}
	return out
}

// TestNameFile: a node that was stopped starts from the name index's file, one that
// was killed catches up with what came after it, one whose file is damaged builds it
// anew; the answers stay the same, and the file shows no name.
func TestNameFile(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1})
	path := filepath.Join(c.Dir(0), "data", namesFolder, "names")
	enrolName(t, c, "e2e-names-1", "Mamadou Zbrowqsky")
	gone := enrolName(t, c, "e2e-names-2", "Momodou Zbrowqsky")
	index := enrolName(t, c, "e2e-names-3", "Aminata Zbrovqski").Index
	restart := func(how string, end func(), words ...string) {
		t.Helper()
		want := matchName(t, c, "Mamadou Zbrowqsky", index)
		if len(want) < 2 {
			t.Fatalf("%s: found %v before", how, want)
		}
		before := len(logSince(t, c, 0, 0))
		end()
		if err := c.Restart(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		log := logSince(t, c, 0, before)
		for _, w := range words {
			if !strings.Contains(log, w) {
				t.Errorf("%s: no %q in the log:\n%s", how, w, log)
			}
		}
		if strings.Contains(strings.ToLower(log), "zbro") {
			t.Errorf("%s: a name is in the log", how)
		}
		if diff := cmp.Diff(want, matchName(t, c, "Mamadou Zbrowqsky", index)); diff != "" {
			t.Errorf("%s: other answers:\n%s", how, diff)
		}
	}
	stop := func() {
		if err := c.Stop(0); err != nil {
			t.Fatal(err)
		}
	}
	kill := func() { c.Kill9(0) }
	const loaded, built = `"the name index is loaded from its file"`, "it is built from the registry"
	restart("stopped", stop, loaded)
	b, err := os.ReadFile(path)
	if err != nil || bytes.Contains(bytes.ToLower(b), []byte("zbro")) || bytes.Contains(b, []byte(gone.Id)) {
		t.Fatalf("the file shows a name or an id, or %v", err)
	}
	index = max(withdraw(t, c, 0, gone), enrolName(t, c, "e2e-names-4", "Mamadou Zbrowqsky").Index)
	restart("killed", kill, loaded, "has caught up")
	for _, found := range matchName(t, c, "Momodou Zbrowqsky", index) {
		if strings.HasPrefix(found, gone.Id) {
			t.Error("a withdrawn entry is found after the node was killed")
		}
	}
	restart("damaged", func() {
		kill()
		if b, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		b[len(b)-1] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}, "file does not fit", built)
	restart("stopped again", stop, loaded)
}
