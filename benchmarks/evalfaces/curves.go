package evalfaces

import (
	"math"
	"slices"

	"vigie/models/calibrate"
)

const (
	// curveStep is the distance of the thresholds of a curve, curvePerDecade the
	// number of further points for every factor of ten of a false match rate.
	curveStep, curvePerDecade = 0.02, 8
	// curveLeast is the least number of comparisons that a point of a curve counts:
	// below it, it would tell single pairs.
	curveLeast = 4
	// maxRank is the last rank of a cumulative match curve.
	maxRank = 20
)

// Curves are the points of the plots.
type Curves struct {
	// Verification rises by threshold: the points of the DET curve.
	Verification []RatePoint `json:"verification,omitempty"`
	// Identification rises by threshold, of the searches that Metrics counts.
	Identification []SearchPoint `json:"identification,omitempty"`
	// CMC is the share of mated searches whose mate has rank k+1 or better.
	CMC []float64 `json:"cmc,omitempty"`
	// Discard is FNMR after the worst photos are left out, by measure of quality.
	Discard map[string][]DiscardPoint `json:"error_versus_discard,omitempty"`
}

// RatePoint are the rates of comparisons at a threshold.
type RatePoint struct {
	Threshold float64 `json:"threshold"`
	FMR       float64 `json:"fmr"`
	FNMR      float64 `json:"fnmr"`
}

// SearchPoint are the rates of searches at a threshold.
type SearchPoint struct {
	Threshold float64 `json:"threshold"`
	FPIR      float64 `json:"fpir"`
	FNIR      float64 `json:"fnir"`
}

// verification gives the curve of comparisons; none without mates or impostors.
func verification(s calibrate.Scores) []RatePoint {
	if len(s.Mated) == 0 || len(s.Impostor) == 0 {
		return nil
	}
	var at []float64
	for t := s.Impostor[0]; t < 1; t += curveStep {
		at = append(at, t)
	}
	for k := 0; ; k++ {
		fmr := math.Pow(10, -float64(k)/curvePerDecade)
		if fmr*float64(len(s.Impostor)) < curveLeast {
			break
		}
		at = append(at, s.Threshold(fmr))
	}
	slices.Sort(at)
	out := make([]RatePoint, 0, len(at))
	for _, t := range slices.Compact(at) {
		out = append(out, RatePoint{t, s.FMR(t), s.FNMR(t)})
	}
	return out
}

// identification gives the curve of searches and the cumulative match curve.
func (f found) identification() (curve []SearchPoint, cmc []float64) {
	s := f.scores()
	if len(s.Mated) == 0 {
		return nil, nil
	}
	for k := 0; len(s.Impostor) > 0; k++ {
		fpir := math.Pow(10, -float64(k)/curvePerDecade)
		if fpir*float64(len(s.Impostor)) < curveLeast {
			break
		}
		t := s.Threshold(fpir)
		if n := len(curve); n > 0 && curve[n-1].Threshold >= t {
			continue
		}
		curve = append(curve, SearchPoint{t, s.FMR(t), s.FNMR(t)})
	}
	cmc = make([]float64, min(maxRank, f.gallery))
	for _, x := range f.mated {
		for k := x.better; k < len(cmc); k++ {
			cmc[k]++
		}
	}
	for k := range cmc {
		cmc[k] /= float64(len(f.mated))
	}
	return curve, cmc
}

// scores gives the best score of the non-mated searches as impostors, and the
// mates' scores.
func (f found) scores() calibrate.Scores {
	var s calibrate.Scores
	for _, x := range f.mated {
		s.Mated = append(s.Mated, x.mate)
	}
	for _, x := range f.nonMated {
		s.Impostor = append(s.Impostor, x.best)
	}
	slices.Sort(s.Mated)
	slices.Sort(s.Impostor)
	return s
}
