package morphs

import "slices"

// Rates says how one limit of the score between document and live photo fares:
// documents below it are called doubtful.
type Rates struct {
	// Limit is the score below which a document is called doubtful.
	Limit float64 `json:"limit"`
	// BPCER is the share of bona fide documents called doubtful, APCER the share
	// of morphs that are not.
	BPCER float64 `json:"bpcer"`
	APCER float64 `json:"apcer"`
}

// limitAt gives the highest limit at which no more than a share of the bona fide
// scores lies below; it is 0 where there are none.
func limitAt(bonaFide []float64, share float64) float64 {
	if len(bonaFide) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(bonaFide))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// at gives the rates of a limit.
func at(limit float64, bonaFide, attacks []float64) Rates {
	return Rates{Limit: limit, BPCER: below(bonaFide, limit), APCER: 1 - below(attacks, limit)}
}

// below is the share of scores under a limit, 0 of none.
func below(scores []float64, limit float64) float64 {
	n := 0
	for _, s := range scores {
		if s < limit {
			n++
		}
	}
	return float64(n) / float64(max(len(scores), 1))
}

// quantiles gives the scores at 5, 50 and 95 %.
func quantiles(scores []float64) (q [3]float64) {
	if len(scores) == 0 {
		return q
	}
	sorted := slices.Sorted(slices.Values(scores))
	for i, share := range []float64{0.05, 0.5, 0.95} {
		q[i] = sorted[int(share*float64(len(sorted)-1))]
	}
	return q
}
