package face

import (
	"context"
	"errors"
	"image"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// source gives the pixels of one photo, in stored position, at the sizes that
// the pipeline needs. Its errors are for refuseSource.
type source interface {
	// whole gives the photo, the long side at least long px where the photo has
	// as many, and no larger than is cheap.
	whole(ctx context.Context, long int) (rgb, error)
	// window gives a part of the photo (in its own pixels, inside it) and the
	// part that came back, which may be a little larger. A side of span px of the
	// photo gets at least sharp px where it has as many.
	window(ctx context.Context, part image.Rectangle, span, sharp int) (rgb, image.Rectangle, error)
	// kept gives the photo with the long side at most long px.
	kept(ctx context.Context, long int) (picture, error)
}

// open gives the photo's source. Ordinary JPEGs are decoded by libjpeg, as often
// and as large as asked for; everything else by Go code, once.
func open(ctx context.Context, h header, b []byte) (source, error) {
	if h.format == formatJPEG && dlib.Available() && (h.components == 1 || h.components == 3) {
		return jpegSource{dlib.JPEG{
			Bytes: b, Width: h.width, Height: h.height, Components: h.components,
			MaxScans: maxScans, MaxMemory: maxDecodeBytes,
		}}, nil
	}
	p, err := decode(ctx, h, b)
	if err != nil {
		return nil, err
	}
	return planes{p}, nil
}

// refuseSource makes the refusal of a photo whose source failed.
func refuseSource(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errOverloaded(context.Cause(ctx))
	}
	return decodeError(err)
}

// jpegSource decodes at a scale of 1, 2, 4 or 8 eighths: the sizes that libjpeg
// has fast code for.
type jpegSource struct{ dlib.JPEG }

func (s jpegSource) eighths(enough func(eighths int) bool) int {
	for _, e := range []int{1, 2, 4} {
		if enough(e) {
			return e
		}
	}
	return 8
}

func (s jpegSource) whole(ctx context.Context, long int) (rgb, error) {
	e := s.eighths(func(e int) bool { return max(s.Width, s.Height)*e >= 8*long })
	p, err := s.Decode(ctx, e, image.Rectangle{})
	return rgb{p}, err
}

func (s jpegSource) window(ctx context.Context, part image.Rectangle, span, sharp int) (rgb, image.Rectangle, error) {
	e := s.eighths(func(e int) bool { return span*e >= 8*sharp })
	size := s.Size(e)
	cut := image.Rect(part.Min.X*e/8, part.Min.Y*e/8, min((part.Max.X*e+7)/8, size.X), min((part.Max.Y*e+7)/8, size.Y))
	p, err := s.Decode(ctx, e, cut)
	return rgb{p}, image.Rect(cut.Min.X*8/e, cut.Min.Y*8/e, min(cut.Max.X*8/e, s.Width), min(cut.Max.Y*8/e, s.Height)), err
}

func (s jpegSource) kept(ctx context.Context, long int) (picture, error) {
	p, err := s.whole(ctx, long)
	if err != nil {
		return picture{}, err
	}
	return p.scaled(long, false).picture(), nil
}

// planes is a photo that was decoded at full size.
type planes struct{ picture }

func (s planes) whole(_ context.Context, long int) (rgb, error) {
	return s.scaled(long, false).rgb(), nil
}

func (s planes) window(_ context.Context, part image.Rectangle, span, sharp int) (rgb, image.Rectangle, error) {
	cut := picture{y: s.y.cut(part, s.y), cb: s.cb.cut(part, s.y), cr: s.cr.cut(part, s.y)}
	long := cut.long()
	if span > sharp {
		long = max(long*sharp/span, 1)
	}
	return cut.scaled(long, false).rgb(), part, nil
}

// cut gives the part of a plane that covers the same area as whole does.
func (p plane) cut(part image.Rectangle, whole plane) plane {
	x0, y0 := part.Min.X*p.w/whole.w, part.Min.Y*p.h/whole.h
	x1, y1 := (part.Max.X*p.w+whole.w-1)/whole.w, (part.Max.Y*p.h+whole.h-1)/whole.h
	return plane{p.pix[y0*p.stride+x0:], p.stride, x1 - x0, y1 - y0}
}

func (s planes) kept(_ context.Context, long int) (picture, error) {
	return s.scaled(long, false), nil
}

// libraryError gives the refusal for an error of libjpeg, nil for another error.
func libraryError(err error) error {
	switch {
	case errors.Is(err, dlib.ErrCorrupt):
		return errCorrupt(err)
	case errors.Is(err, dlib.ErrUnsupported):
		return errRare(err)
	case errors.Is(err, dlib.ErrMemory):
		return refuse(watchlist.FaceImageTooLarge, err, "Decoding this photo takes more than %d MB: send it smaller, or as a baseline JPEG.", maxDecodeBytes/1_000_000)
	}
	return nil
}
