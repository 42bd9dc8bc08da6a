package matcher

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigie/watchlist"
)

// The limits of a probe.
const (
	// MaxSamples is the most photos, and the most templates.
	MaxSamples = 8
	// MaxNames and MaxDocuments are the most names and documents.
	MaxNames     = 10
	MaxDocuments = 10
	// MaxReason is the longest reason, in characters.
	MaxReason = 500
	// MaxLimit is the most candidates that can be asked for; DefaultLimit is
	// what a Limit of 0 means.
	MaxLimit     = 50
	DefaultLimit = 10
)

// ProbeError ties an error to the part of the probe that caused it.
type ProbeError struct {
	// Pointer is the JSON pointer into the request, such as "/photos/0".
	Pointer string
	// Err is the cause, usually a *watchlist.FaceError.
	Err error
}

// Error implements error.
func (e *ProbeError) Error() string { return e.Pointer + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *ProbeError) Unwrap() error { return e.Err }

// JSONPointer gives Pointer; the API looks for it through the error's chain.
func (e *ProbeError) JSONPointer() string { return e.Pointer }

// check reports everything that is wrong with a probe as a
// watchlist.ValidationError, or nil.
func check(p *watchlist.Probe) error {
	var errs watchlist.ValidationError
	add := func(ptr, code, detail string) {
		errs = append(errs, watchlist.FieldError{Pointer: ptr, Code: code, Detail: detail})
	}
	checkSamples(p, add)
	if len(p.Names) > MaxNames {
		add("/names", "too_many", fmt.Sprintf("at most %d items", MaxNames))
	}
	for i, n := range p.Names {
		if n.Kind == "" {
			n.Kind = watchlist.NamePrimary
		}
		watchlist.CheckName(n, fmt.Sprintf("/names/%d", i), &errs)
	}
	if p.Birth != (watchlist.Birth{}) {
		watchlist.CheckBirth(p.Birth, "/birth", &errs)
	}
	switch p.Sex {
	case watchlist.SexMale, watchlist.SexFemale, watchlist.SexUnspecified, watchlist.SexUnknown:
	default:
		add("/sex", "unknown_value", "not one of the allowed values")
	}
	if p.Nationality != "" && !p.Nationality.Valid() {
		add("/nationality", "malformed", "a country is an ISO 3166-1 alpha-3 code")
	}
	if len(p.Documents) > MaxDocuments {
		add("/documents", "too_many", fmt.Sprintf("at most %d items", MaxDocuments))
	}
	for i, d := range p.Documents {
		if d.Type == "" {
			d.Type = "other"
		}
		watchlist.CheckDocument(d, fmt.Sprintf("/documents/%d", i), &errs)
	}
	if len(p.Photos)+len(p.Templates)+len(p.Names)+len(p.Documents) == 0 {
		add("", "nothing_to_search", "give at least a photo, a name or a document; birth, sex and nationality alone find nobody")
	}
	checkCircumstances(p, add)
	if len(errs) == 0 {
		return nil
	}
	return errs
}

func checkSamples(p *watchlist.Probe, add func(ptr, code, detail string)) {
	if len(p.Photos) > MaxSamples {
		add("/photos", "too_many", fmt.Sprintf("at most %d items", MaxSamples))
	}
	for i, ph := range p.Photos {
		ptr := fmt.Sprintf("/photos/%d", i)
		if len(ph.Bytes) == 0 {
			add(ptr, "required", "the photo is empty")
		}
		if b := ph.Face; b != nil && (b.Left >= b.Right || b.Top >= b.Bottom) {
			add(ptr+"/face", "malformed", "a box ends to the right of and below its beginning")
		}
	}
	if len(p.Templates) > MaxSamples {
		add("/templates", "too_many", fmt.Sprintf("at most %d items", MaxSamples))
	}
	for i, t := range p.Templates {
		ptr := fmt.Sprintf("/templates/%d", i)
		if err := watchlist.CheckTemplate(t.Template); err != nil {
			add(ptr, watchlist.FaceBadTemplate, err.Error())
		}
		if t.Model == "" {
			add(ptr+"/model", "required", "a template names its model")
		}
	}
}

// checkCircumstances checks why the search is made (L1), and its limit.
func checkCircumstances(p *watchlist.Probe, add func(ptr, code, detail string)) {
	switch p.Purpose {
	case watchlist.PurposeBorderCheck, watchlist.PurposeSecondLine, watchlist.PurposeInvestigation, watchlist.PurposeTest:
	case "":
		add("/purpose", "required", "a search needs a purpose")
	default:
		add("/purpose", "unknown_value", "not one of the allowed values")
	}
	switch {
	case strings.TrimSpace(p.Reason) == "":
		add("/reason", "required", "a search needs a reason, such as a case number")
	case !utf8.ValidString(p.Reason):
		add("/reason", "invalid_utf8", "the text is not valid UTF-8")
	case utf8.RuneCountInString(p.Reason) > MaxReason:
		add("/reason", "too_long", fmt.Sprintf("at most %d characters", MaxReason))
	case strings.IndexFunc(p.Reason, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) >= 0:
		add("/reason", "control_character", "control characters are not allowed")
	}
	if p.Limit < 0 || p.Limit > MaxLimit {
		add("/limit", "out_of_range", fmt.Sprintf("from 1 to %d", MaxLimit))
	}
}
