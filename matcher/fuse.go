package matcher

import (
	"math"

	"vigie/watchlist"
)

// Fusion is what the evidence on one entry comes to.
type Fusion struct {
	// LogOdds is the posterior log10 odds that the traveller is the entry: the prior
	// and the LLRs of all lines and adjustments, added up.
	LogOdds     float64
	Adjustments []watchlist.Adjustment
	Band        watchlist.Band
}

// Fuser weighs the evidence on one entry. It must be a pure function.
type Fuser interface {
	// Fuse takes the log10 odds before any evidence (prior) and what brought the
	// entry up (by).
	Fuse(evidence []watchlist.Evidence, by Admission, prior float64) Fusion
}

const (
	// corroborates is the least LLR with which a line counts as support.
	corroborates = 1.0
	// contradicts is the LLR from which a line rules the strong band out.
	contradicts = -1.0
	// distinctive is the LLR from which a name is not borne by too many.
	distinctive = 2.0
	// strongOdds and possibleOdds are the posterior log10 odds of the bands: more
	// likely than not, and one in ten thousand.
	strongOdds   = 0.0
	possibleOdds = -4.0
)

// SumFuser adds up the lines of evidence and corrects for what they say twice (see
// dependence.go): the posterior log odds are the prior, the LLRs of the lines and
// those of the adjustments.
//
// The bands are:
//   - strong: more likely than not under the base rate, at least two of face,
//     name, birth and document support it, and nothing contradicts it. So a face
//     alone, or a name alone, is never strong, however good;
//   - possible: one in ten thousand or better; or the evidence as a whole speaks
//     for the entry, and the face reaches the operating point, the document
//     number is the same, or a name that few bear is alike;
//   - weak: all else.
type SumFuser struct{}

// Fuse implements Fuser.
func (SumFuser) Fuse(evidence []watchlist.Evidence, by Admission, prior float64) Fusion {
	sum, support, contradicted := 0.0, 0, false
	telling := by.Face || by.Exact
	for _, ev := range evidence {
		sum += ev.LLR
		contradicted = contradicted || ev.LLR <= contradicts
		telling = telling || by.Name && ev.Kind == watchlist.EvidenceName && ev.LLR >= distinctive
		switch ev.Kind {
		case watchlist.EvidenceFace, watchlist.EvidenceName, watchlist.EvidenceBirth, watchlist.EvidenceDocument:
			if ev.LLR >= corroborates {
				support++
			}
		}
	}
	f := Fusion{Band: watchlist.BandWeak, Adjustments: adjust(evidence, prior)}
	for _, a := range f.Adjustments {
		sum += a.LLR
	}
	f.LogOdds = prior + sum
	switch {
	case f.LogOdds >= strongOdds && support >= 2 && !contradicted:
		f.Band = watchlist.BandStrong
	case f.LogOdds >= possibleOdds, telling && sum > 0:
		f.Band = watchlist.BandPossible
	}
	return f
}

// sides tells which kinds of evidence carry a candidate and which speak against
// it; lines are ordered by |LLR|, and so are the kinds. Where no line corroborates
// by itself, the strongest that supports stands alone.
func sides(evidence []watchlist.Evidence) (carried, contradicted []watchlist.EvidenceKind) {
	var best watchlist.Evidence
	for _, ev := range evidence {
		switch {
		case ev.LLR >= corroborates:
			carried = append(carried, ev.Kind)
		case ev.LLR <= -undecided:
			contradicted = append(contradicted, ev.Kind)
		case ev.LLR > best.LLR:
			best = ev
		}
	}
	if len(carried) == 0 && best.LLR > 0 {
		carried = []watchlist.EvidenceKind{best.Kind}
	}
	return carried, contradicted
}

// logOdds is log10(p/(1-p)).
func logOdds(p float64) float64 { return math.Log10(p) - math.Log10(1-p) }
