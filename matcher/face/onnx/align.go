package onnx

import (
	"errors"
	"image"
	"math"

	"vigie/models"
)

// Side is the side of the picture that encoders see, in pixels.
const Side = models.RecipeSide

// Picture is a picture as RGB triples, row by row without padding:
// len(Pix) = 3*W*H.
type Picture struct {
	Pix  []byte
	W, H int
}

// Chip is a face turned upright: Side x Side pixels, row by row, red, green and
// blue of each, levels from 0 to 255 that are not rounded.
type Chip [3 * Side * Side]float32

// Mirror gives the chip with left and right exchanged.
func (c *Chip) Mirror() *Chip {
	out := new(Chip)
	for y := range Side {
		for x := range Side {
			copy(out[3*(y*Side+x):][:3], c[3*(y*Side+Side-1-x):][:3])
		}
	}
	return out
}

// similarity maps a point of the chip to the picture: x' = a*x - b*y + tx,
// y' = b*x + a*y + ty.
type similarity struct{ a, b, tx, ty float64 }

// fit gives the similarity that brings from to to with the least squares.
func fit(from, to [3][2]float64) (s similarity, err error) {
	const n = 3
	var fx, fy, gx, gy float64
	for i := range n {
		fx += from[i][0] / n
		fy += from[i][1] / n
		gx += to[i][0] / n
		gy += to[i][1] / n
	}
	var square, even, odd float64
	for i := range n {
		x, y, u, v := from[i][0]-fx, from[i][1]-fy, to[i][0]-gx, to[i][1]-gy
		square += float64(x*x) + float64(y*y)
		even += float64(x*u) + float64(y*v)
		odd += float64(x*v) - float64(y*u)
	}
	s.a, s.b = even/square, odd/square
	s.tx, s.ty = gx-float64(s.a*fx)+float64(s.b*fy), gy-float64(s.b*fx)-float64(s.a*fy)
	if size := math.Hypot(s.a, s.b); math.IsNaN(size) || size < 1e-3 || size > 1e3 {
		return s, errors.New("the landmarks of the face do not span a face")
	}
	return s, nil
}

// Align cuts the face with these landmarks (as dlib.Aligned has them: outer and
// inner corner of the eye on the right of the picture, outer and inner corner of
// the other, base of the nose) out of p, as the recipe wants it. What lies outside
// of p is black. It fails when the landmarks fall together.
func Align(to models.RecipeAlignment, p Picture, points [5]image.Point) (*Chip, error) {
	middle := func(i, j int) [2]float64 {
		return [2]float64{float64(points[i].X+points[j].X) / 2, float64(points[i].Y+points[j].Y) / 2}
	}
	s, err := fit(
		[3][2]float64{to.LeftEye, to.RightEye, to.NoseBase},
		[3][2]float64{middle(2, 3), middle(0, 1), {float64(points[4].X), float64(points[4].Y)}},
	)
	if err != nil {
		return nil, err
	}
	out := new(Chip)
	// A chip smaller than the face is the mean of several samples a pixel.
	fine := min(max(1, int(math.Round(math.Hypot(s.a, s.b)))), 16)
	step := 1 / float64(fine)
	for v := range Side {
		for u := range Side {
			var sum [3]float64
			for i := range fine * fine {
				x := float64(u) + float64((float64(i%fine)+0.5)*step) - 0.5
				y := float64(v) + float64((float64(i/fine)+0.5)*step) - 0.5
				p.add(&sum, float64(s.a*x)-float64(s.b*y)+s.tx, float64(s.b*x)+float64(s.a*y)+s.ty)
			}
			for c := range sum {
				out[3*(v*Side+u)+c] = float32(sum[c] / float64(fine*fine))
			}
		}
	}
	return out, nil
}

// add adds the picture's bilinear value at a point.
func (p Picture) add(sum *[3]float64, x, y float64) {
	left, top := math.Floor(x), math.Floor(y)
	fx, fy := x-left, y-top
	for i, weight := range [4]float64{(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy} {
		px, py := int(left)+i%2, int(top)+i/2
		if px < 0 || py < 0 || px >= p.W || py >= p.H {
			continue
		}
		at := p.Pix[3*(py*p.W+px):][:3]
		sum[0] += float64(weight * float64(at[0]))
		sum[1] += float64(weight * float64(at[1]))
		sum[2] += float64(weight * float64(at[2]))
	}
}

// fill writes the chip as the recipe's input tensor, which has as many values.
func (c *Chip) fill(tensor []float32, in models.RecipeInput) {
	for i, level := range c {
		channel, pixel := i%3, i/3
		if in.Channels == "bgr" {
			channel = 2 - channel
		}
		at := channel*Side*Side + pixel
		if in.Layout == "nhwc" {
			at = 3*pixel + channel
		}
		tensor[at] = float32((float64(level) - in.Subtract) / in.Divide)
	}
}
