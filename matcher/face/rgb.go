package face

import (
	"image"
	"image/color"

	"vigie/matcher/face/dlib"
)

// rgb is a picture as the engine takes it.
type rgb struct{ dlib.Pixels }

func newRGB(w, h int) rgb { return rgb{dlib.NewPixels(w, h)} }

func (p rgb) long() int { return max(p.W, p.H) }

func (p rgb) row(y int) []byte { return p.Pix[3*p.W*y : 3*p.W*(y+1)] }

// scaled gives the picture with the long side at most (or, when enlarging is
// asked for, exactly) long px.
func (p rgb) scaled(long int, enlarge bool) rgb {
	if p.long() == long || p.long() < long && !enlarge {
		return p
	}
	return p.resize(max((p.W*long+p.long()/2)/p.long(), 1), max((p.H*long+p.long()/2)/p.long(), 1))
}

// resize scales by the same filters as a plane's, rows first: shrinking leaves
// fewer of them for the columns.
func (p rgb) resize(w, h int) rgb {
	out := newRGB(w, h)
	cols := axis(p.W, w)
	sum := make([]uint32, 3*p.W)
	for y, t := range axis(p.H, h) {
		clear(sum)
		for k, weight := range t.weights {
			row := p.row(t.first + k)
			acc := sum[:len(row)]
			for i, v := range row {
				acc[i] += weight * uint32(v)
			}
		}
		for i, v := range sum {
			sum[i] = (v + 1<<7) >> 8 // 8.8 fixed point
		}
		columns(out.row(y), sum, cols)
	}
	return out
}

// columns writes one row: src holds 8.8 fixed point.
func columns(dst []byte, src []uint32, cols []taps) {
	for x := range cols {
		t := &cols[x]
		var r, g, b uint32
		pix := src[3*t.first:]
		pix = pix[:3*len(t.weights)]
		for _, weight := range t.weights {
			r += weight * pix[0]
			g += weight * pix[1]
			b += weight * pix[2]
			pix = pix[3:]
		}
		d := dst[3*x : 3*x+3 : 3*x+3]
		d[0], d[1], d[2] = uint8((r+1<<23)>>24), uint8((g+1<<23)>>24), uint8((b+1<<23)>>24)
	}
}

// turn gives p in upright position for an EXIF orientation; see plane.turn.
func (p rgb) turn(o int) rgb {
	if o <= 1 {
		return p
	}
	w, h := p.W, p.H
	if o >= 5 {
		w, h = h, w
	}
	out := newRGB(w, h)
	for y := range h {
		row := out.row(y)
		for x := range w {
			s := unturned(o, image.Pt(x, y), p.W, p.H)
			at := 3 * (s.Y*p.W + s.X)
			copy(row[3*x:3*x+3], p.Pix[at:at+3])
		}
	}
	return out
}

// luma gives the brightness of the part of the picture in the box.
func (p rgb) luma(box image.Rectangle) plane {
	box = box.Intersect(image.Rect(0, 0, p.W, p.H))
	out := newPlane(box.Dx(), box.Dy())
	for y := range out.h {
		src, dst := p.row(box.Min.Y + y)[3*box.Min.X:], out.row(y)
		for x := range dst {
			s := src[3*x : 3*x+3 : 3*x+3]
			dst[x], _, _ = color.RGBToYCbCr(s[0], s[1], s[2])
		}
	}
	return out
}

// picture gives luma and chroma, all at full size.
func (p rgb) picture() picture {
	out := picture{y: newPlane(p.W, p.H), cb: newPlane(p.W, p.H), cr: newPlane(p.W, p.H)}
	for i := range p.W * p.H {
		s := p.Pix[3*i : 3*i+3 : 3*i+3]
		out.y.pix[i], out.cb.pix[i], out.cr.pix[i] = color.RGBToYCbCr(s[0], s[1], s[2])
	}
	return out
}

// rgb gives the picture as triples, the chroma brought to full size.
func (p picture) rgb() rgb {
	out := newRGB(p.y.w, p.y.h)
	cb, cr := p.cb.resize(p.y.w, p.y.h), p.cr.resize(p.y.w, p.y.h)
	for y := range out.H {
		ys, bs, rs, dst := p.y.row(y), cb.row(y), cr.row(y), out.row(y)
		for x := range ys {
			d := dst[3*x : 3*x+3 : 3*x+3]
			d[0], d[1], d[2] = color.YCbCrToRGB(ys[x], bs[x], rs[x])
		}
	}
	return out
}
