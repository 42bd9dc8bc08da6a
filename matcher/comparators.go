package matcher

import (
	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// comparators are the pure functions that compare a probe with an entry in one
// respect. Their second result is false when there was nothing to compare.
type comparators struct {
	// names prepares the probe's names for comparison with many entries.
	names       func(table *names.Table, probe []watchlist.Name) func(entry []watchlist.Name) (watchlist.Evidence, bool)
	birth       func(probe watchlist.Birth, entry []watchlist.Birth) (watchlist.Evidence, bool)
	sex         func(probe, entry watchlist.Sex) (watchlist.Evidence, bool)
	nationality func(probe watchlist.Country, entry []watchlist.Country) (watchlist.Evidence, bool)
	document    func(probe, entry []watchlist.Document) (watchlist.Evidence, bool)
}

// standard are the comparators of matcher/score.
func standard() comparators {
	return comparators{
		names: func(table *names.Table, probe []watchlist.Name) func([]watchlist.Name) (watchlist.Evidence, bool) {
			parsed := score.NewNamesBy(table, probe)
			return func(entry []watchlist.Name) (watchlist.Evidence, bool) { return parsed.Compare(entry, true) }
		},
		birth:       score.CompareBirth,
		sex:         score.CompareSex,
		nationality: score.CompareNationality,
		document:    score.CompareDocument,
	}
}
