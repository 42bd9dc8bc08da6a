package face

import (
	"bytes"

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

// turn maps the upright pixel (x, y) to the stored one: orientations 5 to 8
// swap the axes; the table says which stored axes run backwards.
func (p plane) turn(o int) plane {
	w, h := p.w, p.h
	swap := o >= 5
	if swap {
		w, h = h, w
	}
	flipX := o == 2 || o == 3 || o == 7 || o == 8
	flipY := o == 3 || o == 4 || o == 6 || o == 7
	out := newPlane(w, h)
	for y := range h {
		row := out.row(y)
		for x := range row {
			sx, sy := x, y
			if swap {
				sx, sy = y, x
			}
			if flipX {
				sx = p.w - 1 - sx
			}
			if flipY {
				sy = p.h - 1 - sy
			}
			row[x] = p.pix[sy*p.stride+sx]
		}
	}
	return out
}
