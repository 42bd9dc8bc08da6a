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

// code is what is known of a code before a vector is: the 4-bit and the 8-bit
// point in 8-bit steps, and the squares of their distances from the centre, which
// are exact.
type code struct {
	point4, point8   float32
	square4, square8 float32
}

var codeTable = tabulate()

func tabulate() (t [256]code) {
	for c := range t {
		four, eight := float32(c&^15)+8, float32(c)+0.5
		t[c] = code{four, eight, (four - 128) * (four - 128), (eight - 128) * (eight - 128)}
	}
	return t
}

// errorsOf codes the rotated vector in w (DESIGN.md §3).
func (b *Basis) errorsOf(w *writer) rowErrors {
	const first, both = kernel.FirstDims, kernel.BothDims
	one := b.code(w.z[:first], w.code[:first], b.coder[:first])
	two := b.code(w.z[first:both], w.code[first:both], b.coder[first:both])
	rest := b.code(w.z[both:], w.code[both:], b.coder[both:])
	slack := b.perRow + b.perX*(math.Sqrt(float64(w.norm[0]))*b.norms+tiny)
	const grow, shrink = 1 + 32*unitRoundoff, 1 - 48*unitRoundoff
	add := func(x, y, z float32) float64 { return float64(x) + float64(y) + float64(z) }
	return rowErrors{
		e4: [...]float64{
			math.Sqrt(add(one.four, 0, 0))*grow + slack,
			math.Sqrt(add(one.four, two.four, 0))*grow + slack,
		},
		e8:      math.Sqrt(add(one.eight, two.eight, rest.eight))*grow + slack,
		square4: [...]float64{add(one.norm4, 0, 0) * shrink, add(one.norm4, two.norm4, 0) * shrink},
		square8: add(one.norm8, two.norm8, rest.norm8) * shrink,
	}
}

// sums are squared distances of one part of the dimensions.
type sums struct {
	four, eight  float32 // from the 4-bit and the 8-bit code point
	norm4, norm8 float32 // of the code points from the centre
}

// code writes the codes of some dimensions and sums their errors. Each float32
// operation is rounded on its own; a conversion forbids fusing.
func (b *Basis) code(z []float32, codes []byte, dims []coderDim) (s sums) {
	codes, dims = codes[:len(z)], dims[:len(z)]
	for j, v := range z {
		k := &dims[j]
		t := float32(v*k.scale) + k.offset
		c := level(t)
		codes[j] = c
		of := &codeTable[c]
		f := t - of.point4
		s.four += float32(float32(f*f) * k.square)
		f = t - of.point8
		s.eight += float32(float32(f*f) * k.square)
		s.norm4 += float32(of.square4 * k.square)
		s.norm8 += float32(of.square8 * k.square)
	}
	return s
}

// level is t cut to a whole number in 0 … 255. If t is NaN or beyond int32 it is
// any of them: the errors are worked out from what it is.
func level(t float32) uint8 { return uint8(max(0, min(255, int32(t)))) }

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
