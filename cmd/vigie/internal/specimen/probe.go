package specimen

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // portraits of --faces may be PNG
	"math"

	"golang.org/x/image/draw"
)

// Transformation says what Probe does to a photo, for the reader of a screen.
const Transformation = "cropped by 6 %, resized to 85 %, darker (gamma 1.25) with a light gradient, JPEG quality 70"

// Probe makes a probe from an enrolled photo when there is no second photo of
// the person: a transformed copy, see Transformation. It tests the machinery,
// not the recognition of people, and whoever shows its result must say so.
func Probe(photo []byte) ([]byte, error) {
	src, _, err := image.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("decode the portrait: %w", err)
	}
	b := src.Bounds()
	crop := image.Rect(b.Min.X+b.Dx()*4/100, b.Min.Y+b.Dy()*2/100, b.Max.X-b.Dx()*2/100, b.Max.Y-b.Dy()*4/100)
	dst := image.NewRGBA(image.Rect(0, 0, crop.Dx()*85/100, crop.Dy()*85/100))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, crop, draw.Src, nil)
	relight(dst)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 70}); err != nil {
		return nil, fmt.Errorf("encode the probe: %w", err)
	}
	return out.Bytes(), nil
}

// relight applies gamma 1.25 and a gradient from 85 % on the left to 110 % on
// the right.
func relight(m *image.RGBA) {
	var gamma [256]float64
	for i := range gamma {
		gamma[i] = 255 * math.Pow(float64(i)/255, 1.25)
	}
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			light := 0.85 + 0.25*float64(x)/float64(b.Dx())
			c := m.RGBAAt(x, y)
			m.SetRGBA(x, y, color.RGBA{clip(gamma[c.R] * light), clip(gamma[c.G] * light), clip(gamma[c.B] * light), 255})
		}
	}
}

func clip(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }
