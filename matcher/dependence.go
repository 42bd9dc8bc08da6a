package matcher

import (
	"math"

	"vigie/matcher/score"
	"vigie/watchlist"
)

// The codes of adjustments.
const (
	// CodeNationalityFollowsName: name and nationality both fit, but who bears a
	// name of a people is likely to be of its countries.
	CodeNationalityFollowsName = "nationality_follows_name"
	// CodePapersMayBeBorrowed: name, birth, nationality and number are all read from
	// one document, which may be carried by another person.
	CodePapersMayBeBorrowed = "papers_may_be_borrowed"
	// CodePapersMayBeAnothers: name, birth and number all differ, but a wanted person
	// who shows another's papers differs in all of them at once.
	CodePapersMayBeAnothers = "papers_may_be_anothers"
)

const (
	// borrowedOdds is the log10 odds that somebody who shows a person's papers is
	// that person: 19 to 1. An estimate; it can't be had from the data at hand.
	borrowedOdds = 1.28
	// lostOdds is the same for a document that is listed as lost or stolen.
	lostOdds = 0.0
	// othersPapers is the odds that a wanted person shows papers of another identity:
	// 1 to 9. An estimate too.
	othersPapers = 1.0 / 9
	// unsaid is the reduction up to which the borrowed papers go without saying.
	unsaid = 0.001
)

// adjust corrects the sum for what the lines say twice, for or against.
//
//   - A fitting nationality counts less when the name fits too: by the share that is
//     left among strangers of like names (score.Calibration.NationalityKept).
//   - Name, birth, sex, nationality and number come from one document. Who shows
//     another's papers differs in all of them, and that is one fact, not five: their
//     sum s, where it is below 0, becomes log10((10^s + r)/(1 + r)) for the odds r of
//     othersPapers, which is the LLR of "the papers are the person's own, or
//     another's", and falls no lower than log10(r/(1 + r)), -1.
//   - However well they fit, the papers identify the document's holder, who may have
//     lent or lost it: their posterior odds are bounded by the odds that the bearer is
//     the holder (the odds o become o·b/(o+b) for the bound b, the posterior of "the
//     papers are the listed person's, and the traveller is their holder"). Only a face
//     goes beyond, and the face's LLR is added to what is left.
func adjust(evidence []watchlist.Evidence, prior float64) []watchlist.Adjustment {
	var out []watchlist.Adjustment
	papers, any, bound := 0.0, false, borrowedOdds
	name, nationality := 0.0, 0.0
	for _, ev := range evidence {
		switch ev.Kind {
		case watchlist.EvidenceFace:
			continue
		case watchlist.EvidenceName:
			name = ev.LLR
		case watchlist.EvidenceNationality:
			nationality = ev.LLR
		case watchlist.EvidenceDocument:
			s := watchlist.DocumentStatus(ev.Params["status"])
			if ev.LLR >= corroborates && (s == watchlist.DocumentLost || s == watchlist.DocumentStolen) {
				bound = lostOdds
			}
		}
		any = true
		papers += ev.LLR
	}
	if name > 0 && nationality > 0 {
		// As much as the name supports at most, so that a better name never counts
		// for less.
		twice := -min(name, (1-score.Shipped().NationalityKept())*nationality)
		papers += twice
		out = append(out, watchlist.Adjustment{
			Code: CodeNationalityFollowsName, LLR: twice,
			Reason: "Le nom laisse déjà attendre cette nationalité : elle compte moins.",
		})
	}
	// By rounding, a sum of nearly 0 may have nothing to give back.
	if shared := math.Log10((math.Pow(10, papers)+othersPapers)/(1+othersPapers)) - papers; papers < 0 && shared > 0 {
		papers += shared
		out = append(out, watchlist.Adjustment{
			Code: CodePapersMayBeAnothers, LLR: shared,
			Reason: "Les écarts viennent d'un même document, qui peut être celui d'une autre personne : ensemble, ils comptent moins contre.",
		})
	}
	papers += prior
	if less := math.Log10(1+math.Pow(10, papers-bound)) - unsaid; any && less > 0 {
		reason := "Nom, naissance et numéro viennent d'un même document, qu'une autre personne peut porter : ensemble, ils comptent moins."
		if bound == lostOdds {
			reason = "Le document est signalé perdu ou volé : une autre personne peut le porter."
		}
		out = append(out, watchlist.Adjustment{Code: CodePapersMayBeBorrowed, LLR: -less, Reason: reason})
	}
	return out
}
