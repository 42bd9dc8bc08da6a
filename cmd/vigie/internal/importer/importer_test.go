package importer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

const header = "DOSSIER;MESURE;MOTIF;DATE;NOM;PRENOMS;ALIAS;NAISSANCE;LIEU;SEXE;NATIONALITE;PASSEPORT;EMETTEUR;PHOTO\n"

var now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func mapping(t *testing.T, text string) *Mapping {
	t.Helper()
	m, err := ParseMapping("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// collect reads everything and gives the records and the text of all problems.
func collect(t *testing.T, seq func(func(*Record, error) bool)) ([]*Record, string) {
	t.Helper()
	var recs []*Record
	var bad []string
	for r, err := range seq {
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		for _, p := range r.Check(now) {
			bad = append(bad, p.Error())
		}
		recs = append(recs, r)
	}
	return recs, strings.Join(bad, "\n")
}

func TestCSVToEntry(t *testing.T) {
	in := header + "A-1;Arrestation;Passage en bande;03/02/2026;KANTÉ;Fodé;Le Grand / Foday ;17/05/1984;Kayes;h;mli, gin;a 12-34;mli;a.jpg;b.png\n"
	in = strings.Replace(in, "a.jpg;b.png", `"a.jpg;b.png"`, 1)
	recs, bad := collect(t, CSV([]byte(in), mapping(t, ExampleMapping)))
	if bad != "" || len(recs) != 1 {
		t.Fatalf("%d records, problems:\n%s", len(recs), bad)
	}
	issued := time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)
	want := &Record{
		Line: 2, Photos: []string{"a.jpg", "b.png"},
		Entry: watchlist.Entry{
			Category: "smuggler", Action: "arrest", Status: "active",
			Names: []watchlist.Name{
				{Kind: "primary", Full: "Fodé KANTÉ", Surname: "KANTÉ", Given: "Fodé"},
				{Kind: "alias", Full: "Le Grand"},
				{Kind: "alias", Full: "Foday"},
			},
			Births: []watchlist.Birth{{From: watchlist.PartialDate{Year: 1984, Month: 5, Day: 17}, Place: "Kayes"}},
			Sex:    "M", Nationalities: []watchlist.Country{"MLI", "GIN"},
			Documents:  []watchlist.Document{{Type: "passport", Number: "a 12-34", Issuer: "MLI"}},
			LegalBasis: "Mandat d'arret", Offence: "Passage en bande", CaseReference: "A-1",
			Issued: issued.UnixMilli(), ExpiresAt: issued.AddDate(0, 0, 1095).UnixMilli(), ReviewBy: issued.AddDate(0, 0, 1095).UnixMilli(),
		},
	}
	if d := cmp.Diff(want, recs[0]); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestCSVProblemsNameTheLine(t *testing.T) {
	good := "A-1;arrestation;x;03/02/2026;N;P;;;;;;;;\n"
	for _, tc := range []struct{ name, in, want string }{
		{"empty file", "", "line 1: the file is empty"},
		{"UTF-16", "\xff\xfeD\x00O\x00", "line 1: the file is UTF-16: save it as CSV UTF-8"},
		{"other delimiter", strings.ReplaceAll(header, ";", ","), `(one column: is ';' the delimiter?)`},
		{"in the mapping's order", "A;B\n", `lacks: "DOSSIER" (mapping line 9), "MESURE" (mapping line 11), "MOTIF" (mapping line 13)`},
		{"missing column", "DOSSIER;NOM\n", `line 1: the mapping names columns that the file lacks: "MESURE" (mapping line`},
		{"twice the header", "A;A\n", "line 1: A: two columns have this header"},
		{"short line", header + good + "A-2;x\n" + good, "line 3: the line has more or fewer columns"},
		{"bare quote", header + good + "A\"2;arrestation;x;03/02/2026;N;P;;;;;;;;\n", "line 3: bare \" in non-quoted-field"},
		{"untranslated", header + strings.Replace(good, "arrestation", "SECRET", 1), "line 2: MESURE: the cell is not in the mapping's values"},
		{"date", header + strings.Replace(good, "03/02/2026", "2026/02/03", 1), "line 2: DATE: a date is YYYY"},
		{"no name", header + strings.Replace(good, ";N;P;", ";;;", 1), "line 2: /names: an entry needs a name"},
		{"photo outside", header + strings.Replace(good, "\n", "../x.jpg\n", 1), "line 2: PHOTO: a photo is named relative to the photo folder"},
		{"photo kind", header + strings.Replace(good, "\n", "x.gif\n", 1), "line 2: PHOTO: a photo is a .jpg"},
		{"over", header + strings.Replace(good, "03/02/2026", "03/02/2016", 1), "line 2: /expires_at: the end date has passed"},
		{"multi-line cell", header + strings.Replace(good, ";x;", ";\"x\ny\";", 1) + strings.Replace(good, ";N;P;", ";;;", 1), "line 4: /names"},
		{"not UTF-8", header + strings.Replace(good, ";N;", ";\xe9;", 1), "line 2: NOM: not valid UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, bad := collect(t, CSV([]byte(tc.in), mapping(t, ExampleMapping)))
			if !strings.Contains(bad, tc.want) {
				t.Errorf("got  %s\nwant %s", bad, tc.want)
			}
			if strings.Contains(bad, "SECRET") {
				t.Error("the problem shows the cell")
			}
		})
	}
}

func TestCSVGoesOnAfterABadLine(t *testing.T) {
	good := "A-1;arrestation;x;03/02/2026;N;P;;;;;;;;\n"
	recs, bad := collect(t, CSV([]byte(header+good+"A-2;x\n"+good), mapping(t, ExampleMapping)))
	if len(recs) != 2 || recs[1].Line != 4 || bad != "line 3: the line has more or fewer columns than the headers" {
		t.Errorf("%d records, problems:\n%s", len(recs), bad)
	}
}

func TestCSVEncoding(t *testing.T) {
	text := strings.Replace(ExampleMapping, "encoding: utf-8 ", "encoding: windows-1252 ", 1)
	recs, bad := collect(t, CSV([]byte(header+"A-1;arrestation;x;03/02/2026;N\xe9n\xe9;P;;;;;;;;\n"), mapping(t, text)))
	if bad != "" || recs[0].Entry.Names[0].Surname != "Néné" {
		t.Errorf("%d records, problems: %s", len(recs), bad)
	}
}

func TestMappingErrors(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "m.yaml: the mapping is empty"},
		{"unknown key", "nmaes: []\n", "m.yaml:1: field nmaes not found in Mapping"},
		{"unknown source key", "sex:\n  colunm: X\n", `m.yaml:2: unknown key "colunm"; known here: column, value`},
		{"two documents", "sex: A\n---\nsex: B\n", "m.yaml: more than one document"},
		{"nothing to find", "sex: A\n", "m.yaml: map names, documents or photos"},
		{"no legal basis", "names: [{full: A}]\ncategory: B\naction: C\n", "m.yaml: legal_basis: map a column"},
		{"name of nothing", "names: [{kind: A}]\n", "m.yaml: a name needs full"},
		{"delimiter", "delimiter: ';;'\n", "m.yaml: delimiter"},
		{"encoding", "encoding: ebcdic\n", "m.yaml: encoding"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseMapping("m.yaml", []byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

const line = `{"category":"smuggler","action":"arrest","legal_basis":"b","offence":"o","case_reference":"c","issued":"2026-01-02","expires_at":"2027-01-02T00:00:00Z","names":[{"full":"Fodé Kanté"}],"births":[{"date":"1984-05"}],"photos":["a.jpg"]}`

func TestJSONLines(t *testing.T) {
	recs, bad := collect(t, JSONLines([]byte("\n"+line+"\n")))
	if bad != "" || len(recs) != 1 {
		t.Fatalf("%d records: %s", len(recs), bad)
	}
	e := recs[0].Entry
	if recs[0].Line != 2 || e.Names[0].Kind != "primary" || e.Births[0].From.Month != 5 || e.ReviewBy != e.ExpiresAt {
		t.Errorf("%+v", recs[0])
	}
	for _, tc := range []struct{ name, in, want string }{
		{"unknown field", strings.Replace(line, `"names"`, `"nmaes"`, 1), "line 1: nmaes: unknown field"},
		{"wrong type", strings.Replace(line, `"c"`, `7`, 1), "line 1: /case_reference: a string is expected"},
		{"a list where an object is expected", strings.Replace(line, `{"full":"Fodé Kanté"}`, `[]`, 1), "line 1: /names: an object is expected"},
		{"an object where a list is expected", strings.Replace(line, `["a.jpg"]`, `{}`, 1), "line 1: /photos: a list is expected"},
		{"no object", "[]", "line 1: one JSON object a line"},
		{"null", "null", "line 1: one JSON object a line"},
		{"cut", line[:50], "line 1: the JSON object is cut off"},
		{"broken", "{]", "line 1: not JSON, at byte 2"},
		{"two objects", line + line, "line 1: one JSON object a line"},
		{"bad date", strings.Replace(line, "2026-01-02", "02.01.26", 1), "line 1: a value is malformed"},
		{"photo", strings.Replace(line, "a.jpg", "/etc/a.jpg", 1), "line 1: /photos/0: a photo is named relative"},
		{"too long", strings.Repeat(" ", maxLine+1), "line 1: the line is longer"},
		{"second line", line + "\n{}\n", "line 2: /category: not one of the allowed values"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, bad := collect(t, JSONLines([]byte(tc.in))); !strings.Contains(bad, tc.want) {
				t.Errorf("got  %s\nwant %s", bad, tc.want)
			}
		})
	}
}

func TestJournalResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	h := Header{Batch: "b1", Input: Digest([]byte("in"))}
	j, err := OpenJournal(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Step{{Line: 2, Entry: "SEN-x", Revision: 1}, {Line: 2, Photo: 1}, {Line: 3, Refused: "no_face"}} {
		if err := j.Record(s); err != nil {
			t.Fatal(err)
		}
	}
	key := j.Key(2, 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"line":4,"ent`); err != nil { // a crash in the middle of a line
		t.Fatal(err)
	}
	f.Close()

	again, err := OpenJournal(path, Header{Batch: "another", Input: h.Input})
	if err != nil {
		t.Fatal(err)
	}
	if again.Batch() != "b1" || again.Key(2, 1) != key || key == again.Key(2, 0) || key == again.Key(3, 1) {
		t.Error("the batch or its keys changed")
	}
	if s, ok := again.Done(2, 0); !ok || s.Entry != "SEN-x" {
		t.Errorf("line 2: %+v %v", s, ok)
	}
	for _, k := range [][2]int{{3, 0}, {4, 0}, {2, 2}} {
		if _, ok := again.Done(k[0], k[1]); ok {
			t.Errorf("line %d photo %d counts as done", k[0], k[1])
		}
	}
	if err := again.Record(Step{Line: 4}); err != nil {
		t.Fatal(err)
	}
	again.Close()
	third, err := OpenJournal(path, h)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if _, ok := third.Done(4, 0); !ok {
		t.Error("the line written after the cut-off one is lost")
	}
	if _, err := OpenJournal(path, Header{Batch: "b", Input: "other"}); !errors.Is(err, ErrOtherInput) {
		t.Errorf("another input: %v", err)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(header + "A-1;Arrestation;x;03/02/2026;N;P;;17/05/1984;;h;;;;\n"))
	m, err := ParseMapping("m.yaml", []byte(ExampleMapping))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for r, err := range CSV(b, m) {
			if (r == nil) == (err == nil) {
				t.Fatal("a line gives a record or a problem, never both or none")
			}
			if r != nil {
				r.Check(now)
			}
		}
	})
}
