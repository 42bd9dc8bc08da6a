package importer

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
