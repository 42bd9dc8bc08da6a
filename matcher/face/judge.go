package face

import (
	"context"

	"vigie/watchlist"
)

// Judge says whether Extract (or, of a reference, Enrol) would take the photo. It
// makes no template: the sample holds box and quality alone, of a refused face
// too where one was found. Errors are those of Extract.
func (e *Engine) Judge(ctx context.Context, p watchlist.Photo, reference bool) (watchlist.FaceSample, error) {
	j := job{engine: e, bar: probeBar, template: asVerdict}
	if reference {
		j.bar = enrolBar
	}
	err := j.run(ctx, p)
	return j.sample, err
}
