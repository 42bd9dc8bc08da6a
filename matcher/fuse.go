package matcher

import (
	"math"

	"vigie/watchlist"
)

// Fuser weighs the evidence on one entry. It must be a pure function.
type Fuser interface {
	// Fuse returns the posterior log10 odds that the traveller is the entry, and
	// how far the evidence goes. prior is the log10 odds before any evidence; by
	// says what brought the entry up.
	Fuse(evidence []watchlist.Evidence, by Admission, prior float64) (logOdds float64, band watchlist.Band)
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

// SumFuser takes the lines of evidence as independent: the posterior log odds
// are the prior plus the sum of the LLRs.
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
func (SumFuser) Fuse(evidence []watchlist.Evidence, by Admission, prior float64) (float64, watchlist.Band) {
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
	odds := prior + sum
	switch {
	case odds >= strongOdds && support >= 2 && !contradicted:
		return odds, watchlist.BandStrong
	case odds >= possibleOdds, telling && sum > 0:
		return odds, watchlist.BandPossible
	}
	return odds, watchlist.BandWeak
}

// logOdds is log10(p/(1-p)).
func logOdds(p float64) float64 { return math.Log10(p) - math.Log10(1-p) }
