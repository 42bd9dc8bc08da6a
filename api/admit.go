package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"vigie/api/gen"
)

const (
	// maxDepth is how deeply JSON may be nested; the contract needs 8.
	maxDepth = 32
	// maxValues is how many list items and members a JSON body may hold, where
	// the contract's x-max-values doesn't say otherwise: ten faces with 512
	// values each and all the rest of an entry fit. A decoded value takes some
	// hundred bytes and one refused by the checker several hundred, so that the
	// size of the body alone bounds no memory.
	maxValues = 8192
)

// admit checks what can be checked before a body is understood: media types,
// query parameters, size, depth. A JSON body is read here, once; a multipart one
// is left to its handler, behind the same cap.
func (s *Server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		r := ec.Request()
		op := callOf(r.Context()).op
		if op == nil {
			return next(ec)
		}
		if !acceptable(r.Header.Values("Accept"), op.produces) {
			return fail("not_acceptable")
		}
		if err := knownQuery(r, op); err != nil {
			return err
		}
		if len(op.consumes) == 0 {
			r.Body = http.NoBody
			r.ContentLength = 0
			return next(ec)
		}
		media, err := s.mediaOf(r, op)
		if err != nil {
			return err
		}
		// One that alone is above the limit passes when it is alone.
		if weight := min(op.weight(r.ContentLength, media == multipartForm), s.opt.MaxUploadBytes); weight > 0 {
			if !s.uploads.TryAcquire(weight) {
				return fail("overloaded")
			}
			defer s.uploads.Release(weight)
		}
		if media == multipartForm {
			r.Body = http.MaxBytesReader(ec.Response().Writer, r.Body, op.maxMultipart)
			return next(ec)
		}
		body, err := readBody(ec.Response().Writer, r, op.maxBody)
		if err != nil {
			return err
		}
		if err := checkObject(body, op.maxValues); err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		return next(ec)
	}
}

// mediaOf gives the body's media type in the contract's spelling, and leaves it
// so in the header.
func (s *Server) mediaOf(r *http.Request, op *operation) (string, error) {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return "", fail("unsupported_encoding")
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(op.consumes, media) {
		return "", fail("unsupported_media_type")
	}
	if cs, ok := params["charset"]; ok && !strings.EqualFold(cs, "utf-8") {
		return "", fail("unsupported_media_type")
	}
	if media == multipartForm {
		if params["boundary"] == "" {
			return "", fail("malformed_form")
		}
		r.Header.Set("Content-Type", mime.FormatMediaType(media, map[string]string{"boundary": params["boundary"]}))
		return media, nil
	}
	r.Header.Set("Content-Type", media)
	return media, nil
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, fail("body_too_large")
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return nil, bodyError(err)
	}
	if buf.Len() == 0 {
		return nil, fail("body_missing")
	}
	return buf.Bytes(), nil
}

// bodyError tells the ways in which reading a body fails.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	var ne net.Error
	switch {
	case errors.As(err, &tooLarge):
		return fail("body_too_large")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return fail("request_timeout")
	}
	// The client broke off, or sent less than it announced.
	return fail("client_gone")
}

// knownQuery refuses query parameters that the operation doesn't have: a
// misspelt filter must not silently list everything.
func knownQuery(r *http.Request, op *operation) error {
	// Query drops what it can't read, and a filter with it.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &apiError{code: "invalid_request", fields: []gen.FieldProblem{{Parameter: "query", Code: "malformed", Detail: "not percent-encoded name=value pairs between &"}}}
	}
	for name, values := range query {
		if !slices.Contains(op.query, name) {
			return &apiError{code: "invalid_request", fields: []gen.FieldProblem{{Parameter: "query", Code: "unknown_parameter", Detail: "this operation knows: " + known(op.query)}}}
		}
		if len(values) > 1 {
			return &apiError{code: "invalid_request", fields: []gen.FieldProblem{{Parameter: name, Code: "repeated", Detail: "give it once"}}}
		}
	}
	return nil
}

func known(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// acceptable tells whether Accept allows one of the answer's media types.
// Weights are not weighed: one type is offered.
func acceptable(accept, produces []string) bool {
	if len(accept) == 0 || len(produces) == 0 {
		return true
	}
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		media, _, _ := strings.Cut(part, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if media == "*/*" {
			return true
		}
		for _, p := range produces {
			group, _, _ := strings.Cut(p, "/")
			if media == p && p != mediaProblem || media == group+"/*" && p != mediaProblem {
				return true
			}
		}
	}
	return false
}
