package codes

import "math"

// Costs in nanoseconds, rounded from measurements on one core of a shared AMD EPYC:
// reading a byte of the planes from the cache, and from memory; and level 2 of a row
// from memory, 4 … 5 in the cache and 8 … 30 as busy as the memory was. Planes of up to
// fitsCache bytes are taken to stay in the last-level cache between searches, one
// of twice that size not at all.
const (
	costCached = 0.0125
	costMemory = 0.0275
	fitsCache  = 8 << 20
	costLevel2 = 12
	// costDeepen is what a row costs that is tested with the second plane alone: four
	// lines from memory, about 60 on a busy machine.
	costDeepen = 45
)

// looser is how much more than the typical bound a search is taken to be limited to.
const looser = 7.0 / 6

// planes picks the number of planes that makes three searches of n vectors
// cheapest: at the typical bound; since thresholds are set by people, at a sixth
// more; and without a threshold, when the bound is the distance of the tenth.
func (t *trial) planes(of []int, n int) int {
	best, least := of[0], math.Inf(1)
	typical := typicalBound(n, t.median)
	tenth := quantile(t.whole, max(fewest, asked/float64(n)))
	for _, planes := range of {
		cost := 0.0
		for _, x := range []float64{typical, looser * typical, tenth} {
			cost += t.cost(planes, n, x)
		}
		if cost < least {
			best, least = planes, cost
		}
	}
	return best
}

// cost is what a row of n costs in a search within a distance, in nanoseconds.
func (t *trial) cost(planes, n int, within float64) float64 {
	one := reading(n, firstBytes)
	if planes == 1 {
		return one + costLevel2*share(t.lead[0], within)
	}
	both := reading(n, firstBytes+secondBytes)
	return min(one+costDeepen*share(t.lead[0], within), both) + costLevel2*share(t.lead[1], within)
}

// reading is what it takes to read that many bytes of each of n rows, for one row.
func reading(n int, bytes float64) float64 {
	in := max(0, min(1, 2-float64(n)*bytes/fitsCache)) // the part that is cached
	return bytes * (in*costCached + (1-in)*costMemory)
}

// typicalBound is the distance that most searches of a gallery of n vectors are
// limited to. In the calibrated space the threshold at which one search in a
// hundred shows an unrelated person lies at 0.62 of the median distance for a
// thousand vectors, and 0.0665 lower for every power of ten.
func typicalBound(n int, median float64) float64 {
	powers := math.Log10(max(1, float64(n)/1000))
	return median * max(0.25, 0.62-0.0665*powers)
}
