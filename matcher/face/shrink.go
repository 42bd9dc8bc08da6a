package face

import (
	"context"
	"fmt"

	"vigie/watchlist"
)

// Shrink gives a copy of a photo for a narrow link: an upright JPEG without
// metadata, the long side at most long pixels. It needs neither an engine nor a
// slot, takes what the default gate of an Engine takes, and refuses as Extract
// does, with a *watchlist.FaceError. Faces stay usable from 1280 pixels on, since
// the pipeline rarely looks at more.
func Shrink(ctx context.Context, b []byte, long int) ([]byte, error) {
	if long < minSide {
		return nil, fmt.Errorf("shrink to %d px: the least is %d", long, minSide)
	}
	head, err := gate{maxBytes: defaultMaxBytes, maxPixels: defaultMaxPixels}.check(b)
	if err != nil {
		return nil, err
	}
	src, err := open(ctx, head, b)
	var p picture
	if err == nil {
		p, err = src.kept(ctx, long)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("shrink a photo: %w", context.Cause(ctx))
		}
		return nil, decodeError(err)
	}
	out, err := p.turn(head.orientation).encode()
	if err != nil {
		return nil, &watchlist.FaceError{Code: watchlist.FaceCorrupt, Detail: "The photo can't be written again.", Err: err}
	}
	return out, nil
}
