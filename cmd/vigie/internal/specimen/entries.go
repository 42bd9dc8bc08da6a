package specimen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"vigie/watchlist"
)

// Mark is what every specimen entry carries in its case reference.
const Mark = "SPECIMEN"

// Known are the entries that the demonstration's probes look for.
const (
	// KnownName is the index of the entry that MisspeltName looks for.
	KnownName = 0
	// KnownDocument is the index of the entry that MRZ looks for.
	KnownDocument = 1
)

// MisspeltName is how an officer who only heard the name of entry KnownName may
// type it: another country's spelling of the same name.
const MisspeltName = "Mamadu Seku Jallow"

// Birth date of entry KnownName, as given with MisspeltName.
const MisspeltBirth = "1984"

const (
	documentNumber  = "U0194382"
	documentSurname = "KOUROUMA SYLLA"
	documentGiven   = "AISSATOU"
)

var (
	documentBirth  = watchlist.PartialDate{Year: 1991, Month: 3, Day: 8}
	documentExpiry = watchlist.PartialDate{Year: 2031, Month: 6, Day: 30}
)

// Entries makes the first n entries of the list, at least 2. now sets the dates
// of issue and end; everything else is the same on every run.
func Entries(n int, now time.Time) []watchlist.Entry {
	rnd := rand.New(rand.NewPCG(2026, 11))
	out := make([]watchlist.Entry, 0, max(n, 2))
	seen := map[string]bool{}
	for i := 0; len(out) < max(n, 2); i++ {
		e := blank(len(out), now)
		switch len(out) {
		case KnownName:
			fillKnownName(&e)
		case KnownDocument:
			fillKnownDocument(&e)
		default:
			fill(&e, rnd, regions[i%len(regions)])
		}
		if seen[e.Names[0].Full] {
			continue // the sequence goes on, so the list stays the same
		}
		seen[e.Names[0].Full] = true
		out = append(out, e)
	}
	return out
}

// Person makes an entry for somebody known by a face, from a label such as a
// folder's name.
func Person(i int, label string, now time.Time) watchlist.Entry {
	e := blank(i, now)
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: label}}
	return e
}

// PersonName gives the i-th made-up name for a demonstration portrait.
func PersonName(i int) string {
	r := regions[i%len(regions)]
	return fmt.Sprintf("%s %s", r.women[(3*i+7)%len(r.women)], r.surnames[(5*i+9)%len(r.surnames)])
}

func blank(i int, now time.Time) watchlist.Entry {
	day := now.UTC().Truncate(24 * time.Hour)
	categories := []watchlist.Category{watchlist.CategorySmuggler, watchlist.CategoryTrafficker, watchlist.CategoryDocumentFraud, watchlist.CategoryFacilitator}
	actions := []watchlist.Action{watchlist.ActionArrest, watchlist.ActionLocate, watchlist.ActionDiscreetCheck, watchlist.ActionInquiryCheck}
	return watchlist.Entry{
		Category: categories[i%len(categories)], Action: actions[(i/3)%len(actions)], Status: watchlist.StatusActive,
		LegalBasis: "Mandat fictif (SPECIMEN)", Offence: "Demonstration only: no real offence",
		CaseReference: fmt.Sprintf("%s-%04d", Mark, i+1), Specimen: true,
		Issued: day.UnixMilli(), ReviewBy: day.AddDate(0, 6, 0).UnixMilli(), ExpiresAt: day.AddDate(1, 0, 0).UnixMilli(),
		Facts: "SPECIMEN: a made-up person for demonstration.",
	}
}

func fillKnownName(e *watchlist.Entry) {
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Mamadou Sékou Diallo", Surname: "Diallo", Given: "Mamadou Sékou"}}
	e.Births = []watchlist.Birth{{From: watchlist.PartialDate{Year: 1984, Month: 5, Day: 17}, Place: "Labé"}}
	e.Sex, e.Nationalities = watchlist.SexMale, []watchlist.Country{"GIN"}
}

func fillKnownDocument(e *watchlist.Entry) {
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Aïssatou Kourouma Sylla", Surname: "Kourouma Sylla", Given: "Aïssatou"}}
	e.Births = []watchlist.Birth{{From: documentBirth, Place: "Kankan"}}
	e.Sex, e.Nationalities = watchlist.SexFemale, []watchlist.Country{"UTO"}
	e.Documents = []watchlist.Document{{Type: "passport", Number: documentNumber, Issuer: "UTO", Expiry: documentExpiry, Status: watchlist.DocumentStolen}}
}

func fill(e *watchlist.Entry, rnd *rand.Rand, p people) {
	given, sex := p.men, watchlist.SexMale
	if rnd.IntN(4) == 0 {
		given, sex = p.women, watchlist.SexFemale
	}
	n := watchlist.Name{Kind: watchlist.NamePrimary, Given: given[rnd.IntN(len(given))], Surname: p.surnames[rnd.IntN(len(p.surnames))]}
	if rnd.IntN(5) == 0 {
		n.Surname += " " + p.surnames[rnd.IntN(len(p.surnames))]
	}
	n.Full = n.Given + " " + n.Surname
	e.Names, e.Sex, e.Nationalities = []watchlist.Name{n}, sex, []watchlist.Country{watchlist.Country(p.country)}
	birth := watchlist.Birth{From: watchlist.PartialDate{Year: 1960 + rnd.IntN(45)}, Place: p.cities[rnd.IntN(len(p.cities))]}
	if rnd.IntN(3) > 0 { // many records of the region hold the year only
		birth.From.Month, birth.From.Day = 1+rnd.IntN(12), 1+rnd.IntN(28)
	}
	e.Births = []watchlist.Birth{birth}
	if rnd.IntN(3) == 0 {
		e.Names = append(e.Names, watchlist.Name{Kind: watchlist.NameWeak, Full: "Petit " + n.Given})
	}
	if rnd.IntN(2) == 0 {
		e.Documents = []watchlist.Document{{
			Type: "passport", Number: fmt.Sprintf("U%07d", 1_000_000+rnd.IntN(8_999_999)), Issuer: "UTO",
			Expiry: watchlist.PartialDate{Year: 2027 + rnd.IntN(8), Month: 1 + rnd.IntN(12), Day: 1 + rnd.IntN(28)}, Status: watchlist.DocumentUnknown,
		}}
	}
}

// MRZ gives the two lines of the machine readable zone (TD3, ICAO Doc 9303 part
// 4) of the passport of entry KnownDocument.
func MRZ() []string {
	first := pad("P<UTO"+strings.ReplaceAll(documentSurname, " ", "<")+"<<"+documentGiven, 44)
	number := pad(documentNumber, 9)
	birth, expiry := sixDigits(documentBirth), sixDigits(documentExpiry)
	personal := pad("", 14)
	second := number + check(number) + "UTO" + birth + check(birth) + "F" + expiry + check(expiry) + personal + "<"
	return []string{first, second + check(number+check(number)+birth+check(birth)+expiry+check(expiry)+personal+"<")}
}

func pad(s string, n int) string { return s + strings.Repeat("<", n-len(s)) }

func sixDigits(d watchlist.PartialDate) string {
	return fmt.Sprintf("%02d%02d%02d", d.Year%100, d.Month, d.Day)
}

// check gives the check digit of Doc 9303 part 3 §4.9: weights 7, 3, 1, letters
// from 10, filler 0, modulo 10.
func check(s string) string {
	sum := 0
	for i, c := range s {
		v := 0
		switch {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int(c-'A') + 10
		}
		sum += v * []int{7, 3, 1}[i%3]
	}
	return fmt.Sprint(sum % 10)
}
