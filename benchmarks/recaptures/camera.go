package recaptures

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"

	"vigie/matcher/face/dlib"
)

// scene gives the linear light (0 to 1) of a colour at a place of what a camera
// looks at, x and y in camera pixels.
type scene func(x, y float64, c int) float64

const (
	// width is how many pixels a captured portrait is wide: about 60 pixels between
	// the eyes of the London set.
	width = 320
	// oversample is how many places per pixel and direction a pixel looks at.
	oversample = 4
	// noise is the standard deviation of the sensor's, of 255.
	noise = 2.0
)

// camera is how a picture comes about.
type camera struct {
	// blur is the standard deviation of lens and demosaicing, in pixels.
	blur float64
	// width is that of the picture that is sent, quality that of its JPEG.
	width, quality int
}

// A good camera sends what it sees; a soft one is a little out of focus, and its
// picture was made smaller and packed harder on its way.
var (
	good = camera{0.7, width, 90}
	soft = camera{1.2, width * 3 / 4, 70}
)

// attacks are the presentation attack instruments, each by the pitch of its cells
// in camera pixels: a finer one is seen from farther away, or printed larger.
var attacks = map[string]func(portrait scene) scene{
	"print, cells of 3 px":     func(p scene) scene { return halftone(p, 3.1) },
	"print, cells of 1.7 px":   func(p scene) scene { return halftone(p, 1.7) },
	"print, cells of 0.8 px":   func(p scene) scene { return halftone(p, 0.8) },
	"screen, pixels of 2.3 px": func(p scene) scene { return screen(p, 2.3) },
	"screen, pixels of 1.2 px": func(p scene) scene { return screen(p, 1.2) },
	"screen, pixels of 0.6 px": func(p scene) scene { return screen(p, 0.6) },
}

// portrait shows a picture scaled to the camera's width. The camera looks at more
// places than the picture has pixels, so the nearest one serves.
func portrait(p dlib.Pixels) (s scene, w, h int) {
	scale := float64(p.W) / width
	w, h = width, int(float64(p.H)/scale)
	return func(x, y float64, c int) float64 {
		px := min(max(int(x*scale), 0), p.W-1)
		py := min(max(int(y*scale), 0), p.H-1)
		return linear[p.Pix[3*(py*p.W+px)+c]]
	}, w, h
}

// raster gives coordinates in a raster at an angle, in cells, and back.
type raster struct{ sin, cos, pitch float64 }

func newRaster(pitch, degrees float64) raster {
	sin, cos := math.Sincos(degrees * (math.Pi / 180))
	return raster{sin, cos, pitch}
}

func (r raster) cells(x, y float64) (u, v float64) {
	return (r.cos*x + r.sin*y) / r.pitch, (r.cos*y - r.sin*x) / r.pitch
}

func (r raster) back(u, v float64) (x, y float64) {
	return (r.cos*u - r.sin*v) * r.pitch, (r.cos*v + r.sin*u) * r.pitch
}

// halftone prints with round dots of three inks at 15, 75 and 0 degrees, whose area
// is what the ink must take from the light. Paper gives back 0.85, ink 0.06.
func halftone(p scene, pitch float64) scene {
	inks := [3]raster{newRaster(pitch, 15), newRaster(pitch, 75), newRaster(pitch, 0)}
	return func(x, y float64, c int) float64 {
		u, v := inks[c].cells(x, y)
		cu, cv := math.Floor(u)+0.5, math.Floor(v)+0.5
		mx, my := inks[c].back(cu, cv) // the middle of the cell
		ink := 1 - p(mx, my, c)
		if r2 := (u-cu)*(u-cu) + (v-cv)*(v-cv); r2*math.Pi < ink { // cut off at the cell's edge
			return 0.06
		}
		return 0.85
	}
}

// screen shows square pixels of three stripes with dark gaps, turned by 2 degrees
// against the camera, under a reflection of 0.05.
func screen(p scene, pitch float64) scene {
	r := newRaster(pitch, 2)
	return func(x, y float64, c int) float64 {
		u, v := r.cells(x, y)
		cu, cv := math.Floor(u), math.Floor(v)
		at := (u - cu) * 3
		lit := int(at) == c && math.Abs(at-float64(c)-0.5) < 0.45 && math.Abs(v-cv-0.5) < 0.45
		if !lit {
			return 0.05
		}
		mx, my := r.back(cu+0.5, cv+0.5)
		return 0.05 + 0.9*p(mx, my, c)*3/(0.9*0.9)
	}
}

// gather gives the linear light on each pixel, by colour.
func gather(s scene, w, h int) []float64 {
	light := make([]float64, 3*w*h)
	for y := range h {
		for x := range w {
			for j := range oversample {
				for i := range oversample {
					fx, fy := float64(x)+(float64(i)+0.5)/oversample, float64(y)+(float64(j)+0.5)/oversample
					for c := range 3 {
						light[3*(y*w+x)+c] += s(fx, fy, c) / (oversample * oversample)
					}
				}
			}
		}
	}
	return light
}

// capture takes a picture of the light: blurred, brought to sRGB, with the sensor's
// noise, made smaller, through a JPEG.
func (cam camera) capture(light []float64, w, h int, rng *rand.Rand) (dlib.Pixels, error) {
	light = cam.smooth(cam.smooth(light, w, h, 3, 3*w), w, h, 3*w, 3)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		for c := range 3 {
			v := 255*gamma(light[3*i+c]) + noise*rng.NormFloat64()
			img.Pix[4*i+c] = uint8(min(max(v+0.5, 0), 255))
		}
		img.Pix[4*i+3] = 255
	}
	if cam.width != w {
		small := image.NewRGBA(image.Rect(0, 0, cam.width, h*cam.width/w))
		draw.BiLinear.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
		img = small
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: cam.quality}); err != nil {
		return dlib.Pixels{}, err
	}
	return decode(b.Bytes())
}

// smooth blurs along the direction in which neighbours lie step values apart; other
// is the step of the other direction.
func (cam camera) smooth(light []float64, w, h, step, other int) []float64 {
	const reach = 4
	var weights [2*reach + 1]float64
	sum := 0.0
	for i := range weights {
		d := float64(i - reach)
		weights[i] = math.Exp(-d * d / (2 * cam.blur * cam.blur))
		sum += weights[i]
	}
	along, across := w, h
	if step > other {
		along, across = h, w
	}
	out := make([]float64, len(light))
	for a := range across {
		for i := range along {
			for c := range 3 {
				v := 0.0
				for k, weight := range weights {
					v += weight / sum * light[a*other+min(max(i+k-reach, 0), along-1)*step+c]
				}
				out[a*other+i*step+c] = v
			}
		}
	}
	return out
}

// linear is the light of each sRGB level (IEC 61966-2-1).
var linear = func() (t [256]float64) {
	for i := range t {
		if v := float64(i) / 255; v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()

// gamma is the sRGB level, 0 to 1, of light.
func gamma(v float64) float64 {
	v = min(max(v, 0), 1)
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// decode reads a picture.
func decode(b []byte) (dlib.Pixels, error) {
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return dlib.Pixels{}, err
	}
	r := m.Bounds()
	p := dlib.NewPixels(r.Dx(), r.Dy())
	for y := range p.H {
		for x := range p.W {
			cr, cg, cb, _ := m.At(r.Min.X+x, r.Min.Y+y).RGBA()
			copy(p.Pix[3*(y*p.W+x):], []byte{byte(cr >> 8), byte(cg >> 8), byte(cb >> 8)})
		}
	}
	return p, nil
}
