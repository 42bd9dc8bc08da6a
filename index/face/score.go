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
	// stretch is how many values are summed up between two looks at the bound.
	stretch = 16
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
func within(q, x []float32, bound float64) (s float64, ok bool) {
	sum := 0.0
	for len(q) >= stretch && len(x) >= stretch {
		u, v := (*[stretch]float32)(q), (*[stretch]float32)(x)
		for i := range u {
			d := float64(u[i]) - float64(v[i])
			sum += float64(d * d)
		}
		if s = scoreOf(sum); s < bound {
			return s, false
		}
		q, x = q[stretch:], x[stretch:]
	}
	return scoreOf(sum), true
}

// within4 is within for four rows at once: none waits for its own last addition.
// It stops when all four are sure to stay below bound, with scores below it.
func within4(q []float32, rows *[4][]float32, bound float64) (s [4]float64) {
	a, b, c, d := rows[0], rows[1], rows[2], rows[3]
	var s0, s1, s2, s3 float64
	for len(q) >= stretch && len(a) >= stretch && len(b) >= stretch && len(c) >= stretch && len(d) >= stretch {
		u, v0, v1 := (*[stretch]float32)(q), (*[stretch]float32)(a), (*[stretch]float32)(b)
		v2, v3 := (*[stretch]float32)(c), (*[stretch]float32)(d)
		for i, y := range u {
			x := float64(y)
			d0, d1, d2, d3 := x-float64(v0[i]), x-float64(v1[i]), x-float64(v2[i]), x-float64(v3[i])
			s0 += float64(d0 * d0)
			s1 += float64(d1 * d1)
			s2 += float64(d2 * d2)
			s3 += float64(d3 * d3)
		}
		if scoreOf(min(s0, s1, s2, s3)) < bound {
			break
		}
		q, a, b, c, d = q[stretch:], a[stretch:], b[stretch:], c[stretch:], d[stretch:]
	}
	return [4]float64{scoreOf(s0), scoreOf(s1), scoreOf(s2), scoreOf(s3)}
}

// reach is a distance that no row whose score is bound or more exceeds
// (DESIGN.md §2); it is negative when there can be no such row.
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

// ceiling is a float32 squared distance (kernel.Set.Distances) that no row of
// stride values within the limit exceeds (DESIGN.md §2). It is +Inf when such a
// row's distance may overflow, and negative when the limit is.
func ceiling(limit float64, stride int) float64 {
	const (
		unit  = 0x1p-24 // of float32
		slack = 1e-11
		large = 1e37
	)
	if limit < 0 {
		return -1
	}
	k := float64(stride+2) * unit
	most := limit*limit*(1+slack)/(1-k) + float64(stride)*0x1p-148
	if !(most <= large) {
		return math.Inf(1)
	}
	return most
}
