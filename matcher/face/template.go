package face

import (
	"image"
	"math"

	"vigie/matcher/face/dlib"
)

// crop is one of the chips that are encoded. A template is the mean direction of
// several: where one is off by its alignment, the others aren't.
type crop int

const (
	cropChip       crop = iota // go-face's chip
	cropChipMirror             // left and right exchanged
	cropSteady                 // cut by averaged landmarks
	cropSteadyMirror
	crops
)

// A reference is kept for years and costs nothing at the search: it takes all
// crops. A probe takes the two that bring most, which two cores do at once. Both
// are of one recipe and are compared with each other; the order is part of it.
var (
	referenceCrops = []crop{cropChip, cropChipMirror, cropSteady, cropSteadyMirror}
	probeCrops     = []crop{cropChipMirror, cropSteady}
	otherCrops     = []crop{cropChip, cropSteadyMirror} // of a reference, not of a probe
)

func (c crop) steady() bool { return c == cropSteady || c == cropSteadyMirror }

// aligned is a face on the way to its template.
type aligned struct {
	dlib.Aligned
	// seen is the picture that it is cut from, box its place there.
	seen dlib.Pixels
	box  image.Rectangle
	// even is the steady chip once it was cut; only the goroutine that encodes
	// steady crops uses it.
	even dlib.Pixels
}

// crop gives the chip to encode. A steady one is cut by the worker when first
// asked for.
func (f *aligned) crop(worker encoder, c crop) (dlib.Pixels, error) {
	chip := f.Chip
	if c.steady() {
		if f.even.W == 0 {
			even, err := worker.Steady(f.seen, f.box)
			if err != nil {
				return dlib.Pixels{}, err
			}
			f.even = even
		}
		chip = f.even
	}
	if c == cropChipMirror || c == cropSteadyMirror {
		chip = chip.Mirror()
	}
	return chip, nil
}

// encodings holds the encoder's answer for each crop that was encoded.
type encodings [crops][128]float32

// join gives the mean direction of some encodings: the sum of their unit vectors
// at unit length, in float64 and in index order without fused multiply-add, so
// that one CPU's encodings give the same template everywhere. It is all zero or
// not finite where an encoding has no direction.
func (e *encodings) join(which []crop) []float32 {
	var sum [128]float64
	for _, c := range which {
		var unit [128]float64
		for i, v := range e[c] {
			unit[i] = float64(v)
		}
		norm := length(&unit)
		for i, v := range unit {
			sum[i] += v / norm
		}
	}
	norm := length(&sum)
	out := make([]float32, len(sum))
	for i, v := range sum {
		out[i] = float32(v / norm)
	}
	return out
}

func length(v *[128]float64) float64 {
	var squares float64
	for _, x := range v {
		squares += float64(x * x)
	}
	return math.Sqrt(squares)
}
