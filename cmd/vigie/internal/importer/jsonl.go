package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"time"

	"vigie/watchlist"
)

// jsonEntry is one line of a JSON lines file: the entry as the API takes it,
// with dates as text, and the photos' file names.
type jsonEntry struct {
	Category      watchlist.Category   `json:"category"`
	Action        watchlist.Action     `json:"action"`
	Status        watchlist.Status     `json:"status"`
	Names         []watchlist.Name     `json:"names"`
	Births        []watchlist.Birth    `json:"births"`
	Sex           watchlist.Sex        `json:"sex"`
	Nationalities []watchlist.Country  `json:"nationalities"`
	Documents     []watchlist.Document `json:"documents"`
	Facts         string               `json:"facts"`
	Assessments   string               `json:"assessments"`
	LegalBasis    string               `json:"legal_basis"`
	Offence       string               `json:"offence"`
	CaseReference string               `json:"case_reference"`
	Issued        day                  `json:"issued"`
	ReviewBy      day                  `json:"review_by"`
	ExpiresAt     day                  `json:"expires_at"`
	ReleasableTo  []watchlist.Country  `json:"releasable_to"`
	Caveats       []string             `json:"caveats"`
	Specimen      bool                 `json:"specimen"`
	Photos        []string             `json:"photos"`
}

// day is an instant written as YYYY-MM-DD or RFC 3339.
type day int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *day) UnmarshalText(b []byte) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, string(b)); err == nil {
			*d = day(t.UnixMilli())
			return nil
		}
	}
	return errors.New("a date is YYYY-MM-DD or RFC 3339")
}

// JSONLines reads one JSON object a line; empty lines are skipped. It yields a
// record, or the problems of a line, never both.
func JSONLines(b []byte) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		sc := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
		sc.Buffer(make([]byte, 64<<10), maxLine)
		line := 0
		for sc.Scan() {
			line++
			if len(bytes.TrimSpace(sc.Bytes())) == 0 {
				continue
			}
			if rec, err := jsonRecord(line, sc.Bytes()); !yield(rec, err) {
				return
			}
		}
		if sc.Err() != nil {
			yield(nil, Problems{{Line: line + 1, Detail: fmt.Sprintf("the line is longer than %d bytes; the rest was not read", maxLine)}})
		}
	}
}

func jsonRecord(line int, b []byte) (*Record, error) {
	var in jsonEntry
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if b = bytes.TrimSpace(b); b[0] != '{' && json.Valid(b) {
		return nil, Problems{{Line: line, Detail: "one JSON object a line is expected"}}
	}
	if err := dec.Decode(&in); err != nil {
		return nil, Problems{jsonProblem(line, err)}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, Problems{{Line: line, Detail: "one JSON object a line is expected"}}
	}
	rec := &Record{Line: line, Photos: in.Photos, Entry: watchlist.Entry{
		Category: in.Category, Action: in.Action, Status: in.Status, Names: in.Names, Births: in.Births, Sex: in.Sex,
		Nationalities: in.Nationalities, Documents: in.Documents, Facts: in.Facts, Assessments: in.Assessments,
		LegalBasis: in.LegalBasis, Offence: in.Offence, CaseReference: in.CaseReference, Issued: int64(in.Issued),
		ReviewBy: int64(in.ReviewBy), ExpiresAt: int64(in.ExpiresAt), ReleasableTo: in.ReleasableTo, Caveats: in.Caveats,
		Specimen: in.Specimen,
	}}
	var found Problems
	for i, name := range in.Photos {
		if detail := CheckPhotoName(name); detail != "" {
			found = append(found, Problem{Line: line, Field: fmt.Sprintf("/photos/%d", i), Detail: detail})
		}
	}
	if len(found) > 0 {
		return nil, found
	}
	rec.finish()
	return rec, nil
}

// jsonKind names a Go kind as JSON does.
func jsonKind(k reflect.Kind) string {
	switch k {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	}
	return "a number"
}

// jsonProblem keeps the rule and the place of a decoding error, not the value.
func jsonProblem(line int, err error) Problem {
	var te *json.UnmarshalTypeError
	var se *json.SyntaxError
	switch {
	case errors.As(err, &te):
		return Problem{Line: line, Field: "/" + strings.ReplaceAll(te.Field, ".", "/"), Detail: jsonKind(te.Type.Kind()) + " is expected"}
	case errors.As(err, &se):
		return Problem{Line: line, Detail: fmt.Sprintf("not JSON, at byte %d", se.Offset)}
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return Problem{Line: line, Field: strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`), Detail: "unknown field"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Problem{Line: line, Detail: "the JSON object is cut off"}
	}
	return Problem{Line: line, Detail: "a value is malformed: dates are YYYY-MM-DD"}
}
