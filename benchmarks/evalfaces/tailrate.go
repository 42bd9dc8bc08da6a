package evalfaces

import "math"

const (
	// fewEvents is the number of pairs expected above a threshold below which a
	// group's false match rate is not counted but read from the tail of its scores.
	fewEvents = 30
	// tailShare is the share of the comparisons, the best, that such a tail is fitted
	// on.
	tailShare = 0.02
)

// few tells whether a group has too few impostor pairs to count those above the
// threshold for a false match rate.
func few(pairs int, fmr float64) bool { return float64(pairs)*fmr < fewEvents }

// tailRate reads the false match rate at a threshold from falling impostor scores
// whose whole weighs total: above the score u that a share tailShare exceeds, a
// share ((1-s)/(1-u))^(1/a) reaches s, with a by maximum likelihood, as in
// models/calibrate. NaN without scores that high.
func tailRate(falling []weighed, w []float64, total, limit float64) float64 {
	u := threshold(falling, w, tailShare*total)
	if limit <= u {
		return above(falling, w, limit) / total
	}
	var weight, log float64
	for _, x := range falling {
		if x.score <= u {
			break
		}
		v := x.weight(w)
		weight += v
		log += v * math.Log(gap(u)/gap(x.score))
	}
	if weight == 0 || limit >= 1 {
		return math.NaN()
	}
	return weight / total * math.Pow(gap(limit)/gap(u), weight/log)
}

// rate is the false match rate of a group at the shared threshold for fmr: counted,
// or read from the tail.
func (d *drawn) rate(w []float64, fmr, limit float64) float64 {
	if few(d.pairs, fmr) {
		return tailRate(d.top, w, d.total(w), limit)
	}
	return above(d.top, w, limit) / d.total(w)
}
