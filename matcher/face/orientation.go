package face

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// orientation reads the EXIF orientation, 1 to 8; damaged or absent metadata
// mean 1, upright. No other tag is looked at.
func orientation(f format, b []byte) (o int) {
	o = 1
	defer func() {
		if recover() != nil {
			o = 1
		}
	}()
	kind := map[format]imagemeta.ImageFormat{
		formatJPEG: imagemeta.JPEG, formatPNG: imagemeta.PNG, formatWebP: imagemeta.WebP,
	}[f]
	isOrientation := func(t imagemeta.TagInfo) bool {
		return t.Tag == "Orientation" && t.Namespace == "IFD0"
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(b), ImageFormat: kind, Sources: imagemeta.EXIF,
		LimitNumTags: 500, LimitTagSize: 1000,
		ShouldHandleTag: isOrientation,
		HandleTag: func(t imagemeta.TagInfo) error {
			if v, ok := t.Value.(uint16); ok && isOrientation(t) && v >= 1 && v <= 8 {
				o = int(v)
			}
			return nil
		},
	})
	return o
}

// turn gives p in upright position for an EXIF orientation. Orientation 1 gives
// p itself.
func (p picture) turn(o int) picture {
	if o <= 1 {
		return p
	}
	return picture{y: p.y.turn(o), cb: p.cb.turn(o), cr: p.cr.turn(o)}
}

// turn maps every upright pixel to the stored one.
func (p plane) turn(o int) plane {
	w, h := p.w, p.h
	if o >= 5 {
		w, h = h, w
	}
	out := newPlane(w, h)
	for y := range h {
		row := out.row(y)
		for x := range row {
			s := unturned(o, image.Pt(x, y), p.w, p.h)
			row[x] = p.pix[s.Y*p.stride+s.X]
		}
	}
	return out
}

// unturned maps a pixel of the upright picture to the stored one, which is w x h
// px: orientations 5 to 8 swap the axes, and some run the stored axes backwards.
func unturned(o int, at image.Point, w, h int) image.Point {
	if o >= 5 {
		at.X, at.Y = at.Y, at.X
	}
	switch o {
	case 2, 8:
		at.X = w - 1 - at.X
	case 3, 7:
		at.X, at.Y = w-1-at.X, h-1-at.Y
	case 4, 6:
		at.Y = h - 1 - at.Y
	}
	return at
}

// unturnedBox maps a box of the upright picture to the stored one of w x h px.
func unturnedBox(o int, b image.Rectangle, w, h int) image.Rectangle {
	p, q := unturned(o, b.Min, w, h), unturned(o, b.Max.Sub(image.Pt(1, 1)), w, h)
	r := image.Rectangle{p, q}.Canon()
	r.Max = r.Max.Add(image.Pt(1, 1))
	return r
}

// turnedBox is the way back: a box of the stored picture of w x h px in the
// upright one.
func turnedBox(o int, b image.Rectangle, w, h int) image.Rectangle {
	if o >= 5 {
		w, h = h, w
	}
	switch o { // only the quarter turns are not their own opposite
	case 6:
		o = 8
	case 8:
		o = 6
	}
	return unturnedBox(o, b, w, h)
}
