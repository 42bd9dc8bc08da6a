package mrz

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// The specimens of Doc 9303 parts 4 to 7.
var (
	td3  = []string{"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"}
	td2  = []string{"I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"}
	td1  = []string{"I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"}
	mrva = []string{"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"}
	mrvb = []string{"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"}
	// long1 and long2 carry a number of twelve characters.
	long1 = []string{"I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"}
	long2 = []string{"I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8"}
)

func statuses(d Document) map[string]Status {
	m := map[string]Status{}
	for _, c := range d.Checks {
		m[c.Field] = c.Status
	}
	return m
}

func TestSpecimens(t *testing.T) {
	ok := func(personal, composite Status) map[string]Status {
		return map[string]Status{FieldNumber: StatusOK, FieldBirth: StatusOK, FieldExpiry: StatusOK, FieldPersonal: personal, FieldComposite: composite}
	}
	for _, c := range []struct {
		lines       []string
		format      Format
		number      string
		birth       string
		expiry      string
		nationality watchlist.Country
		optional    []string
		checks      map[string]Status
	}{
		{td3, TD3, "L898902C3", "1974-08-12", "2012-04-15", "UTO", []string{"ZE184226B"}, ok(StatusOK, StatusOK)},
		{td2, TD2, "D23145890", "1974-08-12", "2012-04-15", "UTO", []string{""}, ok(StatusAbsent, StatusOK)},
		{td1, TD1, "D23145890", "1974-08-12", "2012-04-15", "UTO", []string{"", ""}, ok(StatusAbsent, StatusOK)},
		{mrva, MRVA, "L8988901C", "1940-09-07", "1996-12-10", "XXX", []string{"6ZE184226B"}, ok(StatusAbsent, StatusAbsent)},
		{mrvb, MRVB, "L8988901C", "1940-09-07", "1996-12-10", "XXX", []string{""}, ok(StatusAbsent, StatusAbsent)},
		{long1, TD1, "D23145890734", "1934-07-12", "1995-07-12", "UTO", []string{"", ""}, ok(StatusAbsent, StatusOK)},
		{long2, TD2, "D23145890734", "1934-07-12", "1995-07-12", "UTO", []string{""}, ok(StatusAbsent, StatusOK)},
	} {
		t.Run(string(c.format), func(t *testing.T) {
			d, err := ParseAt(c.lines, 2026)
			if err != nil {
				t.Fatal(err)
			}
			if d.Format != c.format || d.Number != c.number || d.Birth.From.String() != c.birth || d.Expiry.String() != c.expiry || d.Nationality != c.nationality || d.Issuer != "UTO" {
				t.Errorf("read %+v", d)
			}
			if diff := cmp.Diff(c.optional, d.Optional); diff != "" {
				t.Errorf("optional data (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.checks, statuses(d)); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			if len(d.Repairs)+len(d.Warnings) > 0 {
				t.Errorf("repairs %v, warnings %v on a specimen", d.Repairs, d.Warnings)
			}
		})
	}
}

// with returns lines with the text put in at a place.
func with(lines []string, line, pos int, text string) []string {
	out := append([]string(nil), lines...)
	out[line] = out[line][:pos] + text + out[line][pos+len(text):]
	return out
}

func TestCheckDigitsHaveTheirOwnStatus(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		wrong []string
	}{
		{"number", with(td3, 1, 1, "7"), []string{FieldNumber, FieldComposite}},
		{"number digit only", with(td3, 1, 9, "5"), []string{FieldNumber, FieldComposite}},
		{"birth", with(td3, 1, 13, "75"), []string{FieldBirth, FieldComposite}},
		{"expiry", with(td3, 1, 21, "13"), []string{FieldExpiry, FieldComposite}},
		{"personal", with(td3, 1, 28, "A"), []string{FieldPersonal, FieldComposite}},
		{"composite", with(td3, 1, 43, "1"), []string{FieldComposite}},
		{"filler for a digit", with(td3, 1, 19, "<"), []string{FieldBirth, FieldComposite}},
		{"TD1 composite covers the optional data", with(td1, 1, 20, "7"), []string{FieldComposite}},
		{"MRV has no composite", with(mrva, 1, 0, "K"), []string{FieldNumber}},
		{"long number", with(long1, 0, 16, "8"), []string{FieldNumber, FieldComposite}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := ParseAt(c.lines, 2026)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range d.Wrong() {
				got = append(got, w.Field)
				if l := c.lines[w.Pointer[len(w.Pointer)-1]-'0']; w.Position >= len(l) {
					t.Errorf("check of %s points beyond its line", w.Field)
				}
			}
			if diff := cmp.Diff(c.wrong, got); diff != "" {
				t.Errorf("wrong checks (-want +got):\n%s", diff)
			}
		})
	}
	empty := "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<"
	for digit, want := range map[string]Status{"<": StatusAbsent, "0": StatusOK, "1": StatusWrong} {
		d, err := Parse([]string{td3[0], empty + digit + "8"})
		if err != nil || statuses(d)[FieldPersonal] != want {
			t.Errorf("digit %q of an empty personal number: %v, want %v (%v)", digit, statuses(d)[FieldPersonal], want, err)
		}
	}
}

func TestLongNumberDigitWithAndWithoutFiller(t *testing.T) {
	for _, covered := range []string{"D23145890<741", "D23145890741"} {
		l := []string{"I<UTOD23145890<741" + string(CheckDigit(covered)) + "<<<<<<<<<<<", long1[1], long1[2]}
		d, err := Parse(l)
		if err != nil || d.Number != "D23145890741" || statuses(d)[FieldNumber] != StatusOK {
			t.Errorf("digit over %q: number %q, status %v, %v", covered, d.Number, statuses(d)[FieldNumber], err)
		}
	}
}

func TestRepairsAreProposedNeverApplied(t *testing.T) {
	d, err := ParseAt(with(td3, 1, 1, "B"), 2026) // 8 read as B
	if err != nil {
		t.Fatal(err)
	}
	if d.Number != "LB98902C3" {
		t.Errorf("the number was changed to %q", d.Number)
	}
	want := []Repair{
		{Field: FieldNumber, Pointer: "/mrz/1", Position: 1, From: "B", To: "8"},
		{Field: FieldNumber, Pointer: "/mrz/1", Position: 3, From: "8", To: "B"},
		{Field: FieldNumber, Pointer: "/mrz/1", Position: 6, From: "2", To: "Z"},
	}
	if diff := cmp.Diff(want, d.Repairs); diff != "" {
		t.Errorf("repairs (-want +got):\n%s", diff)
	}
	d, err = ParseAt(with(td3, 1, 17, "I"), 2026) // birth 7408I2
	if err != nil {
		t.Fatal(err)
	}
	if !d.Birth.From.IsZero() || len(d.Repairs) != 1 || d.Repairs[0].To != "1" || d.Repairs[0].Field != FieldBirth {
		t.Errorf("birth %v, repairs %+v", d.Birth, d.Repairs)
	}
	d, err = ParseAt(with(td3, 0, 5, "ER1"), 2026)
	if err != nil || d.Surname != "ER1KSSON" || d.LikelySurname != "ERIKSSON" || d.LikelyGiven != "ANNA MARIA" || len(d.Names()) != 2 || len(d.Repairs) != 1 || d.Repairs[0].To != "I" || d.Repairs[0].Position != 7 {
		t.Errorf("name %q, repairs %+v, %v", d.Surname, d.Repairs, err)
	}
}

func TestNames(t *testing.T) {
	field := func(s string) []string { return with(td3, 0, 5, s+strings.Repeat("<", 39-len(s))) }
	for _, c := range []struct {
		field, surname, given  string
		truncated, noSecondary bool
	}{
		{"NDIAYE<<MAME<DIARRA", "NDIAYE", "MAME DIARRA", false, false},
		{"OULD<CHEIKH<ABDALLAHI<<SIDI<MOHAMED", "OULD CHEIKH ABDALLAHI", "SIDI MOHAMED", false, false},
		{"MINT<AHMED", "MINT AHMED", "", false, true},
		{"COULIBALY<OUEDRAOGO<<ABDOULAYE<SOULEYMA", "COULIBALY OUEDRAOGO", "ABDOULAYE SOULEYMA", true, false},
		{"BA<<A", "BA", "A", false, false},
		{"DIALLO<<MAMADOU<<LAMINE", "DIALLO", "MAMADOU LAMINE", false, false},
		{"<<DIALLO<<MAMADOU", "DIALLO", "MAMADOU", false, false},
		{"", "", "", false, true},
	} {
		d, err := Parse(field(c.field))
		if err != nil {
			t.Fatal(err)
		}
		if d.Surname != c.surname || d.Given != c.given || d.Truncated != c.truncated || d.NoSecondary != c.noSecondary {
			t.Errorf("%q: surname %q, given %q, truncated %v, no secondary %v", c.field, d.Surname, d.Given, d.Truncated, d.NoSecondary)
		}
		names := d.Names()
		if c.surname == "" && names != nil || c.surname != "" && (len(names) != 1 || names[0].Truncated != c.truncated) {
			t.Errorf("%q: names %+v", c.field, names)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		digits string
		year   int
		want   string
		to     string
		warn   bool
	}{
		{"740812", 2026, "1974-08-12", "", false},
		{"260101", 2026, "2026-01-01", "", false},
		{"270101", 2026, "1927-01-01", "", false},
		{"000229", 2026, "2000-02-29", "", false},
		{"84<<<<", 2026, "1984", "", false},
		{"8405<<", 2026, "1984-05", "", false},
		{"84<<12", 2026, "1984", "", false},
		{"840000", 2026, "1984", "", false},
		{"8<<<<<", 2026, "1980", "1989", false},
		{"2<<<<<", 2026, "2020", "2026", false},
		{"<<<<<<", 2026, "", "", false},
		{"740812", 0, "", "", false},
		{"741312", 2026, "", "", true},
		{"740230", 2026, "", "", true},
		{"74O812", 2026, "", "", true},
	} {
		d, err := ParseAt(with(td3, 1, 13, c.digits), c.year)
		if err != nil {
			t.Fatal(err)
		}
		warned := len(d.Warnings) > 0 && d.Warnings[0] == "birth_date_unreadable"
		want := c.want
		if c.warn {
			want = ""
		}
		if d.Birth.From.String() != want || d.Birth.To.String() != c.to || warned != c.warn {
			t.Errorf("%s at %d: %v to %v, warnings %v; want %s to %s, %v", c.digits, c.year, d.Birth.From, d.Birth.To, d.Warnings, want, c.to, c.warn)
		}
		if d.BirthDigits != c.digits {
			t.Errorf("digits %q, want %q", d.BirthDigits, c.digits)
		}
	}
	for digits, want := range map[string]string{"310101": "2031-01-01", "750101": "2075-01-01", "760101": "1976-01-01", "990101": "1999-01-01", "<<<<<<": ""} {
		if d, err := ParseAt(with(td3, 1, 21, digits), 2026); err != nil || d.Expiry.String() != want {
			t.Errorf("expiry %s: %v, want %s (%v)", digits, d.Expiry, want, err)
		}
	}
}

func TestSexAndCountries(t *testing.T) {
	for s, want := range map[string]watchlist.Sex{"M": watchlist.SexMale, "F": watchlist.SexFemale, "<": watchlist.SexUnspecified, "X": watchlist.SexUnspecified, "H": watchlist.SexUnknown} {
		if d, err := Parse(with(td3, 1, 20, s)); err != nil || d.Sex != want {
			t.Errorf("sex %q: %q, want %q (%v)", s, d.Sex, want, err)
		}
	}
	for _, code := range []string{"SEN", "GMB", "MLI", "MRT", "GIN", "GNB", "XEC", "XPO", "XOM", "UNO", "D<<"} {
		d, err := Parse(with(with(td3, 0, 2, code), 1, 10, code))
		if want := watchlist.Country(strings.Trim(code, "<")); err != nil || d.Issuer != want || d.Nationality != want {
			t.Errorf("code %q: issuer %q, nationality %q (%v)", code, d.Issuer, d.Nationality, err)
		}
	}
	if d, err := Parse(with(td3, 1, 10, "S3N")); err != nil || d.Nationality != "" || len(d.Warnings) != 1 {
		t.Errorf("unreadable nationality: %q, %v, %v", d.Nationality, d.Warnings, err)
	}
}

func TestBadInput(t *testing.T) {
	line := strings.Repeat("<", 44)
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"nothing", nil, []string{"/mrz unknown_format"}},
		{"blank", []string{" ", ""}, []string{"/mrz unknown_format"}},
		{"one line", []string{line}, []string{"/mrz unknown_format"}},
		{"four lines", []string{line, line, line, line}, []string{"/mrz unknown_format"}},
		{"a short line", []string{td3[0], td3[1][:43]}, []string{"/mrz/1 wrong_length"}},
		{"a long line", []string{td3[0] + "<", td3[1]}, []string{"/mrz/0 wrong_length"}},
		{"both short", []string{td2[0][:35], td2[1][:34]}, []string{"/mrz/0 wrong_length", "/mrz/1 wrong_length"}},
		{"huge", []string{strings.Repeat("A", 1<<20), td3[1]}, []string{"/mrz/0 wrong_length"}},
		{"a bad character", []string{td3[0], strings.Replace(td3[1], "U", "Ü", 1)}, []string{"/mrz/1 bad_character"}},
		{"invalid UTF-8", []string{td3[0], td3[1][:43] + "\xff"}, []string{"/mrz/1 bad_character"}},
		{"not a document", []string{"Q" + td3[0][1:], td3[1]}, []string{"/mrz/0 unknown_format"}},
		{"not a card", []string{"P" + td1[0][1:], td1[1], td1[2]}, []string{"/mrz/0 unknown_format"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.lines)
			var v watchlist.ValidationError
			if !errors.As(err, &v) {
				t.Fatalf("error %v, want a ValidationError", err)
			}
			var got []string
			for _, f := range v {
				got = append(got, f.Pointer+" "+f.Code)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTolerantInput(t *testing.T) {
	want, err := ParseAt(td3, 2026)
	if err != nil {
		t.Fatal(err)
	}
	for _, lines := range [][]string{
		{strings.ToLower(td3[0]), "  " + td3[1] + "\r\n"},
		{td3[0] + "\n" + td3[1]},
		{td3[0][:20] + " " + td3[0][20:], td3[1], ""},
	} {
		got, err := ParseAt(lines, 2026)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", lines, err, diff)
		}
	}
}

func TestProbe(t *testing.T) {
	d, err := ParseAt(td3, 2026)
	if err != nil {
		t.Fatal(err)
	}
	p := watchlist.Probe{Sex: watchlist.SexMale}
	d.Probe(&p)
	want := watchlist.Probe{
		Names:       []watchlist.Name{{Kind: watchlist.NamePrimary, Script: watchlist.ScriptLatin, Full: "ERIKSSON ANNA MARIA", Surname: "ERIKSSON", Given: "ANNA MARIA"}},
		Birth:       watchlist.Birth{From: watchlist.PartialDate{Year: 1974, Month: 8, Day: 12}},
		Sex:         watchlist.SexMale,
		Nationality: "UTO",
		Documents: []watchlist.Document{{
			Type: "passport", Number: "L898902C3", Issuer: "UTO", Status: watchlist.DocumentUnknown,
			Expiry: watchlist.PartialDate{Year: 2012, Month: 4, Day: 15},
		}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("probe (-want +got):\n%s", diff)
	}
	for line0, kind := range map[string]string{"I": "identity_card", "A": "other", "C": "other", "V": "visa"} {
		d, err := Parse(with(td2, 0, 0, line0))
		if doc, ok := d.TravelDocument(); err != nil || !ok || doc.Type != kind {
			t.Errorf("code %s: %q, %v, %v", line0, doc.Type, ok, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, l := range [][]string{td3, td2, td1, mrva, mrvb, long1, long2} {
		f.Add(strings.Join(l, "\n"), 2026)
	}
	f.Fuzz(func(t *testing.T, s string, year int) {
		if year < 0 || year > 9999 {
			return
		}
		d, err := ParseAt(strings.Split(s, "\n"), year)
		if err != nil {
			var v watchlist.ValidationError
			if !errors.As(err, &v) || len(v) == 0 {
				t.Fatalf("error %v is no ValidationError", err)
			}
			return
		}
		if !d.Expiry.Valid() || !d.Birth.From.Valid() {
			t.Errorf("an impossible date: born %v, expires %v", d.Birth.From, d.Expiry)
		}
		if n := len(d.Names()); n > MaxNames {
			t.Errorf("%d names", n)
		}
		for _, r := range d.Repairs {
			if r.From == r.To {
				t.Errorf("a repair that changes nothing: %+v", r)
			}
		}
	})
}
