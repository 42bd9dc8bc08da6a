package calibrate

import (
	"math"
	"slices"
)

// Scores are the comparisons within one group, each list rising.
type Scores struct {
	Mated, Impostor []float64
}

// compare scores every pair of a group: higher is more alike.
func compare(g Group, vectors [][]float64, excluded Pairs, score func(a, b []float64) float64) Scores {
	var s Scores
	for i := range vectors {
		for j := range i {
			a, b := g.Samples[i].Person, g.Samples[j].Person
			switch v := score(vectors[i], vectors[j]); {
			case a == b:
				s.Mated = append(s.Mated, v)
			case !excluded[[2]string{a, b}]:
				s.Impostor = append(s.Impostor, v)
			}
		}
	}
	slices.Sort(s.Mated)
	slices.Sort(s.Impostor)
	return s
}

// projected compares in the calibrated space, by cosine.
func (t *transform) projected(g Group, excluded Pairs) (Scores, error) {
	vectors := make([][]float64, len(g.Samples))
	for i, s := range g.Samples {
		z, err := t.apply(s.Template)
		if err != nil {
			return Scores{}, err
		}
		vectors[i] = z
	}
	return compare(g, vectors, excluded, dot), nil
}

// raw compares by minus the L2 distance of the templates as the encoder gives
// them.
func raw(g Group, excluded Pairs) Scores {
	vectors := make([][]float64, len(g.Samples))
	for i, s := range g.Samples {
		vectors[i] = make([]float64, len(s.Template))
		for k, v := range s.Template {
			vectors[i][k] = float64(v)
		}
	}
	return compare(g, vectors, excluded, func(a, b []float64) float64 {
		var sum float64
		for i, v := range a {
			d := v - b[i]
			sum += float64(d * d)
		}
		return -math.Sqrt(sum)
	})
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
