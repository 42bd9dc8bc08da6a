package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/watchlist"
	"vigie/watchlist/mrz"
)

func TestMergePatch(t *testing.T) {
	for _, tc := range []struct{ name, before, after, want string }{
		{"changed", `{"a":1,"b":[1,2]}`, `{"a":1,"b":[1]}`, `{"b":[1]}`},
		{"spacing is no change", `{"a": {"x" : 1}, "b":1}`, `{"a":{"x":1},"b":2}`, `{"b":2}`},
		{"removed", `{"a":1,"b":2}`, `{"a":1}`, `{"b":null}`},
		{"added", `{"a":1}`, `{"a":1,"b":"x"}`, `{"b":"x"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := mergePatch([]byte(tc.before), []byte(tc.after))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s %v, want %s", got, err, tc.want)
			}
		})
	}
	if _, err := mergePatch([]byte(`{"a":1}`), []byte(`{ "a": 1 }`)); err == nil {
		t.Error("no change made a patch")
	}
	if _, err := mergePatch([]byte(`{}`), []byte(`{`)); err == nil {
		t.Error("broken JSON made a patch")
	}
}

func TestEntryEditInTheEditor(t *testing.T) {
	editor := filepath.Join(t.TempDir(), "ed.sh")
	script := "#!/bin/sh\nsed -i 's/\"offence\": \"x\"/\"offence\": \"y\"/' \"$1\"\n"
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p := &program{in: strings.NewReader(""), out: &strings.Builder{}, err: &strings.Builder{}, getenv: func(k string) string {
		return map[string]string{"EDITOR": editor}[k]
	}}
	got, err := p.patchByEditor(t.Context(), &client.Entry{Offence: "x", Category: "smuggler"})
	if err != nil || string(got) != `{"offence":"y"}` {
		t.Errorf("%s %v", got, err)
	}
}

func TestShellQuote(t *testing.T) {
	for _, s := range []string{"plain/path-1.x", "", "two words", `it's "quoted" $HOME`, "<<<", "ünï"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellQuote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q came back as %q %v", s, out, err)
		}
	}
}

func TestPrintableDropsWhatDrivesATerminal(t *testing.T) {
	if got := printable("a\x1b[31mb\u202ec\nd"); got != "a[31mbcd" {
		t.Errorf("%q", got)
	}
}

func TestOneTimePassword(t *testing.T) {
	form := regexp.MustCompile(`^([a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$`)
	seen := map[string]bool{}
	for range 100 {
		pw, err := oneTimePassword()
		if err != nil || !form.MatchString(pw) || seen[pw] {
			t.Fatalf("%q %v", pw, err)
		}
		seen[pw] = true
	}
}

func TestImportEntryIDs(t *testing.T) {
	j, err := importer.OpenJournal(filepath.Join(t.TempDir(), "j"), importer.Header{Batch: "import-20261123-0a1b2c3d"})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	s := &sender{journal: j, origin: "SEN"}
	seen := map[string]bool{}
	for line := range 1000 {
		id := s.entryID(line)
		if !watchlist.EntryID(id).Valid() || seen[id] || id != s.entryID(line) {
			t.Fatalf("line %d: %s", line, id)
		}
		seen[id] = true
	}
}

func TestProblemsAreToldWithFieldsAndHints(t *testing.T) {
	err := refusal(&problemError{client.Problem{Status: 422, Title: "A rule is broken", Code: "invalid", Errors: []client.FieldProblem{
		{Pointer: "/names/0/full", Code: "no_letters", Detail: "a name has at least one letter"}, {Parameter: "limit", Code: "out_of_range"},
	}}})
	want := "the node says 422 A rule is broken\n  /names/0/full: a name has at least one letter\n  limit: out_of_range"
	if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
	if code(err) != "invalid" {
		t.Errorf("code %q", code(err))
	}
	if _, err := answer[struct{}](nil, http.ErrHandlerTimeout); err == nil {
		t.Error("a failed call gave an answer")
	}
}

func TestDemoPassportIsRead(t *testing.T) {
	d, err := mrz.ParseAt(specimen.MRZ(), 2026)
	if err != nil {
		t.Fatal(err)
	}
	if d.Format != mrz.TD3 || len(d.Wrong()) > 0 || len(d.Repairs) > 0 || len(d.Warnings) > 0 || d.Issuer != "UTO" || d.Surname != "KOUROUMA SYLLA" || d.Given != "AISSATOU" {
		t.Errorf("%+v", d)
	}
	known := specimen.Entries(2, time.Now())[specimen.KnownDocument]
	if got, ok := d.TravelDocument(); !ok || got.Number != known.Documents[0].Number || d.Birth.From != known.Births[0].From {
		t.Errorf("the passport is not that of the entry: %+v", d)
	}
}
