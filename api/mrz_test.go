package api

import (
	"slices"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
)

// TestReadMrz: the officer's flow: lines with misread characters are read and
// other readings proposed, and nothing of them is logged or audited.
func TestReadMrz(t *testing.T) {
	r := newRig(t)
	read := func(lines ...string) ask {
		return ask{method: "POST", path: "/v1/mrz", role: watchlist.RoleOfficer, body: map[string]any{"lines": lines}}
	}
	var got gen.MrzReading
	got = decode[gen.MrzReading](t, r.want(200, read(utopia[0], utopia[1])))
	if !got.Consistent || len(got.Proposals) != 0 || got.Result.Surname != "ERIKSSON" || got.Result.NationalityPrinted != "UTO" {
		t.Errorf("clean zone: %+v", got)
	}
	bad := strings.Replace(utopia[1], "7408122", "74O8122", 1)
	got = gen.MrzReading{}
	got = decode[gen.MrzReading](t, r.want(200, read(utopia[0], bad)))
	if got.Consistent || len(got.Proposals) != 1 || got.Proposals[0].Lines[1] != utopia[1] {
		t.Fatalf("one letter in a date: %+v", got)
	}
	if p := got.Proposals[0].Repairs; len(p) != 1 || p[0].Pointer != "/lines/1" || p[0].Position != 15 || p[0].From != "O" || p[0].To != "0" || !p[0].Sole {
		t.Errorf("repairs %+v", p)
	}
	if !slices.ContainsFunc(got.Result.Advice, func(a gen.MrzAdvice) bool { return a.Code == "birth_date" && a.Advice.Pt != "" }) {
		t.Errorf("advice %+v", got.Result.Advice)
	}
	pr := r.problem("mrz_malformed", read("P<UTO", "L8"))
	if pr.Errors[0].Pointer != "/lines/0" || pr.Errors[0].Advice.Fr == "" || pr.Advice.En == "" {
		t.Errorf("problem %+v", pr)
	}
	if text := r.log.String(); strings.Contains(text, "ERIKSSON") || strings.Contains(text, "L898902C3") {
		t.Error("the log holds what was read")
	}
	if e := r.lastEvent(); e.Kind != watchlist.AuditRead || e.Operation != "readMrz" {
		t.Errorf("event %+v", e)
	}
	pr = r.problem("mrz_check_digit", ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: map[string]any{
		"purpose": "test", "reason": "mrz", "mrz": map[string]any{"lines": []string{utopia[0], bad}},
	}})
	if pr.Errors[0].Pointer != "/mrz/lines/1" || pr.Errors[0].Advice.Pt == "" || pr.Advice.Fr == "" {
		t.Errorf("match: %+v", pr)
	}
}

// TestManyReadings: the readings of a bad zone and the names of a request fit one
// probe together.
func TestManyReadings(t *testing.T) {
	r := newRig(t)
	var given []any
	for range 5 {
		given = append(given, map[string]any{"full": "Awa Diop"})
	}
	line := "P<UTOEBD<ALLKLLKLLA8<<ALKLKLKLKLKLKLKLKLKLKLK"[:44]
	r.want(200, ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: map[string]any{
		"purpose": "test", "reason": "mrz", "names": given, "mrz": map[string]any{"lines": []string{line, utopia[1]}},
	}})
	if n := len(r.w.probes[0].Names); n > 10 || n < 8 {
		t.Errorf("%d names", n)
	}
}

// TestUnknownCountries: a code that nobody has is refused with its pointer, in a
// probe and in an entry.
func TestUnknownCountries(t *testing.T) {
	r := newRig(t)
	pr := r.problem("invalid", ask{method: "POST", path: "/v1/match", role: watchlist.RoleOfficer, body: map[string]any{
		"purpose": "test", "reason": "codes", "nationality": "QQQ", "names": []any{map[string]any{"full": "Awa"}},
		"documents": []any{map[string]any{"number": "A1234567", "issuer": "SEN"}, map[string]any{"number": "A1234567", "issuer": "ZZZ"}},
	}})
	var at []string
	for _, e := range pr.Errors {
		at = append(at, e.Pointer+" "+e.Code)
	}
	if !slices.Equal(at, []string{"/nationality unknown_country", "/documents/1/issuer unknown_country"}) {
		t.Errorf("errors %v", at)
	}
	in := entryInput()
	in["nationalities"] = []string{"SEN", "QQQ"}
	in["documents"] = []any{map[string]any{"type": "passport", "number": "A1", "issuer": "XQX"}}
	in["releasable_to"] = []string{"AAA"}
	pr = r.problem("invalid", ask{method: "POST", path: "/v1/entries", role: admin, body: in})
	at = nil
	for _, e := range pr.Errors {
		at = append(at, e.Pointer+" "+e.Code)
	}
	if !slices.Equal(at, []string{"/nationalities/1 unknown_country", "/documents/0/issuer unknown_country", "/releasable_to/0 unknown_country"}) {
		t.Errorf("errors %v", at)
	}
}
