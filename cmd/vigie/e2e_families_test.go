package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// newAdministrator makes an account, signs it in at a node and gives its terminal.
func newAdministrator(t *testing.T, c *clustertest.Cluster, login string, node int) *cli {
	t.Helper()
	var u struct {
		Index    int64  `json:"index"`
		Password string `json:"one_time_password"`
	}
	if err := json.Unmarshal([]byte(newCLI(t, c).ok("user", "add", login, "--role", "administrator", "--json")), &u); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Converge(t.Context(), uint64(u.Index)); err != nil {
		t.Fatal(err)
	}
	v := newCLI(t, c)
	v.env["VIGIE_CONTEXT"] = filepath.Join(t.TempDir(), "context.json")
	if code, out, errs := v.run(t.Context(), u.Password+"\nanother long sentence\n", "login", login, "--server", c.URL(node), "--ca", c.Admin.CAFile); code != exitOK {
		t.Fatalf("login: exit %d %s %s", code, out, errs)
	}
	return v
}

// familyWorld is a cluster with an entry that bears a name in no table.
type familyWorld struct {
	t     *testing.T
	c     *clustertest.Cluster
	entry string
	index int64
}

func newFamilyWorld(t *testing.T, c *clustertest.Cluster) *familyWorld {
	t.Helper()
	e := specimen.Entries(3, time.Now())[2]
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Script: watchlist.ScriptLatin, Full: "Hadjaratou Quozzi"}}
	in := entryInput(&e)
	in.Faces = []client.FaceInput{{Template: madeUpTemplate(t, 4242)}}
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "e2e-families-entry")
	if r.status != 201 {
		t.Fatalf("enrol: %d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(t, &w)
	return &familyWorld{t, c, w.Id, w.Index}
}

// finds checks on every node whether a search for the other spelling finds the entry,
// and which table the lead names.
func (f *familyWorld) finds(want bool, table string, atLeast int64) {
	f.t.Helper()
	if _, err := f.c.Converge(f.t.Context(), uint64(atLeast)); err != nil {
		f.t.Fatal(err)
	}
	probe := mustJSON(f.t, client.MatchRequest{Purpose: "test", Reason: "end-to-end test", Names: []client.ProbeName{{Full: "Hadjaratou Wxotta"}}})
	for node := range f.c.Len() {
		r := call(f.t, f.c, node, "POST", "/v1/match", probe)
		var lead client.Lead
		r.decode(f.t, &lead)
		got := slices.ContainsFunc(lead.Candidates, func(x client.Candidate) bool { return x.EntryId == f.entry })
		if got != want || lead.Models["names"] != table {
			f.t.Errorf("node %d: found %v, want %v; by table %q, want %q", node, got, want, lead.Models["names"], table)
		}
		if e := lastEvent(f.t, f.c, node, "match"); e.Models["names"] != table {
			f.t.Errorf("node %d: the event names table %q", node, e.Models["names"])
		}
	}
}

// testE2EFamilies: a name is not found under a spelling before a change is proposed
// and accepted by two people, and then on every node, also after a restart; what is
// withdrawn counts no more, and all of it stays on record.
func testE2EFamilies(t *testing.T, c *clustertest.Cluster) {
	f := newFamilyWorld(t, c)
	key, awa, binta := newCLI(t, c), newAdministrator(t, c, "fam.awa", 0), newAdministrator(t, c, "fam.binta", 1)
	f.finds(false, names.Version, f.index)
	grounds := []string{"--source", "civil register, page 12", "--justification", "one family in two registers"}
	propose := append([]string{"names", "family", "propose", "Wxotta", "Quozzi", "--part", "surname"}, grounds...)
	awa.has(awa.ok(append(propose, "--dry-run")...), "nothing was proposed", "linked", "Quozzi: 1 entries (this change)", names.Version+"+1")
	key.fails(exitFailure, "403", propose...)
	awa.has(awa.ok(propose...), "another administrator: vigie names family review 1 --accept --revision 0")
	f.finds(false, names.Version, 0)
	binta.has(binta.ok("names", "family", "show", "1"), "proposed", "civil register, page 12", "revision 0; then "+names.Version+"+1", "Wxotta: 0 entries")
	review := []string{"names", "family", "review", "1", "--accept", "--revision", "0", "--reason", "seen in both registers"}
	awa.fails(exitFailure, "403", review...)
	key.fails(exitFailure, "403", review...)
	binta.fails(exitFailure, "412", "names", "family", "review", "1", "--accept", "--revision", "7", "--reason", "seen in both registers")
	var done client.FamilyReviewed
	if err := json.Unmarshal([]byte(binta.ok(append(review, "--json")...)), &done); err != nil {
		t.Fatal(err)
	}
	table := names.Version + "+1"
	f.finds(true, table, done.Index)
	binta.fails(exitFailure, "409", review...)
	f.replays(done.Index)
	testFamilyRefusals(t, awa)
	awa.has(awa.ok("names", "family", "list", "--added"), "change/1", "Wxotta [1], Quozzi [1]", "table "+table)
	awa.has(awa.ok("names", "family", "show", "jallow"), "surname/Diallo", "documented")
	awa.has(key.ok("match", "name", "Hadjaratou", "Wxotta", "--purpose", "test", "--reason", "end-to-end", "--json"), f.entry)
	for node := range c.Len() {
		if err := c.Stop(node); err != nil {
			t.Error(err)
		}
		if err := c.Restart(t.Context(), node); err != nil {
			t.Fatal(err)
		}
	}
	f.finds(true, table, done.Index)
	f.withdraws(awa, binta, grounds)
}

// replays: a replay as of an index before the review says that the table was
// another, one as of the review that it was this.
func (f *familyWorld) replays(review int64) {
	f.t.Helper()
	for index, differs := range map[int64]bool{review - 1: true, review: false} {
		body := mustJSON(f.t, client.ReplayRequest{AsOfIndex: index, Purpose: "investigation", Reason: "end-to-end test", Templates: []client.TemplateInput{madeUpTemplate(f.t, 4242)}})
		r := call(f.t, f.c, 0, "POST", "/v1/audit/replays", body)
		var out client.Replay
		r.decode(f.t, &out)
		if d := out.NameFamilies; r.status != 200 || d.Differs != differs || d.Now != 1 || d.Notice.Fr == "" {
			f.t.Errorf("as of %d: %d, families %+v", index, r.status, d)
		}
	}
}

// withdraws takes the change back: by a proposal of one and the review of another.
func (f *familyWorld) withdraws(awa, binta *cli, grounds []string) {
	f.t.Helper()
	binta.has(binta.ok(append([]string{"names", "family", "withdraw", "1"}, grounds...)...), "review 2 --accept --revision 1", "family   change/1", "parted   1")
	binta.fails(exitFailure, "403", "names", "family", "review", "2", "--accept", "--revision", "1", "--reason", "two families after all")
	var done client.FamilyReviewed
	if err := json.Unmarshal([]byte(awa.ok("names", "family", "review", "2", "--accept", "--revision", "1", "--reason", "two families after all", "--json")), &done); err != nil {
		f.t.Fatal(err)
	}
	f.finds(false, names.Version+"+2", done.Index)
	awa.ok(append([]string{"names", "family", "propose", "Pendante", "Pendanty", "--part", "given"}, grounds...)...)
	awa.ok("names", "family", "review", "3", "--refuse", "--reason", "proposed by mistake")
	history := awa.ok("names", "family", "history")
	awa.has(history, "accepted, withdrawn by 2", "refused", "change 1", "Wxotta, Quozzi")
	if n := strings.Count(history, "\n"); n != 4 {
		f.t.Errorf("%d lines of history:\n%s", n, history)
	}
}

// testFamilyRefusals: bad input is refused with its place.
func testFamilyRefusals(t *testing.T, v *cli) {
	t.Helper()
	propose := func(args ...string) []string {
		return append(append([]string{"names", "family", "propose"}, args...), "--source", "civil register, page 12", "--justification", "one family in two registers")
	}
	v.fails(exitFailure, "409", propose("Djoppe", "Jalloh", "--family", "Diop")...)
	v.fails(exitFailure, "surname/Diallo", propose("Djoppe", "Jalloh", "--family", "Diop")...)
	v.fails(exitFailure, "/spellings/0", propose("Jalloh", "--family", "Diallo")...)
	v.fails(exitFailure, "/spellings/1", propose("Alpha", "Da Silva", "--part", "surname")...)
	v.fails(exitFailure, "/family", propose("Djaloo", "--family", "Nosuchfamily")...)
	v.fails(exitFailure, "400", propose("Djaloo", strings.Repeat("x", 41), "--part", "given")...)
	many := make([]string, 33)
	for i := range many {
		many[i] = fmt.Sprintf("Spelling%c%c", 'a'+i/26, 'a'+i%26)
	}
	v.fails(exitFailure, "400", propose(append(many, "--part", "given")...)...)
	v.fails(exitUsage, "--source", "names", "family", "propose", "Djaloo", "--family", "Diallo")
	v.fails(exitUsage, "--part", propose("Aaaa", "Bbbb")...)
	v.fails(exitUsage, "--accept or --refuse", "names", "family", "review", "1", "--reason", "seen in both registers")
	v.fails(exitUsage, "--revision", "names", "family", "review", "1", "--accept", "--reason", "seen in both registers")
	v.fails(exitUsage, "number of a change", "names", "family", "withdraw", "Diallo", "--source", "civil register, page 12", "--justification", "one family in two registers")
	v.fails(exitFailure, "404", "names", "family", "review", "99", "--refuse", "--reason", "seen in both registers")
	v.fails(exitFailure, "no family has", "names", "family", "show", "Nosuchfamily")
}
