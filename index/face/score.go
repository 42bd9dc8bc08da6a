package face

import (
	"math"

	"vigie/index/face/codes"
)

const (
	// maxDim bounds the dimensions of a space, for the error bound of reach too.
	maxDim = codes.MaxDim
	// lane is the row granularity: dimensions are padded with zeros to a
	// multiple of it.
	lane = 16
	// stretch is how many values within sums up between two looks at the bound.
	stretch = 32
)

// stride is the row length of dim dimensions.
func stride(dim int) int { return (dim + lane - 1) / lane * lane }

// padded is v, or a copy with zeros up to the stride. Zeros change no score.
func padded(v []float32) []float32 {
	if len(v)%lane == 0 {
		return v
	}
	return append(make([]float32, 0, stride(len(v))), v...)[:stride(len(v))]
}

// score is the ComparisonScore of two projected templates: 1 - d²/2, with d² the
// squares of the differences summed in float64 from the first dimension to the
// last. The conversions forbid fused multiply-adds. Any finite float32 values
// work: nothing can overflow or underflow.
func score(a, b []float32) float64 {
	b = b[:len(a)]
	sum := 0.0
	for i, x := range a {
		d := float64(x) - float64(b[i])
		sum += float64(d * d)
	}
	return scoreOf(sum)
}

// scoreOf is the score at a squared distance. It never rises with d2.
func scoreOf(d2 float64) float64 { return 1 - float64(d2/2) }

// within is score for rows of a length that is a multiple of lane. It stops
// early, with ok false, when the score is sure to stay below bound: partial sums
// only grow.
func within(a, b []float32, bound float64) (s float64, ok bool) {
	sum := 0.0
	for len(a) > 0 {
		n := min(stretch, len(a))
		x, y := a[:n], b[:n]
		for i, v := range x {
			d := float64(v) - float64(y[i])
			sum += float64(d * d)
		}
		if s = scoreOf(sum); s < bound {
			return s, false
		}
		a, b = a[n:], b[n:]
	}
	return scoreOf(sum), true
}

// reach is a distance that no row whose score is bound or more exceeds
// (DESIGN.md §3); it is negative when there can be no such row.
func reach(bound float64) float64 {
	if math.IsInf(bound, -1) {
		return math.Inf(1)
	}
	const slack = 1 + 1e-12
	d2 := (2*(1-bound) + 0x1p-51*math.Abs(bound)) * slack
	if d2 < 0 {
		return -1
	}
	return math.Sqrt(d2) * slack
}
