package score

import (
	"math"
	"strconv"

	"vigie/watchlist"
)

// The codes of birth evidence.
const (
	CodeBirthExact       = "birth_same"
	CodeBirthDefault     = "birth_same_default"
	CodeBirthSwapped     = "birth_day_month_swapped"
	CodeBirthMonth       = "birth_same_month"
	CodeBirthYear        = "birth_same_year"
	CodeBirthYearDefault = "birth_same_year_default"
	CodeBirthYearOnly    = "birth_same_year_other_day"
	CodeBirthDayMonth    = "birth_same_day_other_year"
	CodeBirthRange       = "birth_in_range"
	CodeBirthNear        = "birth_near"
	CodeBirthDiffers     = "birth_different"
)

// The outcomes of a comparison of two dates of birth, in the calibration file.
// Whether the dates are full or default decides what they can show.
const (
	birthExact       = "exact"        // two full dates agree
	birthDefault     = "default"      // so do two dates that registers give by default
	birthYearDefault = "year_default" // one is a default of the other's year
	birthMonth       = "month"        // year and month agree, a day is unknown
	birthYear        = "year"         // the year agrees, and one side knows no more
	birthSwapped     = "swapped"      // day and month changed places
	birthYearOnly    = "year_only"    // the year agrees, the rest does not
	birthDayMonth    = "day_month"    // day and month agree in another year
	birthNear        = "near"         // up to two years apart, a side is an estimate
	birthNearFull    = "near_full"    // so between two full dates
	birthFar         = "far"          // three to ten years apart, a side is an estimate
	birthFarFull     = "far_full"     // so between two full dates
	birthVeryFar     = "very_far"     // more than ten years apart
)

var birthLines = []string{
	birthExact, birthDefault, birthYearDefault, birthMonth, birthYear, birthSwapped, birthYearOnly,
	birthDayMonth, birthNear, birthNearFull, birthFar, birthFarFull, birthVeryFar,
}

// birthWords gives each outcome its similarity, code and sentence. It is only read.
var birthWords = map[string]struct {
	score        float64
	code, reason string
}{
	birthExact:       {1, CodeBirthExact, "Même date de naissance."},
	birthDefault:     {0.9, CodeBirthDefault, "Même date de naissance, mais c'est une date par défaut (1er janvier ou 31 décembre)."},
	birthYearDefault: {0.75, CodeBirthYearDefault, "Même année de naissance ; l'une des dates est une date par défaut."},
	birthMonth:       {0.9, CodeBirthMonth, "Même mois et même année de naissance ; le jour n'est pas connu."},
	birthYear:        {0.8, CodeBirthYear, "Même année de naissance ; le reste n'est pas connu."},
	birthSwapped:     {0.85, CodeBirthSwapped, "Même date de naissance, jour et mois inversés."},
	birthYearOnly:    {0.6, CodeBirthYearOnly, "Même année de naissance, mais un autre jour."},
	birthDayMonth:    {0.5, CodeBirthDayMonth, "Même jour et même mois de naissance, autre année."},
	birthNear:        {0.4, CodeBirthNear, "Années de naissance voisines."},
	birthNearFull:    {0.4, CodeBirthNear, "Années de naissance voisines."},
	birthFar:         {0.1, CodeBirthDiffers, "Dates de naissance différentes."},
	birthFarFull:     {0.1, CodeBirthDiffers, "Dates de naissance différentes."},
	birthVeryFar:     {0, CodeBirthDiffers, "Dates de naissance très différentes."},
}

// BirthOutcome names the outcome of comparing two dates that are known at least by
// their year: one of the lines of the calibration file. It is symmetric.
func BirthOutcome(a, b watchlist.PartialDate) string {
	precise := full(a) && full(b)
	defaults := isDefault(a) || isDefault(b)
	if a.Year == b.Year {
		switch {
		case precise && a == b && defaults:
			return birthDefault
		case precise && a == b:
			return birthExact
		case precise && a.Month == b.Day && a.Day == b.Month:
			return birthSwapped
		case precise && defaults:
			return birthYearDefault
		case a.Month != 0 && a.Month == b.Month && !precise:
			return birthMonth
		case a.Month == 0 || b.Month == 0:
			return birthYear
		}
		return birthYearOnly
	}
	precise = precise && !defaults
	if precise && a.Month == b.Month && a.Day == b.Day {
		return birthDayMonth
	}
	return apartOutcome(a.Year-b.Year, precise)
}

// apartOutcome is BirthOutcome for dates of different years.
func apartOutcome(years int, precise bool) string {
	if years < 0 {
		years = -years
	}
	switch {
	case years > 10:
		return birthVeryFar
	case years > 2 && precise:
		return birthFarFull
	case years > 2:
		return birthFar
	case precise:
		return birthNearFull
	}
	return birthNear
}

// CompareBirth holds the probe's date of birth against each of the entry's and
// reports the most telling one. Params are "years" (whole years apart, when not
// 0). It returns false when either side has no date.
func CompareBirth(probe watchlist.Birth, entry []watchlist.Birth) (watchlist.Evidence, bool) {
	return Shipped().CompareBirth(probe, entry)
}

// CompareBirth is the function of that name under this calibration.
func (c *Calibration) CompareBirth(probe watchlist.Birth, entry []watchlist.Birth) (watchlist.Evidence, bool) {
	var best watchlist.Evidence
	found := false
	for _, e := range entry {
		if probe.From.IsZero() || e.From.IsZero() {
			continue
		}
		ev := c.births(probe, e)
		if !found || ev.LLR > best.LLR {
			best, found = ev, true
		}
	}
	return best, found
}

func (c *Calibration) births(p, e watchlist.Birth) watchlist.Evidence {
	if p.To.IsZero() && e.To.IsZero() {
		return c.birthEvidence(BirthOutcome(p.From, e.From), p.From.Year-e.From.Year)
	}
	loP, hiP := span(p)
	loE, hiE := span(e)
	if loP <= hiE && loE <= hiP {
		// Inside a range the evidence shrinks with the width of the years that would
		// have fitted.
		width := max(hiP-loP, hiE-loE) + 1
		m := 1 - c.data.Births.Differ
		llr := max(0, min(birthRangeMax, math.Log10(m/min(m, c.data.Births.YearShare*float64(width)))))
		return watchlist.Evidence{Kind: watchlist.EvidenceBirth, Score: 0.7, LLR: llr, Code: CodeBirthRange, Reason: "Date de naissance dans l'intervalle connu."}
	}
	years := loP - hiE
	if hiP < loE {
		years = loE - hiP
	}
	return c.birthEvidence(apartOutcome(years, false), years)
}

func (c *Calibration) birthEvidence(outcome string, years int) watchlist.Evidence {
	w := birthWords[outcome]
	ev := watchlist.Evidence{Kind: watchlist.EvidenceBirth, Score: w.score, LLR: c.birth[outcome], Code: w.code, Reason: w.reason}
	if years != 0 {
		ev.Params = map[string]string{"years": strconv.Itoa(max(years, -years))}
	}
	return ev
}

func span(b watchlist.Birth) (lo, hi int) {
	if b.To.IsZero() {
		return b.From.Year, b.From.Year
	}
	return b.From.Year, b.To.Year
}

func full(d watchlist.PartialDate) bool { return d.Month != 0 && d.Day != 0 }

// isDefault reports the days that registers write when only the year is known.
func isDefault(d watchlist.PartialDate) bool {
	return d.Month == 1 && d.Day == 1 || d.Month == 12 && d.Day == 31
}
