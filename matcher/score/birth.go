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

// CompareBirth holds the probe's date of birth against each of the entry's and
// reports the most telling one. Params are "years" (whole years apart, when not
// 0). It returns false when either side has no date.
func CompareBirth(probe watchlist.Birth, entry []watchlist.Birth) (watchlist.Evidence, bool) {
	var best watchlist.Evidence
	found := false
	for _, e := range entry {
		if probe.From.IsZero() || e.From.IsZero() {
			continue
		}
		ev := compareBirth(probe, e)
		if !found || ev.LLR > best.LLR {
			best, found = ev, true
		}
	}
	return best, found
}

func birthEvidence(score, llr float64, code, reason string) watchlist.Evidence {
	return watchlist.Evidence{Kind: watchlist.EvidenceBirth, Score: score, LLR: llr, Code: code, Reason: reason}
}

func compareBirth(p, e watchlist.Birth) watchlist.Evidence {
	if !p.To.IsZero() || !e.To.IsZero() {
		return compareRanges(p, e)
	}
	a, b := p.From, e.From
	if a.Year == b.Year {
		return sameYear(a, b)
	}
	if full(a) && full(b) && a.Month == b.Month && a.Day == b.Day && !isDefault(a) {
		return apart(birthEvidence(0.5, birthDayMonth, CodeBirthDayMonth, "Même jour et même mois de naissance, autre année."), a, b)
	}
	return years(a, b, full(a) && full(b) && !isDefault(a) && !isDefault(b))
}

// sameYear compares two dates of one year.
func sameYear(a, b watchlist.PartialDate) watchlist.Evidence {
	switch {
	case full(a) && a == b && isDefault(a):
		return birthEvidence(0.9, birthDefault, CodeBirthDefault, "Même date de naissance, mais c'est une date par défaut (1er janvier ou 31 décembre).")
	case full(a) && a == b:
		return birthEvidence(1, birthExact, CodeBirthExact, "Même date de naissance.")
	case full(a) && full(b) && a.Month == b.Day && a.Day == b.Month:
		return birthEvidence(0.85, birthSwapped, CodeBirthSwapped, "Même date de naissance, jour et mois inversés.")
	case full(a) && full(b) && (isDefault(a) || isDefault(b)):
		return birthEvidence(0.75, birthYearDefault, CodeBirthYearDefault, "Même année de naissance ; l'une des dates est une date par défaut.")
	case a.Month != 0 && b.Month != 0 && a.Month == b.Month && (a.Day == 0 || b.Day == 0):
		return birthEvidence(0.9, birthMonth, CodeBirthMonth, "Même mois et même année de naissance ; le jour n'est pas connu.")
	case a.Month == 0 || b.Month == 0:
		return birthEvidence(0.8, birthYear, CodeBirthYear, "Même année de naissance ; le reste n'est pas connu.")
	}
	return birthEvidence(0.6, birthYearOnly, CodeBirthYearOnly, "Même année de naissance, mais un autre jour.")
}

// years words dates of different years; precise tells that both are full dates
// and neither is a register's default.
func years(a, b watchlist.PartialDate, precise bool) watchlist.Evidence {
	d := a.Year - b.Year
	if d < 0 {
		d = -d
	}
	pick := func(estimate, exact float64) float64 {
		if precise {
			return exact
		}
		return estimate
	}
	switch {
	case d <= 2:
		return apart(birthEvidence(0.4, pick(birthNear, birthNearFull), CodeBirthNear, "Années de naissance voisines."), a, b)
	case d <= 10:
		return apart(birthEvidence(0.1, pick(birthFar, birthFarFull), CodeBirthDiffers, "Dates de naissance différentes."), a, b)
	}
	return apart(birthEvidence(0, birthVeryFar, CodeBirthDiffers, "Dates de naissance très différentes."), a, b)
}

// compareRanges compares when a side is "from … to …". Inside a range the
// evidence shrinks with the width of the years that would have fitted.
func compareRanges(p, e watchlist.Birth) watchlist.Evidence {
	loP, hiP := span(p)
	loE, hiE := span(e)
	if loP <= hiE && loE <= hiP {
		width := max(hiP-loP, hiE-loE) + 1
		llr := max(0, min(birthRangeMax, math.Log10(wordAgrees/min(wordAgrees, yearShare*float64(width)))))
		return birthEvidence(0.7, llr, CodeBirthRange, "Date de naissance dans l'intervalle connu.")
	}
	if hiP < loE {
		return years(watchlist.PartialDate{Year: hiP}, watchlist.PartialDate{Year: loE}, false)
	}
	return years(watchlist.PartialDate{Year: loP}, watchlist.PartialDate{Year: hiE}, false)
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

func apart(ev watchlist.Evidence, a, b watchlist.PartialDate) watchlist.Evidence {
	d := a.Year - b.Year
	if d < 0 {
		d = -d
	}
	ev.Params = map[string]string{"years": strconv.Itoa(d)}
	return ev
}
