package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/watchlist"
	"vigie/watchlist/mrz"
)

// testE2EMrz: the officer's way with a badly scanned passport: the search refuses
// it and says what to do, reading it proposes what it may say, and the search with
// the proposal that the officer picks finds the entry.
func testE2EMrz(t *testing.T, c *clustertest.Cluster) {
	e := specimen.Entries(4, time.Now())[3]
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Zoumana KEBBEH", Surname: "KEBBEH", Given: "Zoumana"}}
	e.Documents = []watchlist.Document{{Type: "passport", Number: "AZ0158826", Issuer: "UTO", Status: watchlist.DocumentValid}}
	in := entryInput(&e)
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "e2e-mrz-1")
	if r.status != 201 {
		t.Fatalf("add an entry: %d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(t, &w)
	zone, err := mrz.Compose(mrz.TD3, mrz.Fields{
		Code: "P", Issuer: "UTO", Nationality: "UTO", Surname: "KEBBEH", Given: "Zoumana", Number: "AZ0158826", Birth: "840517", Expiry: "310808", Sex: "M",
	})
	if err != nil {
		t.Fatal(err)
	}
	bad := []string{zone[0], strings.Replace(zone[1], "AZ0158", "AZO158", 1)}
	probe := []string{"--purpose", "test", "--reason", "end-to-end", "--min-index", fmt.Sprint(w.Index)}

	v := newCLI(t, c)
	v.has(v.ok(append([]string{"mrz", "read"}, zone...)...), "TD3", "KEBBEH, ZOUMANA", "AZ0158826", "composite")
	v.fails(exitFailure, "Chiffre de contrôle faux : numéro du document", append(append([]string{"match", "mrz"}, bad...), probe...)...)
	v.fails(exitFailure, "vigie mrz read", append(append([]string{"match", "mrz"}, bad...), probe...)...)
	v.fails(exitFailure, "Dígito de controlo errado", append([]string{"mrz", "read", "--lang", "pt"}, bad...)...)
	code, out, errs := v.run(t.Context(), strings.Join(bad, "\n"), "mrz", "read", "-", "--json")
	var reading client.MrzReading
	if err := json.Unmarshal([]byte(out), &reading); err != nil || code != exitFailure {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	at := 0
	for i, p := range reading.Proposals {
		if p.Lines[1] == zone[1] {
			at = i + 1
		}
	}
	if at == 0 || reading.Consistent {
		t.Fatalf("the true zone is not proposed: %+v", reading)
	}
	match := append(append([]string{"match", "mrz", "--proposal", fmt.Sprint(at)}, bad...), probe...)
	code, out, errs = v.run(t.Context(), "", match...)
	if code != exitOK || !strings.Contains(out, w.Id) || !strings.Contains(out, "document_same") || !strings.Contains(errs, "another reading") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	v.fails(exitUsage, "--proposal: there are", append(append([]string{"match", "mrz", "--proposal", "9"}, bad...), probe...)...)
	v.fails(exitFailure, "deux ou trois lignes", append([]string{"match", "mrz", "HELLO", "WORLD"}, probe...)...)
	v.fails(exitUsage, "two or three lines", "mrz", "read", "ONE")
	v.fails(exitFailure, "/nationality", append([]string{"match", "name", "Awa", "--nationality", "QQQ"}, probe...)...)
}
