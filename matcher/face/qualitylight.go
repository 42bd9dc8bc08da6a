package face

import (
	"image"
	"math"

	"vigie/matcher/face/dlib"
)

// Places in the upright chip, in pixels, from the mean landmarks that dlib aligns
// five points to: the eye centres at (47.7, 47.1) and (100.3, 47.1), so that the
// eyes are 52.6 px apart, the base of the nose at (74, 87.8). The mouth of a mean
// face (see noseDepth) lies 55 px below the eyes, its chin 92.
const (
	chipEyes           = 52.6
	chipEyeY           = 47.1
	chipLeft           = 47.7
	chipRight          = 100.3
	chipMouth          = 55
	faceX, faceY       = 74, 82 // the centre of the face
	faceRadX, faceRadY = 46, 58 // brows to chin, ears left out
)

// Luma up to darkLevel or from brightLevel counts as clipped (ISO/IEC 29794-5
// reference implementation).
const darkLevel, brightLevel = 25, 247

// light is what the luma of the chip tells. Nothing in it but mean, variance and
// range follows the tone of the skin: dark and bright look at lost detail, and
// the others divide by the brightness of the same skin.
type light struct {
	dark, bright   float64 // shares of the face that are clipped
	mean, variance float64 // of luma as a share of full luma
	entropy        float64 // of the histogram, bits
	overlap        float64 // of the histograms of the two cheeks, 0 to 1
	sharpness      float64
}

// lightOf measures the chip of an aligned face.
func lightOf(chip dlib.Pixels) light {
	y := rgb{chip}.luma(image.Rect(0, 0, chip.W, chip.H))
	var histogram [256]float64
	n := 0.0
	for row := range y.h {
		for col, v := range y.row(row) {
			if inFace(col, row) {
				histogram[v]++
				n++
			}
		}
	}
	var l light
	for v := range histogram {
		share := histogram[v] / n
		if share == 0 {
			continue
		}
		switch {
		case v <= darkLevel:
			l.dark += share
		case v >= brightLevel:
			l.bright += share
		}
		l.mean += share * float64(v) / 255
		l.variance += share * float64(v) / 255 * float64(v) / 255
		l.entropy -= share * math.Log2(share)
	}
	l.variance -= l.mean * l.mean
	l.overlap = overlapOf(cheek(y, chipLeft), cheek(y, chipRight))
	l.sharpness = y.sharpness()
	return l
}

func inFace(x, y int) bool {
	dx, dy := float64(x-faceX)/faceRadX, float64(y-faceY)/faceRadY
	return dx*dx+dy*dy <= 1
}

// cheekBins is the number of bins of a cheek's histogram. The reference
// implementation has 256, on an aligned face four times as wide.
const cheekBins = 32

// cheek gives the histogram of the luma in a square of 0.3 distances between the
// eyes, below the eye at x, halfway to the mouth (the zones of ISO/IEC 29794-5).
func cheek(y plane, x float64) (h [cheekBins]float64) {
	half, middle := 0.15*chipEyes, chipEyeY+chipMouth/2.0
	top, bottom := int(middle-half), int(middle+half)
	left, right := int(x-half), int(x+half)
	each := 1 / float64((bottom-top)*(right-left))
	for row := top; row < bottom; row++ {
		for _, v := range y.row(row)[left:right] {
			h[int(v)*cheekBins/256] += each
		}
	}
	return h
}

func overlapOf(a, b [cheekBins]float64) float64 {
	sum := 0.0
	for i := range a {
		sum += min(a[i], b[i])
	}
	return sum
}
