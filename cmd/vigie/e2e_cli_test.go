package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
)

// cli runs vigie in-process against a cluster.
type cli struct {
	t   *testing.T
	env map[string]string
}

func newCLI(t *testing.T, c *clustertest.Cluster) *cli {
	return &cli{t: t, env: map[string]string{"VIGIE_CONTEXT": c.Admin.ContextFile, "HOME": t.TempDir()}}
}

func (c *cli) run(ctx context.Context, stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run(ctx, args, strings.NewReader(stdin), &out, &errs, func(k string) string { return c.env[k] })
	return code, out.String(), errs.String()
}

// ok runs a command that must succeed.
func (c *cli) ok(args ...string) string {
	c.t.Helper()
	code, out, errs := c.run(c.t.Context(), "", args...)
	if code != exitOK {
		c.t.Fatalf("vigie %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// fails runs a command that must fail with a code and say something.
func (c *cli) fails(code int, want string, args ...string) {
	c.t.Helper()
	got, out, errs := c.run(c.t.Context(), "", args...)
	if got != code || !strings.Contains(out+errs, want) {
		c.t.Errorf("vigie %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), got, code, want, out, errs)
	}
}

// has fails the test when text lacks one of the words.
func (c *cli) has(text string, words ...string) {
	c.t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			c.t.Errorf("no %q in:\n%s", w, text)
		}
	}
}

// testE2ECommands goes through the commands that ask a node.
func testE2ECommands(t *testing.T, c *clustertest.Cluster, engine bool) {
	v := newCLI(t, c)
	v.has(v.ok("status"), "node1", "node2", "node3", "connected", "administrator")
	v.has(v.ok("token", "create", "--role", "nonvoter"), "vigie1.", "vigie join --token", "--country SEN --authority Clustertest")
	v.fails(exitFailure, `0 nodes are called "nobody"`, "node", "remove", "nobody")
	v.has(v.ok("node", "transfer"), "Another node leads now")
	v.has(v.ok("audit", "list"), "createJoinToken", "search")
	v.has(v.ok("audit", "verify", "--config", filepath.Join(c.Dir(0), "vigie.yaml")), "ok")
	v.has(v.ok("audit", "verify", "--config", filepath.Join(c.Dir(0), "vigie.yaml"), "--json"), `"events"`, `"last_time"`)
	v.has(v.ok("doctor", "--config", filepath.Join(c.Dir(0), "vigie.yaml")), "is served", "ok    cluster")

	t.Run("entries", func(t *testing.T) { testEntryCommands(t, c) })
	t.Run("accounts", func(t *testing.T) { testAccountCommands(t, c) })
	t.Run("import", func(t *testing.T) { testImportCommand(t, c) })
	if engine {
		t.Run("import photos", func(t *testing.T) { testImportPhotos(t, c) })
	}
}

func testEntryCommands(t *testing.T, c *clustertest.Cluster) {
	v := newCLI(t, c)
	file := filepath.Join(t.TempDir(), "e.json")
	if err := os.WriteFile(file, []byte(strings.Replace(exampleEntry(time.Now()), "Mamadou", "Zéphirin", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	var w client.EntryWritten
	if err := json.Unmarshal([]byte(v.ok("entry", "add", file, "--json")), &w); err != nil {
		t.Fatal(err)
	}
	v.has(v.ok("entry", "get", w.Id), "Zéphirin DIALLO", "active, revision 1", "SPECIMEN")
	v.has(v.ok("entry", "list", "--name", "zefirin diallo", "--purpose", "test", "--reason", "end-to-end"), w.Id)
	match := []string{"match", "name", "Zefirin", "Djallo", "--birth", "1984", "--purpose", "test", "--reason", "end-to-end", "--explain", "--min-index", fmt.Sprint(w.Index)}
	v.has(v.ok(match...), w.Id, "Zéphirin DIALLO", "LLR", "Stages:", "similarity", "% of names",
		"before any evidence", "carried by: name", "would settle it: The traveller's full date of birth.")
	v.has(v.ok(append(match, "--json")...), `"would_settle"`, "Date de naissance complète du voyageur.", "Data de nascimento completa do viajante.", `"carried_by"`, `"prior"`, `"frequency"`)
	v.ok("entry", "edit", w.Id, "--set", "status=suspended", "--set", `births=[{"date":"1985"}]`)
	v.has(v.ok("entry", "get", w.Id), "suspended, revision 2", "1985")
	v.fails(exitUsage, "give --set or --file", "entry", "edit", w.Id, "--set", "a=b", "--file", file)
	v.fails(exitFailure, "404", "entry", "get", w.Id[:len(w.Id)-12]+"000000000000")
	v.has(v.ok("entry", "withdraw", w.Id, "--reason", "end of the test"), "revision  3")
	if out := v.ok(append(match, "--json")...); strings.Contains(out, w.Id) {
		t.Error("a withdrawn entry matches")
	}
}

func testAccountCommands(t *testing.T, c *clustertest.Cluster) {
	v := newCLI(t, c)
	var u struct {
		Index    int64  `json:"index"`
		Password string `json:"one_time_password"`
	}
	if err := json.Unmarshal([]byte(v.ok("user", "add", "e2e.officer", "--role", "officer", "--post", "rosso", "--json")), &u); err != nil {
		t.Fatal(err)
	}
	settle := func(index int64) { // another node may be a heartbeat behind
		if _, err := c.Converge(t.Context(), uint64(index)); err != nil {
			t.Fatal(err)
		}
	}
	settle(u.Index)
	officer := newCLI(t, c)
	officer.env["VIGIE_CONTEXT"] = filepath.Join(t.TempDir(), "officer.json")
	login := []string{"login", "e2e.officer", "--server", c.URL(1), "--ca", c.Admin.CAFile}
	if code, _, errs := officer.run(t.Context(), "wrong password\n", login...); code != exitFailure || !strings.Contains(errs, "401") {
		t.Errorf("wrong password: exit %d %s", code, errs)
	}
	code, out, errs := officer.run(t.Context(), u.Password+"\nanother long sentence\n", login...)
	if code != exitOK {
		t.Fatalf("login: exit %d %s %s", code, out, errs)
	}
	officer.has(out, "Signed in as e2e.officer (officer)")
	officer.ok("match", "name", "Fanta", "Condé", "--purpose", "test", "--reason", "end-to-end")
	officer.fails(exitFailure, "403", "entry", "list")
	if out := officer.ok("status"); !strings.Contains(out, "You: e2e.officer (user, officer)") || !strings.Contains(out, "List: ") || strings.Contains(out, "CLUSTER") {
		t.Errorf("an officer's status:\n%s", out)
	}
	v.ok("user", "disable", "e2e.officer")
	settle(u.Index)
	officer.fails(exitFailure, "Sign in with 'vigie login'", "match", "name", "Fanta", "--purpose", "test", "--reason", "end-to-end")
	v.has(v.ok("user", "list"), "e2e.officer")

	var k client.KeyCreated
	if err := json.Unmarshal([]byte(v.ok("key", "create", "e2e kiosk", "--json")), &k); err != nil {
		t.Fatal(err)
	}
	kiosk := newCLI(t, c)
	kiosk.env["VIGIE_KEY"] = k.Secret
	kiosk.ok("match", "name", "Fanta", "Condé", "--purpose", "test", "--reason", "end-to-end")
	v.has(v.ok("key", "revoke", k.Key.Id, "--json"), `"done"`)
	settle(k.Index)
	kiosk.fails(exitFailure, "401", "match", "name", "Fanta", "--purpose", "test", "--reason", "end-to-end", "--server", c.URL(0))
	v.has(v.ok("key", "list"), "e2e kiosk")
}

// importLines is long enough for several requests.
const importLines = 2*inFlight*chunkLines + 7

// testImportCommand breaks an import off in the middle, resumes it, and undoes
// it.
func testImportCommand(t *testing.T, c *clustertest.Cluster) {
	v := newCLI(t, c)
	dir := t.TempDir()
	list, mapping := filepath.Join(dir, "list.csv"), filepath.Join(dir, "mapping.yaml")
	var b strings.Builder
	b.WriteString("DOSSIER;MESURE;MOTIF;DATE;NOM;PRENOMS;ALIAS;NAISSANCE;LIEU;SEXE;NATIONALITE;PASSEPORT;EMETTEUR;PHOTO\n")
	for i := range importLines {
		fmt.Fprintf(&b, "IMP-%d;refus;x;%s;KANTÉ;Fodé %c;;%d;;h;MLI;;;\n", i, time.Now().Format("02/01/2006"), 'A'+i%26, 1950+i%50)
	}
	for path, text := range map[string]string{list: b.String(), mapping: v.ok("import", "mapping")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := countEntries(t, c)
	args := []string{"import", "csv", list, "--mapping", mapping, "--label", "end-to-end", "--json"}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() { // Ctrl-C as soon as something is in the journal
		for ctx.Err() == nil {
			if j, err := os.ReadFile(journalPath(list)); err == nil && bytes.Count(j, []byte("\n")) > chunkLines/2 {
				interrupt()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	code, out, _ := v.run(ctx, "", args...)
	interrupt()
	first := importResult(t, out)
	if code == exitOK {
		t.Log("the import was faster than the interruption")
	} else if first.Written == 0 || first.Written == importLines {
		t.Errorf("broken off after %d of %d", first.Written, importLines)
	}
	second := importResult(t, v.ok(args...))
	if second.Batch != first.Batch || second.Written+second.Skipped != importLines {
		t.Errorf("resumed as %+v after %+v", second, first)
	}
	if n := countEntries(t, c) - before; n != importLines {
		t.Errorf("%d entries were made of %d lines", n, importLines)
	}
	third := importResult(t, v.ok(args...))
	if third.Written != 0 || third.Skipped != importLines {
		t.Errorf("a third run wrote: %+v", third)
	}
	// Without the journal's steps everything is sent again, and nothing doubles.
	j, err := os.ReadFile(journalPath(list))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journalPath(list), j[:bytes.IndexByte(j, '\n')+1], 0o600); err != nil {
		t.Fatal(err)
	}
	v.ok(args...)
	if n := countEntries(t, c) - before; n != importLines {
		t.Errorf("%d entries of %d lines after the journal was lost", n, importLines)
	}
	v.has(v.ok("import", "undo", string(first.Batch), "--reason", "end-to-end test"), fmt.Sprint(importLines))
	r := call(t, c, 0, "GET", "/v1/entries?status=withdrawn&limit=500", nil)
	var page client.EntryList
	r.decode(t, &page)
	if len(page.Items) < importLines {
		t.Errorf("only %d entries are withdrawn after the undo", len(page.Items))
	}
}

func importResult(t *testing.T, out string) importReport {
	t.Helper()
	var r importReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return r
}

func countEntries(t *testing.T, c *clustertest.Cluster) int {
	t.Helper()
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Status(t.Context(), leader)
	if err != nil {
		t.Fatal(err)
	}
	return s.Stamp.Entries
}

// testImportPhotos imports people with a good photo, with a bad one, and with
// nothing but a photo: the bad photo is reported with its line, and its entry is
// written all the same.
func testImportPhotos(t *testing.T, c *clustertest.Cluster) {
	faces, missing := testFaces()
	if missing != "" {
		loudSkip(t, missing)
	}
	v := newCLI(t, c)
	dir := t.TempDir()
	london, err := filepath.Glob(filepath.Join(faces, "london_frll", "img_675", "neutral_front__*.jpg"))
	if err != nil || len(london) < 20 {
		t.Fatalf("London faces: %d %v", len(london), err)
	}
	for name, from := range map[string]string{"a.jpg": london[18], "c.jpg": london[19]} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "b.jpg"), jpegBytes(t, image.NewGray(image.Rect(0, 0, 300, 300))), 0o600); err != nil {
		t.Fatal(err)
	}
	line := func(name, photo string) string {
		return fmt.Sprintf(`{"category":"smuggler","action":"locate","legal_basis":"b","offence":"o","case_reference":"c","issued":%q,"expires_at":"2090-01-01",%s"photos":[%q]}`+"\n",
			time.Now().UTC().Format(time.DateOnly), name, photo)
	}
	list := filepath.Join(dir, "list.jsonl")
	text := line(`"names":[{"full":"Awa Sarr"}],`, "a.jpg") + line(`"names":[{"full":"Coumba Seck"}],`, "b.jpg") + line("", "c.jpg")
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := v.run(t.Context(), "", "import", "jsonl", list, "--photos", dir, "--json")
	r := importResult(t, out)
	if code != exitFailure || r.Written != 3 || r.Photos != 2 || len(r.Problems) != 1 || r.Problems[0].Line != 2 || !strings.Contains(r.Problems[0].Detail, "no_face") {
		t.Fatalf("exit %d %s\n%s", code, errs, out)
	}
	for _, photo := range []string{"a.jpg", "c.jpg"} {
		out := v.ok("match", "photo", filepath.Join(dir, photo), "--purpose", "test", "--reason", "end-to-end", "--json")
		var lead client.Lead
		if err := json.Unmarshal([]byte(out), &lead); err != nil || len(lead.Candidates) == 0 {
			t.Errorf("%s finds nobody: %v %s", photo, err, out)
		}
	}
	testCues(t, v, filepath.Join(dir, "a.jpg"), smiling(london[18]), smiling(london[40]))
	// Again: only the refused photo is tried once more.
	_, out, _ = v.run(t.Context(), "", "import", "jsonl", list, "--photos", dir, "--json")
	if again := importResult(t, out); again.Written != 0 || again.Photos != 0 || len(again.Problems) != 1 {
		t.Errorf("a second run: %s", out)
	}
	if err := os.WriteFile(list, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v.fails(exitFailure, "give --restart to begin a new batch", "import", "jsonl", list, "--photos", dir)
	// Photos belong to the batch: an undo takes back the entries that have some.
	var undo client.UndoReport
	if err := json.Unmarshal([]byte(v.ok("import", "undo", string(r.Batch), "--reason", "end-to-end test", "--json")), &undo); err != nil {
		t.Fatal(err)
	}
	if undo.Undone != 3 || undo.Kept != 0 {
		t.Errorf("undo: %+v", undo)
	}
	if out := v.ok("match", "photo", filepath.Join(dir, "a.jpg"), "--purpose", "test", "--reason", "end-to-end", "--json"); strings.Contains(out, "Awa Sarr") {
		t.Errorf("an entry of the undone batch still matches: %s", out)
	}
}

func smiling(neutral string) string {
	return strings.NewReplacer("neutral", "smiling", "_03.jpg", "_08.jpg").Replace(neutral)
}

// testCues matches with a document whose photo shows a listed person: carried by
// that person, by somebody else, and photographed in the bearer's place.
func testCues(t *testing.T, v *cli, document, bearer, other string) {
	t.Helper()
	for _, c := range []struct {
		name, live string
		want       []string
	}{
		{"its bearer", bearer, nil},
		{"somebody else", other, []string{"document_photo_unlike", "document_photo_resembles_listed"}},
		{"the document itself", document, []string{"photos_identical"}},
	} {
		out := v.ok("match", "photo", c.live, "--document", document, "--purpose", "test", "--reason", "end-to-end", "--json")
		var lead client.Lead
		if err := json.Unmarshal([]byte(out), &lead); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, cue := range lead.Cues {
			got = append(got, cue.Code)
			if (cue.Code == "document_photo_resembles_listed") != (cue.EntryId != "") || cue.Reason == "" {
				t.Errorf("%s: %+v", c.name, cue)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: cues %v, want %v", c.name, got, c.want)
		}
	}
	table := v.ok("match", "photo", other, "--document", document, "--purpose", "test", "--reason", "end-to-end")
	if !strings.Contains(table, "Note (document_photo_unlike)") {
		t.Errorf("the table does not show the cues:\n%s", table)
	}
	v.fails(exitUsage, "four photos at most", "match", "photo", other, other, other, other, "--document", document, "--purpose", "test", "--reason", "end-to-end")
}
