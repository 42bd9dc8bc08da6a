package dlib

import (
	"image"
	"image/draw"
)

// Specimen draws a face of no person: 320 x 320 px, plain enough to be drawn
// and enough of a face for the detector. The self-test encodes it, so that it
// needs no photo of anybody.
func Specimen() *image.RGBA {
	g := &sketch{image.NewGray(image.Rect(0, 0, 320, 320))}
	g.fill(200)
	const cx, eyes, nose, mouth, gap = 160, 140, 188, 224, 36
	g.ellipse(cx, 165, 84, 112, 150)
	for _, side := range []int{-1, 1} {
		x := cx + side*gap
		g.ellipse(x, eyes-2, 24, 14, 105)
		g.ellipse(x, eyes-19, 22, 5, 60)
		g.ellipse(x, eyes, 17, 8, 90)
		g.ellipse(x, eyes, 15, 6, 220)
		g.ellipse(x, eyes, 7, 7, 40)
		g.ellipse(cx+side*9, nose, 6, 4, 60)
	}
	g.ellipse(cx, nose-20, 8, 22, 180)
	g.ellipse(cx, nose+2, 16, 5, 105)
	g.ellipse(cx, mouth, 30, 8, 80)
	g.ellipse(cx, mouth, 26, 2, 40)
	g.soften()
	out := image.NewRGBA(g.Bounds())
	draw.Draw(out, out.Bounds(), g, image.Point{}, draw.Src)
	return out
}

type sketch struct{ *image.Gray }

func (s *sketch) fill(v uint8) {
	for i := range s.Pix {
		s.Pix[i] = v
	}
}

func (s *sketch) ellipse(cx, cy, rx, ry int, v uint8) {
	for y := cy - ry; y <= cy+ry; y++ {
		for x := cx - rx; x <= cx+rx; x++ {
			dx, dy := x-cx, y-cy
			if dx*dx*ry*ry+dy*dy*rx*rx <= rx*rx*ry*ry {
				s.Pix[s.PixOffset(x, y)] = v
			}
		}
	}
}

// soften takes the mean of 3 x 3 px, edges left out.
func (s *sketch) soften() {
	src := append([]uint8(nil), s.Pix...)
	w, h := s.Rect.Dx(), s.Rect.Dy()
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			var sum int
			for j := -1; j <= 1; j++ {
				for i := -1; i <= 1; i++ {
					sum += int(src[(y+j)*s.Stride+x+i])
				}
			}
			s.Pix[s.PixOffset(x, y)] = uint8(sum / 9)
		}
	}
}
