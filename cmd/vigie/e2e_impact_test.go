package main

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// testE2EImpact: a draft with the face of an active entry is looked at before it
// is activated: it names the other as a likely duplicate, expects false alerts in
// proportion to the traffic, and leaves the draft as it is.
func testE2EImpact(t *testing.T, c *clustertest.Cluster) {
	face := madeUpTemplate(t, 77)
	active := enrolTemplate(t, c, 0, "e2e-impact-1", face)
	in := entryInput(&specimen.Entries(3, time.Now())[2])
	in.Faces, in.Status = []client.FaceInput{{Template: face}}, "draft"
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "e2e-impact-2")
	if r.status != 201 {
		t.Fatalf("add a draft: %d %s", r.status, r.body)
	}
	var draft client.EntryWritten
	r.decode(t, &draft)
	ask := func(travellers float64) (out client.Impact) {
		t.Helper()
		r := call(t, c, 0, "POST", "/v1/entries/"+draft.Id+"/impact", mustJSON(t, client.ImpactRequest{Purpose: "investigation", Reason: "end-to-end test", TravellersPerDay: travellers}))
		if r.status != 200 {
			t.Fatalf("impact: %d %s", r.status, r.body)
		}
		r.decode(t, &out)
		return out
	}
	one, ten := ask(1000), ask(10_000)
	if one.Status != "draft" || one.Population.State != "none" || len(one.Faces) != 1 || !one.Faces[0].Comparable || !(one.AlertsPerDay > 0) || ten.AlertsPerDay < 9.9*one.AlertsPerDay || ten.AlertsPerDay > 10.1*one.AlertsPerDay {
		t.Errorf("%+v, and at ten times the traffic %g", one, ten.AlertsPerDay)
	}
	if !slices.Contains(one.Duplicates, active.Id) || slices.ContainsFunc(one.Alike, func(c client.Candidate) bool { return c.EntryId == draft.Id }) {
		t.Errorf("duplicates %v, alike %+v; want %s and never the entry itself", one.Duplicates, one.Alike, active.Id)
	}
	if e := lastEvent(t, c, 0, "entryImpact"); e.Kind != "search" || e.Subject != draft.Id || !slices.Contains(e.Entries, active.Id) {
		t.Errorf("event %+v", e)
	}
	v := newCLI(t, c)
	v.has(v.ok("entry", "impact", draft.Id, "--reason", "end-to-end test"), "draft, revision 1", "expected false alerts", "at 1000 travellers a day", "vigie population build", "LIKELY DUPLICATE", active.Id)
	v.has(v.ok("entry", "impact", draft.Id, "--reason", "end-to-end test", "--travellers", "50", "--json"), `"travellers_per_day": 50`)
	file := writeFile(t, filepath.Join(t.TempDir(), "draft.json"), mustJSON(t, in))
	v.has(v.ok("entry", "add", file), "revision", "expected false alerts", "LIKELY DUPLICATE", active.Id)
	v.fails(exitUsage, "--reason", "entry", "impact", draft.Id)
}
