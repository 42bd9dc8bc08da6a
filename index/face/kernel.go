package face

import "math"

const (
	// lane is the row granularity: dimensions are padded with zeros to a
	// multiple of it.
	lane = 8
	// blockRows is how many rows one kernel call scans; the bound that prunes is
	// renewed between calls.
	blockRows = 256
	// normTolerance is how far the norm of a projected template may lie from 1.
	normTolerance = 1e-4
)

// stride is the row length of dim dimensions.
func stride(dim int) int { return (dim + lane - 1) / lane * lane }

// leadOf is how many leading values of a row the first test reads. In the
// calibrated space of a 128-D encoder 64 leading dimensions carry nearly all.
func leadOf(stride int) int {
	if stride <= 256 {
		return min(64, stride)
	}
	return stride / 4 / lane * lane
}

// slack bounds the difference between a float32 score of the kernel and the
// float64 score, for rows of this stride (DESIGN.md §3).
func slack(stride int) float64 {
	const unit = 1.0 / (1 << 24) // half an ulp of 1 in float32
	return 1.01 * unit * float64(stride+8)
}

// limitFor is the float32 value that the kernel's score of a row reaches
// whenever the row's float64 score reaches bound.
func limitFor(bound float64, stride int) float32 {
	if bound <= -1 {
		return float32(math.Inf(-1))
	}
	return roundDown(bound - slack(stride))
}

// roundDown is the largest float32 that is not above x.
func roundDown(x float64) float32 {
	f := float32(x)
	if float64(f) > x {
		f = math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

// norm is an upper bound of the norm of v.
func norm(v []float32) float32 {
	s := 0.0
	for _, x := range v {
		s += float64(float64(x) * float64(x))
	}
	return -roundDown(-math.Sqrt(s) * (1 + 1e-12))
}

// probe is what a search compares rows with: a projected template, padded.
type probe struct {
	values []float32
	lead   int
	tail   float32 // upper bound of the norm of values[lead:]
}

func newProbe(projected []float32) probe {
	p := probe{values: padded(projected)}
	p.lead = leadOf(len(p.values))
	p.tail = norm(p.values[p.lead:])
	return p
}

// padded is v with zeros up to the stride.
func padded(v []float32) []float32 {
	return append(make([]float32, 0, stride(len(v))), v...)[:stride(len(v))]
}

// scan appends to out the index of every row from..to-1 whose float64 score may
// reach the bound behind limit. A row is dropped after its leading values when
// even a rest in the probe's direction could not lift it to limit.
func (s *segment) scan(p probe, from, to int, limit float32, out []int32) []int32 {
	head, rest := p.values[:p.lead], p.values[p.lead:]
	heads, tails := s.heads[from*s.lead:to*s.lead], s.tails[from:to]
	for i, tail := range tails {
		sum := dot32(head, heads[i*len(head):][:len(head)])
		if sum+p.tail*tail < limit {
			continue
		}
		if len(rest) > 0 && sum+dot32(rest, s.rest(from+i)) < limit {
			continue
		}
		out = append(out, int32(from+i))
	}
	return out
}

// dot32 is the inner product of two vectors of equal length, a multiple of
// lane, in float32 with eight accumulators.
func dot32(a, b []float32) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= lane && len(b) >= lane {
		x, y := (*[lane]float32)(a), (*[lane]float32)(b)
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		s4 += x[4] * y[4]
		s5 += x[5] * y[5]
		s6 += x[6] * y[6]
		s7 += x[7] * y[7]
		a, b = a[lane:], b[lane:]
	}
	return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
}

// score is the ComparisonScore of two projected templates: their inner product
// in float64, summed from the first dimension to the last, cut to -1..1.
func score(a, b []float32) float64 { return clamp(dot64(a, b, 0)) }

func clamp(x float64) float64 { return max(-1, min(1, x)) }

// dot64 adds the inner product of a and b to sum, from the first dimension to
// the last. The product of two float32 values is exact in float64, so a fused
// multiply-add could not change it; the conversions forbid one all the same.
func dot64(a, b []float32, sum float64) float64 {
	b = b[:len(a)]
	for i, x := range a {
		sum = float64(float64(x)*float64(b[i])) + sum
	}
	return sum
}
