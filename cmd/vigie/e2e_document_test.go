package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/watchlist/mrz"
)

// testE2EDocuments: documents are reported one by one and from a file; a passport
// with a reported number is found on every node by its zone, as a finding on the
// document with no candidate; removed and undone reports are found no more.
func testE2EDocuments(t *testing.T, c *clustertest.Cluster) {
	v := newCLI(t, c)
	var w client.ReportWritten
	if err := json.Unmarshal([]byte(v.ok("document", "add", "QX0158826", "--issuer", "UTO", "--status", "stolen", "--reported", "2026-03-01", "--reference", "PV 77", "--specimen", "--json")), &w); err != nil {
		t.Fatal(err)
	}
	v.has(v.ok("document", "show", w.Id), "UTO passport QX0158826", "stolen, reported 2026-03-01", "PV 77", "yes, until", "SPECIMEN")
	zone, err := mrz.Compose(mrz.TD3, mrz.Fields{
		Code: "P", Issuer: "UTO", Nationality: "UTO", Surname: "Wxyzt", Given: "Qqqvj", Number: "QX0158826", Birth: "900101", Expiry: "310808", Sex: "F",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Converge(t.Context(), uint64(w.Index)); err != nil {
		t.Fatal(err)
	}
	probe := func(lines []string) []byte {
		return mustJSON(t, client.MatchRequest{Purpose: "test", Reason: "end-to-end test", Mrz: client.MrzInput{Lines: lines}})
	}
	for node := range 3 {
		r := call(t, c, node, "POST", "/v1/match", probe(zone))
		var lead client.Lead
		r.decode(t, &lead)
		if len(lead.Candidates) != 0 || len(lead.Documents) != 1 || lead.Documents[0].ReportId != w.Id || lead.Documents[0].Kind != "same" || !strings.Contains(lead.Documents[0].Notice.Pt, "não à pessoa") {
			t.Errorf("node %d: %d candidates, documents %+v", node, len(lead.Candidates), lead.Documents)
		}
	}
	if e := lastEvent(t, c, 0, "match"); !slices.Contains(e.Reports, w.Id) || len(e.Entries) != 0 {
		t.Errorf("event %+v", e)
	}
	match := []string{"--purpose", "test", "--reason", "end-to-end"}
	v.has(v.ok(append([]string{"match", "document", "QXO158826", "--issuer", "uto"}, match...)...), "DOCUMENT (confusable)", "numéro voisin", "pas sur la personne", "No candidate")
	if out := v.ok(append([]string{"match", "document", "QX0158826", "--issuer", "SEN"}, match...)...); strings.Contains(out, "DOCUMENT") {
		t.Errorf("another issuer's document:\n%s", out)
	}
	testDocumentImport(t, v, match)
	v.fails(exitUsage, "--reason", "document", "remove", w.Id)
	v.ok("document", "remove", w.Id, "--reason", "found again")
	v.has(v.ok("document", "show", w.Id), "WITHDRAWN", "found again")
	if out := v.ok(append([]string{"match", "document", "QX0158826", "--issuer", "UTO"}, match...)...); strings.Contains(out, "DOCUMENT") {
		t.Errorf("a withdrawn report is found:\n%s", out)
	}
	v.fails(exitFailure, "409", "document", "remove", w.Id, "--reason", "again")
	v.fails(exitFailure, "/issuer", "document", "add", "A1", "--issuer", "QQQ", "--status", "lost", "--reported", "2026", "--reference", "x")
	v.fails(exitFailure, "/number_to", "document", "add", "A1", "--to", "B2", "--issuer", "UTO", "--status", "stolen_blank", "--reported", "2026", "--reference", "x")
	v.fails(exitUsage, "--issuer", "document", "add", "A1")
}

// testDocumentImport: a file with good and bad lines, first as a dry run.
func testDocumentImport(t *testing.T, v *cli, match []string) {
	t.Helper()
	csv := "type;number;number_to;issuer;status;reported;reference\n" +
		"passport;QY0000100;QY0000199;UTO;stolen_blank;2026-03;PV 78\n" +
		"identity_card;QZ5550001;;UTO;lost;2026-04-02;PV 79\n" +
		"passport;QZ1;;QQQ;lost;2026;PV 80\n" +
		"passport;QZ2;;UTO;borrowed;2026;PV 81\n"
	file := writeFile(t, filepath.Join(t.TempDir(), "stolen.csv"), []byte(csv))
	v.fails(exitFailure, "Dry run: nothing was sent.", "document", "import", file, "--dry-run")
	if out := v.ok("document", "list", "--issuer", "UTO", "--status", "stolen_blank"); strings.Contains(out, "QY0000100") {
		t.Errorf("a dry run wrote:\n%s", out)
	}
	code, out, errs := v.run(t.Context(), "", "document", "import", file)
	if code != exitFailure {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	v.has(out, "line 4: /issuer", "line 5: /status", "4 lines, 2 good, 2 problems.", "2 reports created, 0 replaced, 0 unchanged")
	_, batch, _ := strings.Cut(out, "vigie document undo ")
	batch, _, _ = strings.Cut(batch, " ")
	_, again, _ := v.run(t.Context(), "", "document", "import", file)
	v.has(again, "0 reports created, 0 replaced, 2 unchanged")
	v.has(v.ok("document", "list", "--issuer", "UTO", "--status", "stolen_blank"), "QY0000100 to QY0000199", "yes")
	v.has(v.ok(append([]string{"match", "document", "qy 0000142", "--issuer", "UTO", "--type", "passport"}, match...)...), "DOCUMENT (in_range)", "volé vierge")
	v.has(v.ok(append([]string{"match", "document", "QZ5550001", "--issuer", "UTO", "--type", "passport"}, match...)...), "DOCUMENT (same)", "un autre type")
	jsonl := writeFile(t, filepath.Join(t.TempDir(), "more.jsonl"), fmt.Appendf(nil, `{"type":"visa","number":"QV7777777","issuer":"UTO","status":"revoked","reported":"2026","reference":"PV 82"}`+"\n"))
	v.has(v.ok("document", "import", jsonl), "1 reports created")
	v.has(v.ok("document", "undo", batch, "--reason", "wrong file"), "undone", "2")
	if out := v.ok(append([]string{"match", "document", "QY0000142", "--issuer", "UTO"}, match...)...); strings.Contains(out, "DOCUMENT") {
		t.Errorf("found after the undo:\n%s", out)
	}
	v.fails(exitFailure, "404", "document", "undo", "no-such-batch", "--reason", "wrong file")
}
