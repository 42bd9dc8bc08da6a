package api

import (
	"context"
	"errors"
	"slices"

	"vigie/api/gen"
	"vigie/watchlist"
)

// judged are the refusals that are a verdict on what the photo shows: whoever
// takes it can take a better one. Any other is a problem of the request.
var judged = []string{
	watchlist.FaceNone, watchlist.FaceMultiple, watchlist.FaceTooSmall, watchlist.FaceTooBlurred,
	watchlist.FaceOverexposed, watchlist.FaceTurnedAway,
}

// JudgePhoto says whether a photo would be taken and what to mend. The photo and
// what was measured live in this call alone; it takes a search's slot, so that
// previews can't push searches aside.
func (s *service) JudgePhoto(ctx context.Context, req gen.JudgePhotoRequestObject) (gen.JudgePhotoResponseObject, error) {
	in := new(gen.FaceInput)
	if req.JSONBody != nil {
		in.Photo = req.JSONBody.Photo
	}
	if req.MultipartBody != nil {
		var err error
		if in, err = s.faceForm(req.MultipartBody); err != nil {
			return nil, err
		}
	}
	if int64(len(in.Photo.Image)) > s.opt.MaxPhotoBytes {
		return nil, failField(watchlist.FaceImageTooLarge, "/photo/image", "too_long", "at most "+itoa(int(s.opt.MaxPhotoBytes))+" bytes")
	}
	out := gen.PhotoVerdict{Accepted: true, Code: "ok", Use: req.Params.Use}
	def(&out.Use, gen.PhotoUse("probe"))
	var sample watchlist.FaceSample
	err := s.inSlot(ctx, func() (err error) {
		sample, err = s.deps.Enroller.Judge(ctx, watchlist.Photo{Bytes: in.Photo.Image, Face: boxIn(in.Photo.Face)}, out.Use == "reference")
		return err
	})
	var refused *watchlist.FaceError
	switch {
	case errors.As(err, &refused) && slices.Contains(judged, refused.Code):
		out.Accepted, out.Code, out.Detail = false, refused.Code, refused.Detail
		out.Boxes = boxes(refused.Boxes)
		if a, ok := watchlist.PhotoAdvice(refused.Code); ok {
			out.Advice = adviceOut(a)
		}
		if refused.Measure != nil {
			out.Measured = measuredOut(*refused.Measure)
		}
	case err != nil:
		return nil, at(err, "/photo")
	}
	if sample.Box != (watchlist.Box{}) {
		out.Box, out.Quality = boxOut(sample.Box), qualityOut(sample.Quality)
	}
	if a, ok := sample.Quality.Advice(); ok && out.Accepted {
		out.Advice = adviceOut(a)
	}
	return gen.JudgePhoto200JSONResponse(out), nil
}
