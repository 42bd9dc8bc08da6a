package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// rejectedLine is a line of an import whose entry doesn't fit the contract.
type rejectedLine struct {
	line int
	err  *apiError
}

// checkedBody is a body that was decoded and checked already; the generated
// binding takes the value from it.
type checkedBody struct {
	io.ReadCloser
	value any
}

// ValidatedValue gives the decoded value.
func (b checkedBody) ValidatedValue() any { return b.value }

// validateLines checks an import line by line: a bad entry rejects its line
// alone, anything else the request.
func (s *Server) validateLines(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		r := ec.Request()
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return bodyError(err)
		}
		value, err := decodeObject(raw, callOf(r.Context()).op.maxValues)
		if err != nil {
			return err
		}
		good, rejected, err := s.valid.lines(value.(map[string]any))
		if err != nil {
			return err
		}
		callOf(r.Context()).rejected = rejected
		r.Body = checkedBody{ReadCloser: io.NopCloser(bytes.NewReader(raw)), value: good}
		return next(ec)
	}
}

// lines splits an ImportRequest into what can be bound and the lines that
// can't.
func (v *validator) lines(request map[string]any) (any, []rejectedLine, error) {
	list, ok := request["lines"].([]any)
	if _, given := request["lines"]; given && (!ok || len(list) == 0 || len(list) > 256) {
		return nil, nil, failField("invalid_request", "/lines", "out_of_range", "a list of 1 to 256 lines")
	}
	good := make([]any, 0, len(list))
	var rejected []rejectedLine
	for i, one := range list {
		err := v.value("ImportLine", one, "")
		if err == nil {
			good = append(good, one)
			continue
		}
		e := asAPIError(err)
		n, numbered := lineNumber(one)
		if !numbered || !within(e, "/entry") {
			for j := range e.fields {
				e.fields[j].Pointer = "/lines/" + itoa(i) + e.fields[j].Pointer
			}
			return nil, nil, e
		}
		for j := range e.fields {
			e.fields[j].Pointer = strings.TrimPrefix(e.fields[j].Pointer, "/entry")
		}
		rejected = append(rejected, rejectedLine{line: n, err: e})
	}
	if len(list) == 0 || len(good) > 0 {
		shell := map[string]any{}
		for k, x := range request {
			shell[k] = x
		}
		if len(good) > 0 {
			shell["lines"] = good[:1] // all of them are checked
		}
		if err := v.value("ImportRequest", shell, ""); err != nil {
			return nil, nil, err
		}
		if len(good) > 0 {
			shell["lines"] = good
		}
		return shell, rejected, nil
	}
	return map[string]any{"lines": []any{}}, rejected, nil
}

func lineNumber(line any) (int, bool) {
	m, ok := line.(map[string]any)
	if !ok {
		return 0, false
	}
	n, ok := m["line"].(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return int(i), err == nil && i > 0 && i < 1<<40
}

// within tells whether every field problem lies under a pointer.
func within(e *apiError, pointer string) bool {
	for _, f := range e.fields {
		if !strings.HasPrefix(f.Pointer, pointer) {
			return false
		}
	}
	return len(e.fields) > 0 && problemKinds[e.code].status == http.StatusBadRequest
}
