package fitnames

import (
	"math"

	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// precision of two dates decides which outcomes they can have.
const (
	bothFull = iota
	bothDefault
	oneDefault
	monthKnown
	yearKnown
	precisions
)

func precisionOf(a, b watchlist.PartialDate) int {
	fullDate := func(d watchlist.PartialDate) bool { return d.Month != 0 && d.Day != 0 }
	byDefault := func(d watchlist.PartialDate) bool { return d.Month == 1 && d.Day == 1 || d.Month == 12 && d.Day == 31 }
	switch {
	case fullDate(a) && fullDate(b) && byDefault(a) && byDefault(b):
		return bothDefault
	case fullDate(a) && fullDate(b) && (byDefault(a) || byDefault(b)):
		return oneDefault
	case fullDate(a) && fullDate(b):
		return bothFull
	case a.Month != 0 && b.Month != 0:
		return monthKnown
	}
	return yearKnown
}

// agreeing is, by precision, the outcome that two records of one person have when
// the dates don't differ.
var agreeing = [precisions]string{"exact", "default", "year_default", "month", "year"}

// fitBirths counts how dates of two people of the list compare, and how alternative
// dates of one person differ. How often those differ is reasoned.
func fitBirths(list []listed) score.BirthModel {
	var dates []watchlist.PartialDate
	m := score.BirthModel{Differ: score.BirthDiffer}
	// By outcome: of full dates, and of others; then pairs of each kind.
	var others, alternatives [precisions]map[string]float64
	var total [precisions]float64
	for i := range others {
		others[i], alternatives[i] = map[string]float64{}, map[string]float64{}
	}
	for _, l := range list {
		if len(l.births) == 0 {
			continue
		}
		dates = append(dates, l.births[0])
		for i, a := range l.births {
			for _, b := range l.births[:i] {
				if a != b {
					alternatives[precisionOf(a, b)][score.BirthOutcome(a, b)]++
					m.Alternatives++
				}
			}
		}
	}
	m.Dates = len(dates)
	sameYear, pairs := 0.0, 0.0
	for i, a := range dates {
		for _, b := range dates[:i] {
			k := precisionOf(a, b)
			others[k][score.BirthOutcome(a, b)]++
			total[k]++
			pairs++
			if a.Year == b.Year {
				sameYear++
			}
		}
	}
	m.YearShare = round(sameYear / max(1, pairs))
	for _, l := range birthOrder {
		mated, stranger := shares(l, &others, &alternatives, &total)
		llr := math.Log10(mated / stranger)
		m.Lines = append(m.Lines, score.BirthLine{
			Name: l.name, LLR: round(min(score.MaxBirthLLR, max(score.MinBirthLLR, llr))), Mated: significant(mated), Others: significant(stranger),
		})
	}
	return m
}

// birthRow is an outcome with the precisions that it is counted in; agree tells that
// it is what dates that don't differ give.
type birthRow struct {
	name  string
	agree bool
	in    []int
}

// birthOrder lists the outcomes in the order of the file.
var birthOrder = []birthRow{
	{"exact", true, []int{bothFull}},
	{"default", true, []int{bothDefault}},
	{"year_default", true, []int{oneDefault}},
	{"month", true, []int{monthKnown}},
	{"year", true, []int{yearKnown}},
	{"swapped", false, []int{bothFull}},
	{"year_only", false, []int{bothFull}},
	{"day_month", false, []int{bothFull}},
	{"near", false, []int{bothDefault, oneDefault, monthKnown, yearKnown}},
	{"near_full", false, []int{bothFull}},
	{"far", false, []int{bothDefault, oneDefault, monthKnown, yearKnown}},
	{"far_full", false, []int{bothFull}},
	{"very_far", false, []int{bothFull, bothDefault, oneDefault, monthKnown, yearKnown}},
}

// shares are those of an outcome among pairs of one person and of two. An outcome
// that agrees has the share of the dates that don't differ; the others share the
// rest as the alternative dates do, with half a count more.
func shares(l birthRow, others, alternatives *[precisions]map[string]float64, total *[precisions]float64) (mated, stranger float64) {
	var seen, of, alt, altOf float64
	for _, k := range l.in {
		seen += others[k][l.name]
		of += total[k]
		alt += alternatives[k][l.name]
		for o, n := range alternatives[k] {
			if o != agreeing[k] {
				altOf += n
			}
		}
	}
	stranger = (seen + 0.5) / (of + 1)
	if l.agree {
		return 1 - score.BirthDiffer, stranger
	}
	return score.BirthDiffer * (alt + 0.5) / (altOf + 1), stranger
}

// significant keeps four significant digits.
func significant(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// matedNationality is the share of a person's records that agree on a nationality:
// second passports are the smuggler's tool. An estimate, and the one behind the
// LLRs of nationalities.
const matedNationality = 0.75

// bearers is how many people of the list are held against one another.
const bearers = 800

// likeNames is the similarity from which two names count as like.
const likeNames = 0.5

// fitNationality counts how much more often strangers of like names share a
// nationality than any two strangers do.
func fitNationality(list []listed) (kept float64, pairs int) {
	type bearer struct {
		tokens []*names.Token
		of     string
	}
	var all []bearer
	for _, l := range list {
		if l.nationality != "" {
			all = append(all, bearer{names.Parse(l.name).Tokens, l.nationality})
		}
	}
	// Some hundred thousand pairs are enough.
	if step := (len(all) + bearers - 1) / bearers; step > 1 {
		var few []bearer
		for i := 0; i < len(all); i += step {
			few = append(few, all[i])
		}
		all = few
	}
	type row struct{ pairs, same, like, likeSame int }
	rows := make([]row, len(all))
	inParallel(len(all), func(i int) {
		for _, b := range all[:i] {
			same := b.of == all[i].of
			like := names.Compare(all[i].tokens, b.tokens).Score >= likeNames
			rows[i].pairs++
			if same {
				rows[i].same++
			}
			if like {
				rows[i].like++
			}
			if like && same {
				rows[i].likeSame++
			}
		}
	})
	var t row
	for _, r := range rows {
		t = row{t.pairs + r.pairs, t.same + r.same, t.like + r.like, t.likeSame + r.likeSame}
	}
	u := float64(t.same) / float64(max(1, t.pairs))
	given := float64(t.likeSame) / float64(max(1, t.like))
	if u <= 0 || given <= 0 || u >= matedNationality {
		return 1, t.like
	}
	return round(min(1, max(0, math.Log10(matedNationality/given)/math.Log10(matedNationality/u)))), t.like
}
