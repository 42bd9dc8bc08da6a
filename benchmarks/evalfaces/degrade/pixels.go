package degrade

import (
	"image"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// blur is a Gaussian blur of some standard deviation in pixels, by rows and then by
// columns; the border repeats.
func blur(p *image.RGBA, sigma float64) *image.RGBA {
	if sigma <= 0 {
		return p
	}
	radius := int(math.Ceil(3 * sigma))
	kernel := make([]float64, 2*radius+1)
	var sum float64
	for i := range kernel {
		x := float64(i-radius) / sigma
		kernel[i] = math.Exp(-x * x / 2)
		sum += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	return along(along(p, kernel, w, h, 4, p.Stride), kernel, h, w, p.Stride, 4)
}

// along filters lines of length n, of which there are lines; step leads from pixel to
// pixel, stride from line to line.
func along(p *image.RGBA, kernel []float64, n, lines, step, stride int) *image.RGBA {
	out := image.NewRGBA(p.Rect)
	radius := len(kernel) / 2
	for line := range lines {
		row := line * stride
		for x := range n {
			var r, g, b float64
			for k, weight := range kernel {
				at := row + min(max(x+k-radius, 0), n-1)*step
				r += weight * float64(p.Pix[at])
				g += weight * float64(p.Pix[at+1])
				b += weight * float64(p.Pix[at+2])
			}
			at := row + x*step
			out.Pix[at], out.Pix[at+1], out.Pix[at+2], out.Pix[at+3] = level(r), level(g), level(b), 255
		}
	}
	return out
}

func level(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

// noise adds normal noise to each channel.
func noise(p *image.RGBA, sigma float64, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 39794))
	for i := range p.Pix {
		if i%4 != 3 {
			p.Pix[i] = level(float64(p.Pix[i]) + sigma*random.NormFloat64())
		}
	}
}

// gamma raises the levels, as shares of 255, to a power.
func gamma(p *image.RGBA, exponent float64) {
	var table [256]uint8
	for i := range table {
		table[i] = level(255 * math.Pow(float64(i)/255, exponent))
	}
	for i := range p.Pix {
		if i%4 != 3 {
			p.Pix[i] = table[p.Pix[i]]
		}
	}
}

// shrink scales by a factor below 1; larger ones leave the picture as it is.
func shrink(p *image.RGBA, factor float64) *image.RGBA {
	if factor >= 1 {
		return p
	}
	size := func(n int) int { return max(int(math.Round(float64(n)*factor)), 1) }
	out := image.NewRGBA(image.Rect(0, 0, size(p.Rect.Dx()), size(p.Rect.Dy())))
	draw.CatmullRom.Scale(out, out.Rect, p, p.Rect, draw.Src, nil)
	return out
}

// yaw turns the picture as a plane around its upright middle axis, seen from four
// picture widths away, on mid-grey: a homography. A head is no plane: its nose does
// not move against its ears here.
func yaw(p *image.RGBA, degrees float64) *image.RGBA {
	const away, grey = 4, 128
	w, h := p.Rect.Dx(), p.Rect.Dy()
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	f := away * float64(w)
	cx, cy := float64(w)/2, float64(h)/2
	out := image.NewRGBA(p.Rect)
	for y := range h {
		for x := range w {
			// The ray through (u, v) meets the turned plane at the photo's (a, b).
			u, v := float64(x)+0.5-cx, float64(y)+0.5-cy
			a := u * f / (f*cos - u*sin)
			b := v * (f + a*sin) / f
			sample(out.Pix[out.PixOffset(x, y):], p, a+cx-0.5, b+cy-0.5, grey)
		}
	}
	return out
}

// sample writes the pixel at a place between pixels, bilinear; outside it is grey.
func sample(dst []uint8, p *image.RGBA, x, y float64, grey uint8) {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	if x < 0 || y < 0 || x > float64(w-1) || y > float64(h-1) {
		dst[0], dst[1], dst[2], dst[3] = grey, grey, grey, 255
		return
	}
	left, top := min(int(x), max(w-2, 0)), min(int(y), max(h-2, 0))
	fx, fy := x-float64(left), y-float64(top)
	i := p.PixOffset(left, top)
	right, below := 4, p.Stride
	if w < 2 {
		right = 0
	}
	if h < 2 {
		below = 0
	}
	for c := range 3 {
		upper := (1-fx)*float64(p.Pix[i+c]) + fx*float64(p.Pix[i+right+c])
		lower := (1-fx)*float64(p.Pix[i+below+c]) + fx*float64(p.Pix[i+below+right+c])
		dst[c] = level((1-fy)*upper + fy*lower)
	}
	dst[3] = 255
}
