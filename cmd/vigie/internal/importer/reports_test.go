package importer

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

var reportNow = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// outcome gives the good numbers and the problems of a file.
func outcome(t *testing.T, file string) (good, bad []string, broken error) {
	t.Helper()
	records := ReportsCSV([]byte(file))
	if strings.HasPrefix(file, "{") {
		records = ReportsJSONLines([]byte(file))
	}
	for r, err := range records {
		var list Problems
		switch {
		case errors.As(err, &list):
		case err != nil:
			return good, bad, err
		default:
			if list = r.Check(reportNow, reportNow.AddDate(10, 0, 0)); len(list) == 0 {
				good = append(good, fmt.Sprint(r.Line, " ", r.Document.Number, " ", time.UnixMilli(r.Document.KeepUntil).UTC().Year()))
			}
		}
		for _, p := range list {
			bad = append(bad, fmt.Sprint(p.Line, " ", p.Field))
		}
	}
	return good, bad, nil
}

func TestReportsCSV(t *testing.T) {
	good, bad, err := outcome(t, "\ufeffType,number,issuer,status,reported,reference,number_to,keep_until,releasable_to,specimen,expiry\n"+
		"passport,A1,SEN,lost,2026-01-02,PV 1,,2030-01-01,MLI GMB,true,2031\n"+
		"passport,A100,SEN,stolen_blank,2026,PV 2,A199,,,,\n"+
		"passport,A1,SEN,lost,2026-13-02,PV 3,,soon,,maybe,\n"+
		"passport,,SEN,gone,2026,PV 4,,2020-01-01,,,\n"+
		"passport,A5,QQQ,lost,2026,,,,,,\n"+
		"too,few\n")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"2 A1 2030", "3 A100 2036"}, good); d != "" {
		t.Errorf("good (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"4 reported", "4 keep_until", "4 specimen", "5 /number", "5 /status", "5 /keep_until", "6 /reference", "6 /issuer", "7 "}, bad); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	for name, file := range map[string]string{
		"empty": "", "unknown column": "type,number,issuer,status,reported,reference,holder\n", "missing column": "type;number;issuer;status;reported\n",
		"twice": "type,number,number,issuer,status,reported,reference\n", "UTF-16": "\xff\xfet",
	} {
		if _, _, err := outcome(t, file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestReportsJSONLines(t *testing.T) {
	good, bad, err := outcome(t, `{"type":"visa","number":"V1","issuer":"D","status":"revoked","reported":"2026-03","reference":"PV","keep_until":"2030-01-01"}

{"type":"visa","number":"V2","issuer":"D","status":"revoked","reported":"2026","reference":"PV","holder":"x"}
{"type":"visa","number":7}
[]
{"type":"visa"} {}
`)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"1 V1 2030"}, good); d != "" {
		t.Errorf("good (-want +got):\n%s", d)
	}
	if len(bad) != 4 || !strings.HasPrefix(bad[0], "3 ") || !strings.HasPrefix(bad[3], "6 ") {
		t.Errorf("problems %q", bad)
	}
}

// TestReportProblemsHideContents: what is wrong with a line is said without what it
// holds, since the words reach terminals and logs of jobs.
func TestReportProblemsHideContents(t *testing.T) {
	const secret = "PLANTED77"
	fields := []string{"passport", "A1", "SEN", "lost", "2026", "PV 1", "A2", "2031", "2031-01-01", "MLI", "true"}
	for i, column := range ReportColumns {
		cells := slices.Clone(fields)
		cells[i] = secret + strings.Repeat(secret, 100)
		csv := strings.Join(ReportColumns, ",") + "\n" + strings.Join(cells, ",") + "\n"
		jsonl := fmt.Sprintf("{%q:%q}\n{%q:[%q]}\n{%q:%q", column, cells[i], column, cells[i], column, cells[i])
		for _, records := range []iter.Seq2[*Report, error]{ReportsCSV([]byte(csv)), ReportsJSONLines([]byte(jsonl))} {
			for r, err := range records {
				bad := Problems{}
				if r != nil {
					bad = r.Check(reportNow, reportNow.AddDate(10, 0, 0))
				}
				if err == nil && len(bad) == 0 {
					t.Errorf("%s: a line of rubbish is good", column)
				}
				if text := fmt.Sprint(err, bad.Error()); strings.Contains(text, secret) {
					t.Errorf("%s: %s", column, text)
				}
			}
		}
	}
}

func FuzzReports(f *testing.F) {
	f.Add([]byte(strings.Join(ReportColumns, ";")+"\npassport;A1;SEN;lost;2026;PV 1;A2;2031;2031-01-01;MLI GMB;true\n"), false)
	f.Add([]byte(`{"type":"visa","number":"V1","issuer":"D","status":"revoked","reported":"2026-03","reference":"PV","keep_until":"2030-01-01"}`), true)
	f.Fuzz(func(t *testing.T, b []byte, lines bool) {
		records := ReportsCSV(b)
		if lines {
			records = ReportsJSONLines(b)
		}
		for r, err := range records {
			if (r == nil) == (err == nil) {
				t.Fatal("a line gives a report or a problem, never both or none")
			}
			if r == nil || len(r.Check(reportNow, reportNow.AddDate(10, 0, 0))) > 0 {
				continue
			}
			// What is good here, the node takes: it has an end and, once owned, all
			// that a report must have.
			d := r.Document
			d.ID, d.Origin = "SEN-0192f0c1-5555-7abc-8def-0123456789ab", watchlist.Origin{Country: "SEN", Authority: "DPAF"}
			if err := d.Validate(); err != nil || d.KeepUntil <= reportNow.UnixMilli() {
				t.Fatalf("a good line is refused: %v", err)
			}
		}
	})
}
