package calibrate

import (
	"math"
	"slices"
)

// Scores are comparisons, each list rising.
type Scores struct {
	Mated, Impostor []float64
}

// Threshold gives the score that at most a share fmr of the impostors exceeds;
// a comparison matches when it scores higher. NaN without impostors.
func (s Scores) Threshold(fmr float64) float64 {
	n := len(s.Impostor)
	if n == 0 {
		return math.NaN()
	}
	return s.Impostor[n-1-min(int(fmr*float64(n)), n-1)]
}

// FNMR is the share of mated comparisons at or below the threshold, NaN without
// any.
func (s Scores) FNMR(threshold float64) float64 {
	if len(s.Mated) == 0 || math.IsNaN(threshold) {
		return math.NaN()
	}
	return float64(atOrBelow(s.Mated, threshold)) / float64(len(s.Mated))
}

// FMR is the share of impostor comparisons above the threshold, NaN without
// any.
func (s Scores) FMR(threshold float64) float64 {
	if len(s.Impostor) == 0 || math.IsNaN(threshold) {
		return math.NaN()
	}
	return 1 - float64(atOrBelow(s.Impostor, threshold))/float64(len(s.Impostor))
}

// atOrBelow counts the values up to limit in a rising list.
func atOrBelow(list []float64, limit float64) int {
	i, found := slices.BinarySearch(list, limit)
	for found && i < len(list) && list[i] <= limit {
		i++
	}
	return i
}
