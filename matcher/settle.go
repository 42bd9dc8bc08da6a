package matcher

import "vigie/watchlist"

// unsettled is the |LLR| of a face up to which another photo may change the
// picture.
const unsettled = 1.0

// settles names what is not known of the traveller or of the entry, or not well,
// and would tell most, in the order of its worth: a face can't be lent, a document
// can; a full date tells some thirty times more than a year. Nationality and sex
// are not asked for, since they tell little.
func (q *query) settles(e *watchlist.Entry, evidence []watchlist.Evidence) []watchlist.Settle {
	by := map[watchlist.EvidenceKind]watchlist.Evidence{}
	for _, ev := range evidence {
		by[ev.Kind] = ev
	}
	face, faced := by[watchlist.EvidenceFace]
	comparable := false
	for _, f := range e.Faces {
		comparable = comparable || q.m.comparable(f)
	}
	samples := len(q.probe.Photos) + len(q.probe.Templates)
	mine, theirs := precision(q.probe.Birth), 0
	for _, b := range e.Births {
		theirs = max(theirs, precision(b))
	}
	var out []watchlist.Settle
	add := func(code string, when bool) {
		if a, ok := watchlist.SettleAdvice(code); when && ok {
			out = append(out, watchlist.Settle{Code: code, Advice: a})
		}
	}
	add(watchlist.SettlePhotoOfTraveller, samples == 0 && comparable)
	add(watchlist.SettleBetterPhoto, faced && face.LLR > -unsettled && face.LLR < unsettled)
	add(watchlist.SettleHolderOfDocument, faced && face.LLR <= -unsettled && by[watchlist.EvidenceDocument].LLR >= corroborates)
	add(watchlist.SettleDocumentOfTraveller, len(q.probe.Documents) == 0 && len(e.Documents) > 0)
	add(watchlist.SettleBirthOfTraveller, mine < theirs)
	add(watchlist.SettleNameOfTraveller, len(q.probe.Names) == 0 && len(e.Names) > 0)
	add(watchlist.SettlePhotoOfListed, !comparable)
	add(watchlist.SettleBirthOfListed, theirs < fullDate && mine >= theirs)
	return out
}

// fullDate is the precision of a full date of birth.
const fullDate = 4

// precision orders dates of birth by what they tell: none, a range, a year, a
// month, a day.
func precision(b watchlist.Birth) int {
	switch {
	case b.From.IsZero():
		return 0
	case !b.To.IsZero():
		return 1
	case b.From.Month == 0:
		return 2
	case b.From.Day == 0:
		return 3
	}
	return fullDate
}
