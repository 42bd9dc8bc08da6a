package codes

import (
	"math"

	"vigie/index/face/kernel"
)

// rowErrors are upper bounds of the distances from a rotated vector to its code
// points, and lower bounds of the points' squared norms, seen from the centre of
// the codes.
type rowErrors struct {
	e4, square4 [kernel.MaxPlanes]float64 // of the 4-bit point, in the dimensions of one plane and of two
	e8, square8 float64                   // of the 8-bit point, in all dimensions
}

// errorsOf codes the rotated vector in w (DESIGN.md §3). All kernels give the same
// result.
func (b *Basis) errorsOf(w *writer, k *kernel.Set) rowErrors {
	k.Code(&b.coder, &w.z, &w.code, &w.sums)
	one, two, rest := &w.sums[0], &w.sums[1], &w.sums[2]
	slack := b.perRow + b.perX*(math.Sqrt(float64(w.norm[0]))*b.norms+tiny)
	const grow, shrink = 1 + 32*unitRoundoff, 1 - 48*unitRoundoff
	add := func(x, y, z float32) float64 { return float64(x) + float64(y) + float64(z) }
	return rowErrors{
		e4: [...]float64{
			math.Sqrt(add(one.Four, 0, 0))*grow + slack,
			math.Sqrt(add(one.Four, two.Four, 0))*grow + slack,
		},
		e8:      math.Sqrt(add(one.Eight, two.Eight, rest.Eight))*grow + slack,
		square4: [...]float64{add(one.Norm4, 0, 0) * shrink, add(one.Norm4, two.Norm4, 0) * shrink},
		square8: add(one.Norm8, two.Norm8, rest.Norm8) * shrink,
	}
}

// biases are -floor of what a row contributes to the tests of one plane and of two,
// in units of the biases, the second less the first, and whether they fit.
func (b *Basis) biases(e *rowErrors) (bias [kernel.MaxPlanes]int16, ok bool) {
	total := 0.0
	for n := range b.planes {
		x := ((e.square4[n]-float64(e.e4[n]*e.e4[n]))/2 - float64(e.e4[n]*b.bref[n])) / b.unit
		x *= float64(uint32(1) << b.biasShift)
		x = math.Floor(x-1e-6-1e-12*math.Abs(x)) + total
		if !(x >= -32767 && x <= 32767) {
			return bias, false
		}
		bias[n] = int16(-x)
		total += float64(bias[n])
	}
	return bias, true
}

// errorByte is the error of the 8-bit point in units, rounded up, and whether it
// fits.
func (b *Basis) errorByte(e *rowErrors) (byte, bool) {
	x := e.e8*(1+2e-6)/float64(b.unitE8) + 1e-6
	if !(x < 255) {
		return 0, false
	}
	return byte(x) + 1, true
}

const (
	// rowBiasShift is how far the bias of a row is shifted to the scale of the sums.
	rowBiasShift = 5
	// biasUnits is how many of its units make one of the basis.
	biasUnits = fine >> rowBiasShift
)

// rowBias is what a row whose biases in the planes add up to bias adds to the test of
// level 2 beside its codes and its error byte, rounded up, in units of 1/biasUnits
// of those of the basis, and whether it fits 24 bits and, with the others, half of
// their range.
func (b *Basis) rowBias(e *rowErrors, bias int, e8 byte) (int32, bool) {
	wide := float64(e8) * float64(b.unitE8)
	both := (e.square8 - float64(wide*wide)) / 2 / b.unit
	coarse := float64(bias) / float64(uint32(1)<<b.biasShift)
	x := -(coarse + both) * biasUnits
	x = math.Ceil(x + 1e-5 + 1e-12*(math.Abs(both)+2*32768)*biasUnits)
	if !(math.Abs(both) <= 32767 && math.Abs(x) < 1<<23) {
		return 0, false
	}
	return int32(x), true
}
