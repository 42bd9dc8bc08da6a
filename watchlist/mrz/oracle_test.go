package mrz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/country"
)

// oracleDir is where "make mrz-oracle" puts npm's mrz 5.0.2.
const oracleDir = "../../var/npm-oracle/mrz"

// oracleResult is what the oracle says of one zone.
type oracleResult struct {
	Failed  bool
	Format  string
	Number  string
	Details map[string]struct {
		Value string
		Valid bool
	}
}

// loudSkip skips in a way that is seen: the reason goes to standard error too.
func loudSkip(t *testing.T, reason string) {
	t.Helper()
	fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: %s\n\n", t.Name(), reason)
	t.Skip(reason)
}

// askOracle runs the oracle on all zones at once.
func askOracle(t *testing.T, zones [][]string) []oracleResult {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		loudSkip(t, "node is not installed")
	}
	if _, err := os.Stat(filepath.Join(oracleDir, "lib", "index.js")); err != nil {
		loudSkip(t, "the oracle is absent: run make mrz-oracle")
	}
	dir, err := filepath.Abs(oracleDir)
	if err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.SetEscapeHTML(false)
	for _, z := range zones {
		if err := enc.Encode(z); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/oracle.mjs", dir)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	results := make([]oracleResult, len(zones))
	dec := json.NewDecoder(bytes.NewReader(out))
	for i := range results {
		if err := dec.Decode(&results[i]); err != nil {
			t.Fatalf("zone %d: %v", i, err)
		}
	}
	return results
}

// The reasons for which the two readers may differ. Each must occur, or it is out
// of date.
const (
	frenchCard = "the oracle takes a TD2 with a digit near the end of line 1 for a French card of its own layout"
	codeTable  = "the oracle lacks UTO, XMP, XKK and the codes of former states, all of which are on documents"
	nameDigits = "the oracle gives no name when the field has a digit; this reader shows it with a warning and a repair"
	nameBlanks = "more than one << in a name: the oracle keeps a blank for each filler, this reader one between words"
	nameLead   = "a name field that begins with fillers: the oracle gives no surname"
	nameNone   = "without a secondary identifier the oracle repeats the surname as given names"
	dateRules  = "the oracle passes dates that are in no calendar; it refuses 00 and 0< for an unknown month or day"
	sexX       = "newer documents print X for unspecified, which the oracle refuses"
	numberText = "the oracle keeps a blank for a filler at the beginning of or within a number, and drops nothing at its end"
	overflow1  = "a long number that fills the optional data: the oracle drops its last character"
	overflow2  = "a filler for the number's digit without digits after it: the oracle reads a long number all the same"
)

// TestOracle compares this reader with npm's mrz on generated zones, clean and
// with up to three characters misread. Every difference has its reason above.
func TestOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(9303, 1))
	var zones [][]string
	for range 6000 {
		zones = append(zones, randomZone(r))
	}
	seen := map[string]int{}
	for i, o := range askOracle(t, zones) {
		d, err := ParseAt(zones[i], 2026)
		if err != nil || o.Failed {
			if err == nil || !o.Failed {
				t.Errorf("zone %q: ours %v, the oracle fails: %v", zones[i], err, o.Failed)
			}
			continue
		}
		if string(d.Format) != o.Format {
			if o.Format != "FRENCH_NATIONAL_ID" {
				t.Errorf("format of %q: ours %s, the oracle's %s", zones[i], d.Format, o.Format)
			}
			seen[frenchCard]++
			continue
		}
		for field, pair := range compareOracle(&d, &o) {
			reason := excuse(field, pair[0], pair[1], zones[i], &d)
			if reason == "" {
				t.Errorf("%s of %q: ours %q, the oracle's %q", field, zones[i], pair[0], pair[1])
			}
			seen[reason]++
		}
	}
	for _, reason := range []string{frenchCard, codeTable, nameDigits, nameBlanks, nameLead, nameNone, dateRules, sexX, numberText, overflow1, overflow2} {
		if seen[reason] == 0 {
			t.Errorf("out of date, no difference: %s", reason)
		}
		t.Logf("%d differences: %s", seen[reason], reason)
	}
}

// compareOracle lists the fields that differ, ours first.
func compareOracle(d *Document, o *oracleResult) map[string][2]string {
	out := map[string][2]string{}
	see := func(field, ours, theirs string) {
		if ours != theirs {
			out[field] = [2]string{ours, theirs}
		}
	}
	value := func(field string) string {
		if v := o.Details[field]; v.Valid {
			return v.Value
		}
		return ""
	}
	see("number", d.Number, o.Details["documentNumber"].Value)
	see("issuer", string(d.Issuer), value("issuingState"))
	see("nationality", string(d.Nationality), value("nationality"))
	see("surname", d.Surname, value("lastName"))
	see("given", d.Given, value("firstName"))
	see("sex", map[watchlist.Sex]string{"M": "male", "F": "female", "X": "nonspecified"}[d.Sex], value("sex"))
	ok := func(field string) string {
		return fmt.Sprint(o.Details[field].Valid)
	}
	see("birth", fmt.Sprint(!slices.Contains(d.Warnings, WarningBirth)), ok("birthDate"))
	see("expiry", fmt.Sprint(!slices.Contains(d.Warnings, WarningExpiry)), ok("expirationDate"))
	for _, c := range d.Checks {
		name := map[string]string{
			FieldNumber: "documentNumberCheckDigit", FieldBirth: "birthDateCheckDigit", FieldExpiry: "expirationDateCheckDigit",
			FieldPersonal: "personalNumberCheckDigit", FieldComposite: "compositeCheckDigit",
		}[c.Field]
		if _, has := o.Details[name]; has {
			see("check "+c.Field, fmt.Sprint(c.Status != StatusWrong), ok(name))
		}
	}
	return out
}

// The parts of random zones.
var (
	someCodes    = []string{"SEN", "GMB", "MLI", "MRT", "GIN", "GNB", "FRA", "D", "XEC", "XPO", "UNO", "UTO", "QQQ", "XXA", "RKS", "ZZZ", "CPV"}
	someSurnames = []string{"DIALLO", "N'Diaye", "Sané", "OULD CHEIKH ABDALLAHI", "BA", "Coulibaly-Ouédraogo", "Müller", "MINT AHMED", "DJALÓ", "محمد"}
	someGiven    = []string{"MAMADOU", "Aïssatou Fatoumata", "", "A", "SIDI MOHAMED LEMINE", "EL HADJI MALICK CHEIKH AHMADOU BAMBA", "Awa"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// randomZone composes a zone of a format that the oracle knows and misreads up to
// three characters of it.
func randomZone(r *rand.Rand) []string {
	f := pick(r, []Format{TD1, TD2, TD3})
	date := func() string {
		s := fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28))
		switch r.IntN(12) {
		case 0:
			return s[:4] + "<<"
		case 1:
			return s[:2] + "<<<<"
		}
		return s
	}
	number := make([]byte, 7+r.IntN(7))
	for i := range number {
		number[i] = pick(r, []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	}
	zone, err := Compose(f, Fields{
		Code: map[Format]string{TD1: "I", TD2: "I", TD3: "P"}[f], Issuer: pick(r, someCodes), Nationality: pick(r, someCodes),
		Surname: pick(r, someSurnames), Given: pick(r, someGiven), Number: string(number), Birth: date(), Expiry: date(),
		Sex: pick(r, []string{"M", "F", "<"}), Optional: pick(r, []string{"", "", "ZE184226B", "1234567"}),
	})
	if err != nil {
		panic(err)
	}
	for range r.IntN(4) {
		i := r.IntN(len(zone))
		pos := r.IntN(len(zone[i]))
		if i == 0 && pos < 2 {
			continue // the document code decides the format
		}
		to := pick(r, []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"))
		if c := confusions[zone[i][pos]]; c != "" && r.IntN(3) > 0 {
			to = pick(r, []byte(c))
		}
		zone[i] = zone[i][:pos] + string(to) + zone[i][pos+1:]
	}
	return zone
}

// excuse gives the reason of a difference, "" for one that has none.
func excuse(field, ours, theirs string, zone []string, d *Document) string {
	l := layouts[d.Format]
	name, number := l.name.of(zone), l.number.of(zone)
	switch field {
	case "issuer", "nationality":
		if theirs == "" && country.Assigned(watchlist.Country(ours)) {
			return codeTable
		}
	case "surname", "given":
		switch {
		case theirs == "" && strings.ContainsAny(name, "0123456789"):
			return nameDigits
		case field == "given" && d.NoSecondary && ours == "":
			return nameNone
		case strings.HasPrefix(name, "<"):
			return nameLead
		case strings.Join(strings.Fields(theirs), " ") == ours:
			return nameBlanks
		}
	case "birth", "expiry":
		digits := map[string]string{"birth": d.BirthDigits, "expiry": d.ExpiryDigits}[field]
		if ours == "false" || strings.Contains(digits, "<") || strings.Contains(digits[2:], "00") {
			return dateRules
		}
	case "sex":
		if l.sex.of(zone) == "X" && theirs == "" {
			return sexX
		}
	case "number", "check " + FieldNumber:
		rest := ""
		if l.longNumber {
			rest = l.optional[0].of(zone)
		}
		long := l.longNumber && l.number.digit().of(zone) == "<"
		switch {
		case long && !strings.Contains(rest, "<"):
			return overflow1
		case long && (strings.HasSuffix(number, "<") || rest[0] == '<' || rest[1] == '<'):
			return overflow2
		case field == "number" && strings.Contains(strings.TrimRight(number, "<"), "<"):
			return numberText
		}
	}
	return ""
}
