package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/client"
	"vigie/cluster/clustertest"
)

var rewriteLeads = flag.Bool("rewrite", false, "rewrite testdata/leads.txt")

// TestE2EGoldenLeads asks a node what stands after each "$ vigie match" of
// testdata/leads.txt, on the list that stands after each "entry", and compares the
// whole leads with what stands below. The head of the file says how it is read.
func TestE2EGoldenLeads(t *testing.T) {
	const file = "testdata/leads.txt"
	golden := string(readFile(t, filepath.FromSlash(file)))
	c := startNodes(t, clustertest.Options{Nodes: 1})
	v := newCLI(t, c)
	byID, index := enlistGolden(t, c, golden)
	var out strings.Builder
	leads := 0
	for line := range strings.Lines(golden) {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line)
		if command, ok := strings.CutPrefix(line, "$ vigie "); ok {
			args := append(goldenArgs(t, command), "--purpose", "test", "--reason", "golden leads", "--min-index", fmt.Sprint(index))
			out.WriteString(goldenLead(v.ok(args...), byID))
			leads++
		}
	}
	if leads < 15 {
		t.Fatalf("only %d leads in %s", leads, file)
	}
	if *rewriteLeads {
		if err := os.WriteFile(filepath.FromSlash(file), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(golden, "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("%s is out of date; read the change as an officer would, and run: go test ./cmd/vigie -run GoldenLeads -rewrite\n%s", file, diff)
	}
}

// enlistGolden adds the entries of the file and gives their case references by id,
// and the index that includes them all.
func enlistGolden(t *testing.T, c *clustertest.Cluster, golden string) (byID map[string]string, index int64) {
	t.Helper()
	byID = map[string]string{}
	for line := range strings.Lines(golden) {
		text, ok := strings.CutPrefix(line, "entry ")
		if !ok {
			continue
		}
		day := func(years int) string { return time.Now().UTC().AddDate(years, 0, 0).Format(time.RFC3339) }
		entry := map[string]any{
			"category": "smuggler", "action": "locate", "specimen": true, "legal_basis": "golden leads", "offence": "made up",
			"issued": day(0), "review_by": day(1), "expires_at": day(2),
		}
		var given map[string]any
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		maps.Copy(entry, given)
		reference, _ := given["case_reference"].(string)
		r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, entry), "Idempotency-Key", "golden-lead-"+reference)
		if r.status != 201 {
			t.Fatalf("%s: %d %s", line, r.status, r.body)
		}
		var w client.EntryWritten
		r.decode(t, &w)
		byID[w.Id], index = reference, w.Index
	}
	return byID, index
}

// goldenArgs splits a command into its arguments: blanks part them, but not between
// two apostrophes.
func goldenArgs(t *testing.T, command string) (args []string) {
	t.Helper()
	parts := strings.Split(strings.TrimSpace(command), "'")
	if len(parts)%2 == 0 {
		t.Fatalf("an apostrophe is missing: %s", command)
	}
	for i, p := range parts {
		if i%2 == 1 {
			args = append(args, p)
		} else {
			args = append(args, strings.Fields(p)...)
		}
	}
	return args
}

// goldenLead is a printed lead up to the notice that every lead ends with, its
// lines indented, with case references in the place of the entries' ids.
func goldenLead(printed string, byID map[string]string) string {
	var b strings.Builder
	for line := range strings.Lines(printed) {
		if strings.HasPrefix(line, "List: ") {
			break
		}
		for id, reference := range byID {
			line = strings.ReplaceAll(line, id, reference)
		}
		b.WriteString("\t" + strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}
