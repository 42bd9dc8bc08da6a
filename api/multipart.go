package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/oapi-codegen/runtime"

	"vigie/api/gen"
	"vigie/watchlist"
)

const (
	// maxFormJSON caps a JSON part.
	maxFormJSON = 256 << 10
	maxPhotos   = 4
)

// part reads one part of a form whole, up to limit bytes; beyond it tooLarge is
// the error.
func part(p *multipart.Part, limit int64, tooLarge error) ([]byte, error) {
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(p, limit+1))
	if err != nil {
		return nil, formError(err)
	}
	if n > limit {
		return nil, tooLarge
	}
	return buf.Bytes(), nil
}

// formError tells a broken form from a body that is too large or too slow.
func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if e := bodyError(err); errors.As(err, &tooLarge) || asAPIError(e).code == "request_timeout" {
		return e
	}
	return fail("malformed_form")
}

// formPart gives the next part and its name; io.EOF at the end.
func formPart(r *multipart.Reader) (*multipart.Part, string, error) {
	p, err := r.NextRawPart()
	if errors.Is(err, io.EOF) {
		return nil, "", io.EOF
	} else if err != nil {
		return nil, "", formError(err)
	}
	return p, p.FormName(), nil
}

// jsonPart reads, checks and binds a JSON part.
func (s *service) jsonPart(p *multipart.Part, schema, base string, dst any) error {
	if media, _, err := mime.ParseMediaType(p.Header.Get("Content-Type")); err != nil || media != mediaJSON {
		return fail("unsupported_media_type")
	}
	b, err := part(p, maxFormJSON, fail("body_too_large"))
	if err != nil {
		return err
	}
	value, err := s.valid.json(schema, b, base)
	if err != nil {
		return err
	}
	if err := runtime.BindJSONValue(value, dst); err != nil {
		return fail("invalid_request")
	}
	return nil
}

// photoPart reads a photo; the media type that the client claims is checked, the
// content by the face engine.
func (s *service) photoPart(p *multipart.Part, pointer string) ([]byte, error) {
	media, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil || !slices.Contains([]string{mediaJPEG, "image/png", "image/webp", "application/octet-stream"}, media) {
		return nil, failField(watchlist.FaceUnsupported, pointer, watchlist.FaceUnsupported, "JPEG, PNG or WebP")
	}
	b, err := part(p, s.opt.MaxPhotoBytes, failField(watchlist.FaceImageTooLarge, pointer, "too_long", "at most "+itoa(int(s.opt.MaxPhotoBytes))+" bytes"))
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, failField(watchlist.FaceCorrupt, pointer, "required", "the photo is empty")
	}
	return b, nil
}

// matchForm reads a match as a form.
func (s *service) matchForm(r *multipart.Reader) (*gen.MatchRequest, error) {
	in := new(gen.MatchRequest)
	return in, s.probeForm(r, "MatchRequest", in, &in.Photos)
}

// replayForm reads a replay as a form.
func (s *service) replayForm(r *multipart.Reader) (*gen.ReplayRequest, error) {
	in := new(gen.ReplayRequest)
	return in, s.probeForm(r, "ReplayRequest", in, &in.Photos)
}

// photoNames are the names of a form's photo parts, with what they say of them.
var photoNames = map[string]gen.PhotoInputSource{
	"photo": "", "live_photo": gen.PhotoInputSourceLive, "document_photo": gen.PhotoInputSourceDocument,
}

// probeForm reads a form: a probe part of a schema of the contract into dst, then
// photos into dst's own list of them.
func (s *service) probeForm(r *multipart.Reader, schema string, dst any, photos *[]gen.PhotoInput) error {
	for n := 0; ; n++ {
		p, name, err := formPart(r)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		source, isPhoto := photoNames[name]
		switch {
		case n == 0 && name == "probe":
			err = s.jsonPart(p, schema, "", dst)
			if err == nil && len(*photos) > 0 {
				err = failField("invalid_request", "/photos", "not_here", "a form has photos as parts")
			}
		case n > 0 && n <= maxPhotos && isPhoto:
			var b []byte
			b, err = s.photoPart(p, "/photos/"+itoa(n-1))
			*photos = append(*photos, gen.PhotoInput{Image: b, Source: source})
		default:
			err = fail("malformed_form")
		}
		if err != nil {
			return err
		}
	}
	if len(*photos) == 0 {
		return fail("malformed_form")
	}
	return nil
}

// faceForm reads a face as a form: a photo part and, at will, a face part with
// its box.
func (s *service) faceForm(r *multipart.Reader) (*gen.FaceInput, error) {
	var in gen.FaceInput
	seen := map[string]bool{}
	for {
		p, name, err := formPart(r)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fail("malformed_form")
		}
		seen[name] = true
		switch name {
		case "photo":
			in.Photo.Image, err = s.photoPart(p, "/photo")
		case "face":
			err = s.jsonPart(p, "Box", "/face", &in.Photo.Face)
		default:
			err = fail("malformed_form")
		}
		if err != nil {
			return nil, err
		}
	}
	if !seen["photo"] {
		return nil, fail("malformed_form")
	}
	return &in, nil
}
