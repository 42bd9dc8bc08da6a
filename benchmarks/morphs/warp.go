package morphs

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"vigie/matcher/face/dlib"
)

// point is a place in a picture, pixels, right and down.
type point struct{ x, y float64 }

// spline is a thin-plate spline from the plane to the plane: the smoothest map
// that takes some given points to given others (Bookstein 1989).
type spline struct {
	at   []point
	w    []point // weight of each point's kernel
	off  point   // affine part: off + x·dx + y·dy
	dx   point
	dy   point
	unit float64 // length that distances are given in, for the solver's sake
}

// fit gives the spline that takes from[i] to to[i]. It fails for fewer than three
// points and for points on a line.
func fit(from, to []point) (*spline, error) {
	n := len(from)
	if n < 3 || n != len(to) {
		return nil, fmt.Errorf("a spline through %d points to %d", n, len(to))
	}
	s := &spline{at: from, w: make([]point, n), unit: 100}
	a := mat.NewDense(n+3, n+3, nil)
	b := mat.NewDense(n+3, 2, nil)
	for i, p := range from {
		for j, q := range from {
			a.Set(i, j, s.kernel(p, q))
		}
		for j, v := range []float64{1, p.x / s.unit, p.y / s.unit} {
			a.Set(i, n+j, v)
			a.Set(n+j, i, v)
		}
		b.Set(i, 0, to[i].x)
		b.Set(i, 1, to[i].y)
	}
	var x mat.Dense
	if err := x.Solve(a, b); err != nil {
		return nil, errors.Join(errors.New("the landmarks lie on a line"), err)
	}
	row := func(i int) point { return point{x.At(i, 0), x.At(i, 1)} }
	for i := range s.w {
		s.w[i] = row(i)
	}
	s.off, s.dx, s.dy = row(n), row(n+1), row(n+2)
	return s, nil
}

// kernel is r² ln r², r in units.
func (s *spline) kernel(p, q point) float64 {
	dx, dy := (p.x-q.x)/s.unit, (p.y-q.y)/s.unit
	r := dx*dx + dy*dy
	if r == 0 {
		return 0
	}
	return r * math.Log(r)
}

// of gives the place that p goes to.
func (s *spline) of(p point) point {
	x, y := p.x/s.unit, p.y/s.unit
	out := point{s.off.x + s.dx.x*x + s.dy.x*y, s.off.y + s.dx.y*x + s.dy.y*y}
	for i, q := range s.at {
		k := s.kernel(p, q)
		out.x += s.w[i].x * k
		out.y += s.w[i].y * k
	}
	return out
}

// similarity is the turn, scale and shift that takes from nearest to to, by least
// squares.
func similarity(from, to []point) (func(point) point, error) {
	f, t := centre(from), centre(to)
	var dot, cross, square float64
	for i := range from {
		a, b := point{from[i].x - f.x, from[i].y - f.y}, point{to[i].x - t.x, to[i].y - t.y}
		dot += a.x*b.x + a.y*b.y
		cross += a.x*b.y - a.y*b.x
		square += a.x*a.x + a.y*a.y
	}
	if square == 0 {
		return nil, errors.New("all landmarks are one point")
	}
	c, s := dot/square, cross/square
	return func(p point) point {
		x, y := p.x-f.x, p.y-f.y
		return point{t.x + c*x - s*y, t.y + s*x + c*y}
	}, nil
}

func centre(list []point) (c point) {
	for _, p := range list {
		c.x += p.x / float64(len(list))
		c.y += p.y / float64(len(list))
	}
	return c
}

// blend gives the morph of two portraits with the landmarks pa and pb, in the
// frame of the first, share parts of it and the rest of the second.
func blend(a, b dlib.Pixels, pa, pb []point, share float64) (dlib.Pixels, error) {
	into, err := similarity(pb, pa)
	if err != nil {
		return dlib.Pixels{}, err
	}
	back, err := similarity(pa, pb)
	if err != nil {
		return dlib.Pixels{}, err
	}
	// Landmarks meet half way; the edge of the picture stays where it is.
	var mean, toA, toB []point
	for i, p := range pa {
		q := into(pb[i])
		mean = append(mean, point{share*p.x + (1-share)*q.x, share*p.y + (1-share)*q.y})
		toA, toB = append(toA, p), append(toB, pb[i])
	}
	w, h := float64(a.W-1), float64(a.H-1)
	for _, p := range []point{{0, 0}, {w / 2, 0}, {w, 0}, {0, h / 2}, {w, h / 2}, {0, h}, {w / 2, h}, {w, h}} {
		mean, toA, toB = append(mean, p), append(toA, p), append(toB, back(p))
	}
	fromA, err := fit(mean, toA)
	if err != nil {
		return dlib.Pixels{}, err
	}
	fromB, err := fit(mean, toB)
	if err != nil {
		return dlib.Pixels{}, err
	}
	out := dlib.NewPixels(a.W, a.H)
	for y := range a.H {
		for x := range a.W {
			p := point{float64(x), float64(y)}
			va, vb := sample(a, fromA.of(p)), sample(b, fromB.of(p))
			for c := range 3 {
				out.Pix[3*(y*a.W+x)+c] = byte(math.Round(share*va[c] + (1-share)*vb[c]))
			}
		}
	}
	return out, nil
}

// sample reads a picture between its pixels; beyond its edge it goes on as the
// edge is.
func sample(p dlib.Pixels, at point) (v [3]float64) {
	x, y := min(max(at.x, 0), float64(p.W-1)), min(max(at.y, 0), float64(p.H-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, p.W-1), min(y0+1, p.H-1)
	fx, fy := x-float64(x0), y-float64(y0)
	for c := range v {
		get := func(x, y int) float64 { return float64(p.Pix[3*(y*p.W+x)+c]) }
		v[c] = (1-fy)*((1-fx)*get(x0, y0)+fx*get(x1, y0)) + fy*((1-fx)*get(x0, y1)+fx*get(x1, y1))
	}
	return v
}
