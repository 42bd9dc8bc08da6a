package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// testE2ENoTrace plants values in an entry, in probes and in refused requests,
// and searches everything that the nodes have written since: neither the probe
// nor, in clear, the entry may be found (invariants 7 and 10, D13, D14).
func testE2ENoTrace(t *testing.T, c *clustertest.Cluster, engine bool) {
	list := specimen.Entries(3, time.Now())
	in := entryInput(&list[2])
	in.Names = []client.Name{{Kind: "primary", Full: "Xaarkanam Entrywitness"}}
	in.Documents = []client.Document{{Type: "passport", Number: "EW7351094", Issuer: "UTO"}}
	needles := map[string][]byte{
		"entry name": []byte("Entrywitness"), "entry document": []byte("EW7351094"),
		"probe name": []byte("Probewitness"), "probe document": []byte("PW8462057"),
		"refused name": []byte("Refusedwitness"), "password": []byte("Passwordwitness"),
	}
	probe := client.MatchRequest{
		Names: []client.ProbeName{{Full: "Xaarkanam Probewitness"}}, Documents: []client.ProbeDocument{{Number: "PW8462057"}},
		Purpose: "test", Reason: "end-to-end test",
	}
	if dir, missing := demoFaces(); engine && missing == "" {
		photo := readFile(t, filepath.Join(dir, "profile-picture-1.jpg"))
		// A JPEG that is encoded again shares no run of 64 bytes with the original.
		needles["probe photo"] = photo[len(photo)/2 : len(photo)/2+64]
		probe.Photos = []client.PhotoInput{{Image: photo}}
	}
	if r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "e2e-trace"); r.status != http.StatusCreated {
		t.Fatalf("entry: %d %s", r.status, r.body)
	}
	for n := range c.Len() {
		if r := call(t, c, n, "POST", "/v1/match", mustJSON(t, probe)); r.status != http.StatusOK {
			t.Fatalf("match: %d %s", r.status, r.body)
		}
		refused := []byte(`{"names":[{"full":"Refusedwitness","nose":"Refusedwitness"}],"purpose":"Refusedwitness","reason":"x"}`)
		if r := call(t, c, n, "POST", "/v1/match", refused); r.status/100 != 4 || bytes.Contains(r.body, []byte("Refusedwitness")) {
			t.Errorf("a refused request: %d %s", r.status, r.body)
		}
		search := []byte(`{"q":"Refusedwitness","purpose":"test","reason":"end-to-end test"}`)
		if r := call(t, c, n, "POST", "/v1/entries/search", search); r.status != http.StatusOK {
			t.Errorf("search: %d %s", r.status, r.body)
		}
		search = []byte(`{"text":"Refusedwitness -\"Refusedwitness","purpose":"test","reason":"end-to-end test"}`)
		if r := call(t, c, n, "POST", "/v1/entries/search", search); r.status != http.StatusUnprocessableEntity || bytes.Contains(r.body, []byte("Refusedwitness")) {
			t.Errorf("a refused search: %d %s", r.status, r.body)
		}
		searchText(t, c, n, "Refusedwitness", 1)
		call(t, c, n, "POST", "/v1/sessions", []byte(`{"login":"refusedwitness","password":"Passwordwitness"}`))
	}
	var files int
	for n := range c.Len() {
		found, searched := searchTree(t, c.Dir(n), needles)
		for _, f := range found {
			t.Error(f)
		}
		files += searched
	}
	if files < 3*5 {
		t.Errorf("only %d files searched", files)
	}
	// The search itself must work.
	dir := t.TempDir()
	var all []byte
	for _, v := range needles {
		all = append(append(all, v...), '\n')
	}
	if err := os.WriteFile(filepath.Join(dir, "planted"), bytes.ToUpper(all), 0o600); err != nil {
		t.Fatal(err)
	}
	want := len(needles)
	if _, photo := needles["probe photo"]; photo {
		want-- // upper case changes its bytes
	}
	if found, _ := searchTree(t, dir, needles); len(found) < want {
		t.Errorf("the search finds only %v of %d planted values", found, want)
	}
}

// searchTree looks for the needles, as they are and in any case, in every file
// below dir.
func searchTree(t *testing.T, dir string, needles map[string][]byte) (found []string, files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		low := bytes.ToLower(b)
		for what, v := range needles {
			if bytes.Contains(b, v) || bytes.Contains(low, []byte(strings.ToLower(string(v)))) {
				found = append(found, fmt.Sprintf("%s is in %s", what, path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, files
}
