package face

import (
	"cmp"
	"context"
	"image"
	"math"
	"slices"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

const (
	// searchSize is the long side of the picture that is searched; a photo up to
	// that is searched as it is and its chip cut from the same pixels, so that its
	// template is go-face's on the very file. At 640 the search would take a third
	// less and miss second faces that the answer must tell of.
	searchSize = 800
	// fineSize is the least long side of the picture that a larger photo's chip
	// is cut from.
	fineSize = 960
	// sharpFace is the side of a face, in pixels, below which the chip is cut
	// from a finer decode where the photo has one.
	sharpFace = 120
)

// view is a part of the upright photo at some scale.
type view struct {
	rgb
	part image.Rectangle // in pixels of the photo as sent, upright
}

func (v view) scale() (x, y float64) {
	return float64(v.part.Dx()) / float64(v.W), float64(v.part.Dy()) / float64(v.H)
}

// toPhoto maps a box of v to the photo, from maps it back to v.
func (v view) toPhoto(b image.Rectangle) image.Rectangle {
	sx, sy := v.scale()
	return mapped(b, sx, sy).Add(v.part.Min)
}

// between maps a box of v to the pixels of another view.
func (v view) between(b image.Rectangle, other view) image.Rectangle {
	if v.W == other.W && v.H == other.H && v.part == other.part {
		return b
	}
	sx, sy := v.scale()
	ox, oy := other.scale()
	at := func(value int, s float64, from, to int, o float64) int {
		return int(math.Round((float64(value)*s + float64(from-to)) / o))
	}
	return image.Rect(
		at(b.Min.X, sx, v.part.Min.X, other.part.Min.X, ox), at(b.Min.Y, sy, v.part.Min.Y, other.part.Min.Y, oy),
		at(b.Max.X, sx, v.part.Min.X, other.part.Min.X, ox), at(b.Max.Y, sy, v.part.Min.Y, other.part.Min.Y, oy),
	)
}

func mapped(b image.Rectangle, sx, sy float64) image.Rectangle {
	at := func(v int, s float64) int { return int(math.Round(float64(v) * s)) }
	return image.Rect(at(b.Min.X, sx), at(b.Min.Y, sy), at(b.Max.X, sx), at(b.Max.Y, sy))
}

// search looks for faces, and once more at twice the size when there are none.
// It gives them largest first, the view searched and the finest one decoded.
func (j *job) search(ctx context.Context, worker encoder) (found []dlib.Detection, seen, fine view, err error) {
	if fine, err = j.look(ctx, fineSize); err != nil {
		return nil, seen, fine, err
	}
	seen = fine
	seen.rgb = fine.scaled(searchSize, false)
	j.lap(StageDecode)
	found, err = j.engine.detect(worker, seen.Pixels)
	j.lap(StageDetect)
	if err != nil || len(found) > 0 {
		return largestFirst(found), seen, fine, err
	}
	if ctx.Err() != nil {
		return nil, seen, fine, errOverloaded(context.Cause(ctx))
	}
	again := 2 * seen.long()
	if fine.long() < min(again, j.head.long()) {
		if fine, err = j.look(ctx, again); err != nil {
			return nil, seen, fine, err
		}
	}
	seen.rgb = fine.scaled(again, true)
	if seen.long() > fine.long() {
		fine = seen
	}
	j.lap(StageDecode)
	found, err = j.engine.detect(worker, seen.Pixels)
	j.lap(StageDetect)
	return largestFirst(found), seen, fine, err
}

// look gives the whole photo, upright.
func (j *job) look(ctx context.Context, long int) (view, error) {
	p, err := j.source.whole(ctx, long)
	if err != nil {
		return view{}, refuseSource(ctx, err)
	}
	w, h := j.head.upright()
	return view{p.turn(j.head.orientation), image.Rect(0, 0, w, h)}, nil
}

// closer gives a view in which the face in the box of fine is sharp, if the
// photo has the pixels; it is fine itself for most photos.
func (j *job) closer(ctx context.Context, fine view, box image.Rectangle) (view, error) {
	if max(box.Dx(), box.Dy()) >= sharpFace || fine.long() >= j.head.long() {
		return fine, nil
	}
	face := fine.toPhoto(box)
	part := face.Inset(-max(face.Dx(), face.Dy())).Intersect(fine.part)
	if part.Empty() {
		return fine, nil
	}
	o, w, h := j.head.orientation, j.head.width, j.head.height
	p, got, err := j.source.window(ctx, unturnedBox(o, part, w, h), max(face.Dx(), face.Dy()), sharpFace)
	if err != nil {
		return view{}, refuseSource(ctx, err)
	}
	return view{p.turn(o), turnedBox(o, got, w, h)}, nil
}

// largestFirst sorts by area, then by place.
func largestFirst(found []dlib.Detection) []dlib.Detection {
	slices.SortFunc(found, func(a, b dlib.Detection) int {
		p, q := a.Box, b.Box
		return cmp.Or(cmp.Compare(q.Dx()*q.Dy(), p.Dx()*p.Dy()), cmp.Compare(p.Min.X, q.Min.X), cmp.Compare(p.Min.Y, q.Min.Y), cmp.Compare(b.Score, a.Score))
	})
	return found
}

// boxes gives the places of faces in the photo as sent, cut to it.
func (v view) boxes(found []dlib.Detection) []watchlist.Box {
	out := make([]watchlist.Box, len(found))
	for i, f := range found {
		b := v.toPhoto(f.Box)
		limit := func(at, most int) int { return min(max(at, 0), most) }
		out[i] = watchlist.Box{
			Left: limit(b.Min.X, v.part.Max.X), Top: limit(b.Min.Y, v.part.Max.Y),
			Right: limit(b.Max.X, v.part.Max.X), Bottom: limit(b.Max.Y, v.part.Max.Y),
		}
	}
	return out
}
