package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// makeFace turns a photo or a template into a face of an entry; pointer is where
// it stands in the request, what makes its id. It must not be one of the others.
// dry keeps no photo.
func (s *service) makeFace(ctx context.Context, in *gen.FaceInput, idem idempotent, what, pointer string, others []watchlist.Face, dry bool) (watchlist.Face, error) {
	id, err := s.id(callOf(ctx), idem, "face "+what)
	if err != nil {
		return watchlist.Face{}, fmt.Errorf("draw an id: %w", err)
	}
	f := watchlist.Face{ID: id}
	if len(in.Photo.Image) == 0 {
		t, err := s.template(in.Template, pointer+"/template")
		if err != nil {
			return f, err
		}
		f.Template, f.Model = watchlist.EncodeTemplate(t.Template), t.Model
		return f, enrolled(others, &f, pointer+"/template")
	}
	pointer += "/photo"
	if int64(len(in.Photo.Image)) > s.opt.MaxPhotoBytes {
		return f, failField(watchlist.FaceImageTooLarge, pointer+"/image", "too_long", "at most "+itoa(int(s.opt.MaxPhotoBytes))+" bytes")
	}
	sample, kept, err := s.deps.Enroller.Enrol(ctx, watchlist.Photo{Bytes: in.Photo.Image, Face: boxIn(in.Photo.Face)})
	if err != nil {
		return f, at(err, pointer)
	}
	f.Template, f.Model, f.Quality = watchlist.EncodeTemplate(sample.Template), sample.Model, sample.Quality
	// A photo that is refused is not kept.
	if err := enrolled(others, &f, pointer); err != nil || dry {
		return f, err
	}
	if f.Photo, err = s.deps.Blobs.Put(ctx, kept); err != nil {
		return f, err
	}
	return f, enrolled(others, &f, pointer)
}

// enrolled refuses a face whose photo or template is one of the others': the same
// picture twice adds no evidence, but counts as two.
func enrolled(others []watchlist.Face, f *watchlist.Face, pointer string) error {
	for i := range others {
		o := &others[i]
		if o.Photo != "" && o.Photo == f.Photo || o.Model == f.Model && bytes.Equal(o.Template, f.Template) {
			return failField("duplicate_face", pointer, "duplicate_face", "this photo or template is enrolled already")
		}
	}
	return nil
}

// template checks a template that a machine computed.
func (s *service) template(in gen.TemplateInput, pointer string) (watchlist.FaceSample, error) {
	if err := watchlist.CheckTemplate(in.Values); err != nil {
		return watchlist.FaceSample{}, failField(watchlist.FaceBadTemplate, pointer+"/values", watchlist.FaceBadTemplate, watchlist.TemplateDims+" finite values, not all zero")
	}
	if m := s.deps.Enroller.Model(); m != "" && m != in.Model {
		return watchlist.FaceSample{}, failField(watchlist.FaceModelMismatch, pointer+"/model", watchlist.FaceModelMismatch, "this node compares templates of "+m)
	}
	return watchlist.FaceSample{Template: in.Values, Model: in.Model}, nil
}

// at names the place of a photo in the error about it.
func at(err error, pointer string) error {
	var face *watchlist.FaceError
	if !errors.As(err, &face) {
		return err
	}
	e := asAPIError(err)
	e.fields = []gen.FieldProblem{{Pointer: pointer, Code: e.code, Detail: e.detail}}
	return e
}

// AddFace adds a face to an entry.
func (s *service) AddFace(ctx context.Context, req gen.AddFaceRequestObject) (gen.AddFaceResponseObject, error) {
	c := callOf(ctx)
	in := req.JSONBody
	if req.MultipartBody != nil {
		var err error
		if in, err = s.faceForm(req.MultipartBody); err != nil {
			return nil, err
		}
	}
	// The photo is remembered by its hash.
	photo := sha256.Sum256(in.Photo.Image)
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Entry, IfMatch: req.Params.IfMatch, Body: []any{photo, in.Photo.Face, in.Template}}}
	// What can be told without the photo is told before it costs anything, and
	// before it is kept.
	before, err := s.current(ctx, req.Entry, req.Params.IfMatch, false, idem.key != "")
	switch {
	case err != nil:
		return nil, err
	case idem.key != "": // a replay may find the entry later than it was
	case before.Status == watchlist.StatusWithdrawn:
		return nil, fail("bad_transition")
	case len(before.Faces) >= watchlist.MaxFaces:
		return nil, failField("invalid", "/faces", "too_many", "at most "+itoa(watchlist.MaxFaces)+" items")
	}
	others := before.Faces
	if idem.key != "" {
		others = nil
	}
	face, err := s.makeFace(ctx, in, idem, req.Entry, "", others, false)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		w, err := s.putFace(ctx, &req, idem, face)
		if again(err, req.Params.IfMatch, try) {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.headers["Location"] = "/v1/entries/" + req.Entry + "/faces/" + face.ID
		return gen.AddFace201JSONResponse{
			Id: w.Id, Revision: w.Revision, Index: w.Index, Replayed: w.Replayed, Face: faceOut(face, 0), Warnings: s.warnOfNew(before.Faces, face),
		}, nil
	}
}

// putFace writes a new face into the entry as it is now.
func (s *service) putFace(ctx context.Context, req *gen.AddFaceRequestObject, idem idempotent, face watchlist.Face) (gen.EntryWritten, error) {
	e, err := s.current(ctx, req.Entry, req.Params.IfMatch, false, idem.key != "")
	if err != nil {
		return gen.EntryWritten{}, err
	}
	pointer := "/photo"
	if face.Photo == "" {
		pointer = "/template"
	}
	twice, revision := enrolled(e.Faces, &face, pointer), e.Revision
	e.Faces = append(e.Faces, face)
	err = errors.Join(twice, e.Validate())
	switch {
	case err != nil && idem.key == "":
		return gen.EntryWritten{}, err
	case twice != nil:
		// The face may be there because this request added it before. Only the
		// state machine knows: at this revision it either replays or refuses.
		revision = math.MaxUint64
	}
	w, err := s.put(ctx, idem, command.EntryPut{Op: command.OpFaceAdd, Entry: *e, IfRevision: revision})
	if err != nil && twice != nil && asAPIError(err).code == "revision_conflict" {
		return w, twice
	}
	return w, err
}

// RemoveFace removes a face.
func (s *service) RemoveFace(ctx context.Context, req gen.RemoveFaceRequestObject) (gen.RemoveFaceResponseObject, error) {
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Entry, Face: req.Face, IfMatch: req.Params.IfMatch}}
	e, err := s.current(ctx, req.Entry, req.Params.IfMatch, true, idem.key != "")
	if err != nil {
		return nil, err
	}
	i := faceIndex(e, req.Face)
	revision := e.Revision
	switch {
	case i >= 0:
		e.Faces = append(e.Faces[:i], e.Faces[i+1:]...)
		if err := e.Validate(); err != nil {
			return nil, err
		}
	case idem.key == "":
		return nil, watchlist.ErrNotFound
	default:
		// The face may be gone because this request removed it before. Only the
		// state machine knows: at this revision it either replays or refuses.
		revision = math.MaxUint64
	}
	w, err := s.put(ctx, idem, command.EntryPut{Op: command.OpFaceRemove, Entry: *e, IfRevision: revision})
	if err != nil && i < 0 && asAPIError(err).code == "revision_conflict" {
		return nil, watchlist.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return gen.RemoveFace200JSONResponse{EntryWrittenJSONResponse: gen.EntryWrittenJSONResponse(w)}, nil
}

func faceIndex(e *watchlist.Entry, id string) int {
	for i := range e.Faces {
		if e.Faces[i].ID == id {
			return i
		}
	}
	return -1
}

// GetFacePhoto reads an enrolled photo.
func (s *service) GetFacePhoto(ctx context.Context, req gen.GetFacePhotoRequestObject) (gen.GetFacePhotoResponseObject, error) {
	callOf(ctx).event.Entries = []watchlist.EntryID{watchlist.EntryID(req.Entry)}
	if err := s.freshen(ctx, req.Params.Consistency != gen.GetFacePhotoParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	e, err := s.deps.Entries.Entry(watchlist.EntryID(req.Entry))
	if err != nil {
		return nil, err
	}
	i := faceIndex(e, req.Face)
	if i < 0 {
		return nil, watchlist.ErrNotFound
	}
	if e.Faces[i].Photo == "" {
		return nil, fail("photo_absent")
	}
	rctx, cancel := context.WithTimeout(ctx, s.opt.ReadPatience)
	defer cancel()
	b, err := s.deps.Blobs.Get(rctx, e.Faces[i].Photo)
	if errors.Is(err, watchlist.ErrNotFound) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, &apiError{code: "photo_not_here", cause: err}
	} else if err != nil {
		return nil, err
	}
	return gen.GetFacePhoto200ImagejpegResponse{Body: bytes.NewReader(b), ContentLength: int64(len(b))}, nil
}
