package recaptures

import (
	"image"
	"math"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"

	"vigie/matcher/face/dlib"
)

// window is the side of the square round the face that is looked at, in pixels; its
// spectrum has as many rows.
const window = 128

// cueNames are the cues, in the order of Measure's values. More of each speaks for a
// recapture.
var cueNames = []string{"moire", "grain", "dull", "flat"}

// Measure gives the cues of a picture with a face in box; ok is false when the
// picture is smaller than the window.
//
//   - moire: how far the strongest peaks of the spectrum stand above others of their
//     frequency (mean log10 of the four largest, without the axes and the lines of
//     the JPEG's blocks).
//   - grain: power of the upper frequencies over the middle ones, log10: a raster has
//     more of it, blur less.
//   - dull: one less the mean saturation, since prints and screens have a smaller
//     gamut.
//   - flat: one less the share of the levels that the luminance uses (2nd to 98th
//     percentile): reflected light lifts the shadows.
func Measure(p dlib.Pixels, box image.Rectangle) (cues []float64, ok bool) {
	if p.W < window || p.H < window {
		return nil, false
	}
	left := min(max((box.Min.X+box.Max.X-window)/2, 0), p.W-window)
	top := min(max((box.Min.Y+box.Max.Y-window)/2, 0), p.H-window)
	grey := make([]float64, window*window)
	var saturation float64
	for y := range window {
		for x := range window {
			at := 3 * ((top+y)*p.W + left + x)
			r, g, b := float64(p.Pix[at]), float64(p.Pix[at+1]), float64(p.Pix[at+2])
			grey[y*window+x] = 0.299*r + 0.587*g + 0.114*b
			if high := max(r, g, b); high > 0 {
				saturation += (high - min(r, g, b)) / high / (window * window)
			}
		}
	}
	moire, grain := spectral(grey)
	levels := slices.Sorted(slices.Values(grey))
	n := float64(len(levels) - 1)
	return []float64{moire, grain, 1 - saturation, 1 - (levels[int(0.98*n)]-levels[int(0.02*n)])/255}, true
}

// spectral gives moire and grain of a square of luminance.
func spectral(grey []float64) (moire, grain float64) {
	power := spectrum(grey)
	const half = window / 2
	rings := make([][]float64, half)
	upper, middle := 0.0, 0.0
	each := func(see func(r int, v float64, usual bool)) {
		for fy := -half + 1; fy < half; fy++ {
			for fx := range half {
				r := int(math.Hypot(float64(fx), float64(fy)))
				if r == 0 || r >= half {
					continue
				}
				v := power[((fy+window)%window)*window+fx]
				see(r, v, onBlocks(fx) || onBlocks(fy))
			}
		}
	}
	each(func(r int, v float64, blocks bool) {
		switch {
		case r >= window/4:
			upper += v
		case r >= window/16 && r < window/8:
			middle += v
		}
		if !blocks {
			rings[r] = append(rings[r], math.Log10(v+1e-9))
		}
	})
	var above []float64
	for r := window / 8; r < half-1; r++ {
		ring := slices.Sorted(slices.Values(rings[r]))
		if len(ring) == 0 {
			continue
		}
		median := ring[len(ring)/2]
		for _, v := range ring[max(len(ring)-4, 0):] {
			above = append(above, v-median)
		}
	}
	slices.Sort(above)
	for _, v := range above[max(len(above)-4, 0):] {
		moire += v / 4
	}
	return moire, math.Log10((upper + 1e-9) / (middle + 1e-9))
}

// onBlocks tells the frequencies near an axis, and those of blocks of 8 pixels.
func onBlocks(f int) bool {
	const step = window / 8
	m := ((f % step) + step) % step
	return m <= 1 || m >= step-1
}

// spectrum is the power of a square under a Hann window, rows of fy.
func spectrum(grey []float64) []float64 {
	mean := 0.0
	for _, v := range grey {
		mean += v / float64(len(grey))
	}
	hann := func(i int) float64 { return 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/window) }
	z := make([]complex128, len(grey))
	for i, v := range grey {
		z[i] = complex((v-mean)*hann(i%window)*hann(i/window), 0)
	}
	fft := fourier.NewCmplxFFT(window)
	for y := range window {
		fft.Coefficients(z[y*window:(y+1)*window], z[y*window:(y+1)*window])
	}
	column := make([]complex128, window)
	for x := range window {
		for y := range window {
			column[y] = z[y*window+x]
		}
		fft.Coefficients(column, column)
		for y := range window {
			z[y*window+x] = column[y]
		}
	}
	out := make([]float64, len(z))
	for i, v := range z {
		out[i] = real(v)*real(v) + imag(v)*imag(v)
	}
	return out
}
