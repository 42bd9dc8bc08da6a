package face

import (
	"image"
	"math"

	"vigie/watchlist"
)

// The quality flags of FaceQuality.Flags.
const (
	// FlagLowResolution: the eyes are closer together than the bar asks.
	FlagLowResolution = "low_resolution"
	// FlagBlurred: less sharp than nearly all portraits of the test sets.
	FlagBlurred = "blurred"
	// FlagDark and FlagBright: a large share of the face has no detail left.
	// They look at lost detail, never at the tone of the skin.
	FlagDark   = "clipped_dark"
	FlagBright = "clipped_bright"
	// FlagTilted: the line of the eyes leans more than the bar allows.
	FlagTilted = "tilted"
	// FlagLowReference: an enrolled photo below the hard limits; it is kept,
	// since it may be the only one, and should be replaced.
	FlagLowReference = watchlist.FlagLowQualityReference
)

const (
	// chipSide is the side of the grey chip that sharpness is measured on, so
	// that it doesn't depend on the size of the photo.
	chipSide = 112
	// Luma up to darkLevel or from brightLevel counts as clipped (ISO/IEC
	// 29794-5 reference implementation).
	darkLevel, brightLevel = 25, 247
	// poorInterEye is the least for a reference without FlagLowReference.
	poorInterEye = 36
)

// bar is how much is asked of a photo: more of one that is kept for years.
//
// Only hardInterEye refuses. It is 16 px for a probe: between 16 and 24 px the
// West African test set holds 2.2 % of its photos and the others none, and those
// photos match strangers no more often than sharper ones do (7e-4 of 26,433
// pairs at the threshold of 1e-3), so that a higher limit would only turn one
// group away. Sharpness is the first percentile of the portraits measured for a
// probe, and the fifth for a reference.
type bar struct {
	hardInterEye float64 // px of the photo as sent, below it the photo is refused
	interEye     float64 // px, below it the photo is flagged
	sharpness    float64 // variance of the Laplacian, levels squared
	clipped      float64 // share of the face
	roll         float64 // degrees
	reference    bool
}

var (
	probeBar = bar{hardInterEye: 16, interEye: 30, sharpness: 40, clipped: 0.35, roll: 25}
	enrolBar = bar{hardInterEye: 24, interEye: 60, sharpness: 70, clipped: 0.20, roll: 15, reference: true}
)

// measure gives the quality of the face in a box of a picture whose pixels are
// scale pixels of the photo as sent.
func (b bar) measure(box image.Rectangle, points []image.Point, seen rgb, scale float64) watchlist.FaceQuality {
	dx, dy := eyeLine(points)
	chip := seen.luma(box).chip()
	q := watchlist.FaceQuality{InterEye: math.Hypot(dx, dy) * scale, Sharpness: chip.sharpness()}
	q.Dark, q.Bright = chip.clipped()
	flag := func(is bool, name string) {
		if is {
			q.Flags = append(q.Flags, name)
		}
	}
	flag(q.InterEye < b.interEye, FlagLowResolution)
	flag(q.Sharpness < b.sharpness, FlagBlurred)
	flag(q.Dark > b.clipped, FlagDark)
	flag(q.Bright > b.clipped, FlagBright)
	roll := math.Abs(math.Atan2(dy, dx)) * 180 / math.Pi
	flag(roll > b.roll, FlagTilted)
	flag(b.reference && (q.InterEye < poorInterEye || len(q.Flags) >= 2), FlagLowReference)
	return q
}

// eyeLine is the vector between the eye centres, left to right in the photo,
// from the five landmarks (two corners for each eye, then the nose).
func eyeLine(points []image.Point) (dx, dy float64) {
	if len(points) < 4 {
		return 0, 0
	}
	right, left := points[0].Add(points[1]), points[2].Add(points[3])
	d := right.Sub(left)
	return float64(d.X) / 2, float64(d.Y) / 2
}

// chip scales the face; one without area is black.
func (p plane) chip() plane {
	if p.w == 0 || p.h == 0 {
		return newPlane(chipSide, chipSide)
	}
	return p.resize(chipSide, chipSide)
}

// sharpness is the variance of the 4-neighbour Laplacian.
func (p plane) sharpness() float64 {
	var sum, squares, n int
	for y := 1; y < p.h-1; y++ {
		above, row, below := p.row(y-1), p.row(y), p.row(y+1)
		for x := 1; x < p.w-1; x++ {
			v := int(above[x]) + int(below[x]) + int(row[x-1]) + int(row[x+1]) - 4*int(row[x])
			sum += v
			squares += v * v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	mean := float64(sum) / float64(n)
	return float64(squares)/float64(n) - mean*mean
}

// clipped gives the shares of pixels too dark and too bright to hold detail, in
// the ellipse that fills the chip.
func (p plane) clipped() (dark, bright float64) {
	var low, high, n int
	for y := range p.h {
		for x, v := range p.row(y) {
			dx, dy := 2*x+1-p.w, 2*y+1-p.h
			if dx*dx*p.h*p.h+dy*dy*p.w*p.w > p.w*p.w*p.h*p.h {
				continue
			}
			n++
			if v <= darkLevel {
				low++
			} else if v >= brightLevel {
				high++
			}
		}
	}
	if n == 0 {
		return 0, 0
	}
	return float64(low) / float64(n), float64(high) / float64(n)
}
