package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/benchmarks/evalnames"
)

// TestE2EEvaluateNames drives `vigie evaluate names` with another engine beside
// ours: its figures, the plot, and the refusals.
func TestE2EEvaluateNames(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/search" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"entities":[{"name":"x","sourceID":"b","match":0.9}]}`)
	}))
	defer other.Close()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	targets := file("targets.tsv", "a\tMomodou Jallow\t\nb\tAwa Ndiaye\t1990\n")
	queries := file("queries.tsv", "Mamadu Djaló\ta\nHawa Njie\tb\nZoltan Kowalczyk\t\n")
	plot := filepath.Join(dir, "det.svg")
	args := []string{"evaluate", "names", "--targets", targets, "--queries", queries, "--against", other.URL}
	stdout, stderr, err := vigieRun(t, append(args, "--plot", plot, "--json")...)
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	var r evalnames.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if r.RecallAt1 != 1 || r.FalseAlertRate != 0 || r.Against == nil || r.Against.RecallAt1 != 0.5 || r.Against.FalseAlertRate != 1 {
		t.Errorf("report: %s", stdout)
	}
	if b, err := os.ReadFile(plot); err != nil || !bytes.Contains(b, []byte("watchman")) {
		t.Errorf("plot: %d bytes, %v", len(b), err)
	}
	stdout, stderr, err = vigieRun(t, args...)
	if err != nil || !strings.Contains(stdout, "watchman at 127.0.0.1") {
		t.Errorf("%v: %s %s", err, stdout, stderr)
	}
	for want, bad := range map[string][]string{
		"no such engine":             append(args, "--engine", "solr"),
		"--against needs --targets":  {"evaluate", "names", "--pairs", targets, "--against", other.URL},
		"answers 404":                append(args, "--engine", "yente"),
		"not an http or https URL":   {"evaluate", "names", "--targets", targets, "--queries", queries, "--against", "nowhere"},
		"no mated and non-mated":     {"evaluate", "names", "--targets", targets, "--queries", file("mated.tsv", "Awa\tb\n"), "--plot", plot},
		"give --targets and --queri": {"evaluate", "names"},
	} {
		if _, stderr, err := vigieRun(t, bad...); err == nil || !strings.Contains(stderr, want) || strings.Contains(stderr, "Djal") {
			t.Errorf("%v: %v, %s; want %q", bad, err, stderr, want)
		}
	}
}
