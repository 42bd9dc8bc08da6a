package codes

import "math"

// rowErrors are upper bounds of the distances from a rotated vector to its code
// points, and lower bounds of the squared norms of the 4-bit points.
type rowErrors struct {
	a, ab             float64 // to the 4-bit points in plane A and in both planes
	e8                float64 // to the 8-bit point
	squareA, squareAB float64
}

// centerSquare[c] is (16c-120)²: the squared distance of the 4-bit code c from
// the centre of the codes, in 8-bit steps.
var centerSquare = [16]float32{
	14400, 10816, 7744, 5184, 3136, 1600, 576, 64,
	64, 576, 1600, 3136, 5184, 7744, 10816, 14400,
}

// points4 and points8 are the points of the codes, in 8-bit steps. A table is
// quicker than converting.
var points4, points8 = points()

func points() (four [16]float32, eight [256]float32) {
	for c := range four {
		four[c] = float32(16*c + 8)
	}
	for c := range eight {
		eight[c] = float32(c) + 0.5
	}
	return four, eight
}

// errorsOf codes the rotated vector in w (DESIGN.md §3).
func (b *Basis) errorsOf(w *writer) rowErrors {
	a := b.code(w, 0, 4*b.ga)
	r := b.code(w, 4*b.ga, half)
	slack := b.perRow + b.perX*(math.Sqrt(float64(w.norm[0]))*b.norms+tiny)
	a4, ab4 := float64(a.four), float64(a.four)+float64(r.four)
	const grow, shrink = 1 + 32*unitRoundoff, 1 - 48*unitRoundoff
	nA := float64(a.norm) * shrink
	return rowErrors{
		a:        math.Sqrt(a4)*grow + slack,
		ab:       math.Sqrt(ab4)*grow + slack,
		e8:       math.Sqrt(float64(a.eight)+float64(r.eight))*grow + slack,
		squareA:  nA,
		squareAB: nA + float64(r.norm)*shrink,
	}
}

// sums are squared distances of one range of positions.
type sums struct {
	four, eight float32 // from the 4-bit and the 8-bit code point
	norm        float32 // of the 4-bit code point from the centre
}

// code writes the bytes from <= b < to of the codes and sums their errors. Each
// float32 operation is rounded on its own; a conversion forbids fusing.
func (b *Basis) code(w *writer, from, to int) sums {
	var four0, four1, eight0, eight1, norm0, norm1 float32
	z := &w.z
	for j := max(from, 0); j < min(to, half); j++ {
		k := &b.coder[j]
		t0 := float32(z[j]*k.scale0) + k.offset0
		t1 := float32(z[half+j]*k.scale1) + k.offset1
		c0, c1 := level(t0), level(t1)

		f0, f1 := t0-points4[c0>>4], t1-points4[c1>>4]
		four0 += float32(float32(f0*f0) * k.square0)
		four1 += float32(float32(f1*f1) * k.square1)
		f0, f1 = t0-points8[c0], t1-points8[c1]
		eight0 += float32(float32(f0*f0) * k.square0)
		eight1 += float32(float32(f1*f1) * k.square1)
		norm0 += float32(centerSquare[c0>>4] * k.square0)
		norm1 += float32(centerSquare[c1>>4] * k.square1)

		w.code[j] = c0>>4 | c1&0xf0
		w.rest[j] = c0&15 | c1<<4
	}
	return sums{four0 + four1, eight0 + eight1, norm0 + norm1}
}

// level is t cut to a whole number in 0 … 255. If t is NaN or beyond int32 it is
// any of them: the errors are worked out from what it is.
func level(t float32) uint8 { return uint8(max(0, min(255, int32(t)))) }

// bias is -floor of what a row contributes to the test of level 1, in units, and
// whether it fits.
func (b *Basis) bias(e, square, bref float64) (int16, bool) {
	x := ((square-float64(e*e))/2 - float64(e*bref)) / b.unit
	x = math.Floor(x - 1e-6 - 1e-12*math.Abs(x))
	if !(x >= -32767 && x <= 32767) {
		return 0, false
	}
	return int16(-x), true
}
