package watchlist

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// The bounds of a calibration decision: a reason that a court can read has at
// least MinCalibrationReason characters and at most MaxCalibrationReason bytes.
const (
	MinCalibrationReason = 10
	MaxCalibrationReason = 1000
)

// calibrationRE is the form of a calibration's version, which also names a
// folder.
var calibrationRE = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ValidCalibration reports whether v has the form of a calibration's version:
// 1 to 64 lower-case letters, digits and dashes.
func ValidCalibration(v string) bool { return calibrationRE.MatchString(v) }

// CalibrationDecision records that a calibration was put in force: which, in
// place of which, by whom, when and why. Decisions are never changed or removed.
type CalibrationDecision struct {
	// Number counts the decisions from 1.
	Number uint64 `json:"number" cbor:"1,keyasint"`
	// Version names the content of the file, Model the templates that it is for,
	// and File is the SHA-256 of its bytes, under which it lies among the blobs.
	Version string `json:"version" cbor:"2,keyasint"`
	Model   string `json:"model" cbor:"3,keyasint"`
	File    BlobID `json:"file" cbor:"4,keyasint"`
	// Previous is the version in force before, "" when none was recorded; see
	// DecisionsFor for which one it takes the place of.
	Previous string `json:"previous,omitempty" cbor:"5,keyasint,omitempty"`
	// By is the principal's id, At the stamped time in Unix milliseconds, Index
	// the raft index.
	By     string `json:"by" cbor:"6,keyasint"`
	At     int64  `json:"at" cbor:"7,keyasint"`
	Index  uint64 `json:"index" cbor:"8,keyasint"`
	Reason string `json:"reason" cbor:"9,keyasint"`
	// Shipped tells that the decision records what the release brought, and that
	// nobody chose it.
	Shipped bool `json:"shipped,omitempty" cbor:"10,keyasint,omitempty"`
}

// Validate lists what is wrong with version, model, file and reason, with
// pointers into the API's request.
func (d *CalibrationDecision) Validate() ValidationError {
	var v ValidationError
	add := func(bad bool, pointer, code, detail string) {
		if bad {
			v = append(v, FieldError{Pointer: pointer, Code: code, Detail: detail})
		}
	}
	add(!ValidCalibration(d.Version), "/file", "malformed", "the version is not of the form of a calibration's")
	add(d.Model == "" || len(d.Model) > MaxShort, "/file", "malformed", "the file names no model, or one of more than 200 bytes")
	add(!d.File.Valid(), "/file", "malformed", "the file is not named by its SHA-256")
	n := utf8.RuneCountInString(strings.TrimSpace(d.Reason))
	add(n < MinCalibrationReason, "/reason", "too_short", "say why, in at least 10 characters")
	add(len(d.Reason) > MaxCalibrationReason, "/reason", "too_long", "at most 1000 bytes")
	return v
}

// DecisionsFor gives, of a history, the decisions that stand in one line with those on
// templates of a model, in their order. Decisions on one encoder's templates are one
// line, whichever model they are of; those on composite templates are a line for each
// model: a calibration of both encoders takes the place of another one of both, and of
// no other.
func DecisionsFor(history []CalibrationDecision, model string) []CalibrationDecision {
	var out []CalibrationDecision
	for _, d := range history {
		if decisionLine(d.Model) == decisionLine(model) {
			out = append(out, d)
		}
	}
	return out
}

func decisionLine(model string) string {
	if IsComposite(model) {
		return model
	}
	return ""
}

// CalibrationAsOf gives the version that was in force at a raft index by the
// decisions so far (oldest first): that of the last decision up to it; before
// the first one, what the first one says was in force. It is "" when the
// decisions don't tell.
func CalibrationAsOf(history []CalibrationDecision, index uint64) string {
	version := ""
	for i, d := range history {
		switch {
		case d.Index <= index:
			version = d.Version
		case i == 0 && d.Shipped:
			return d.Version
		}
	}
	return version
}

// CalibrationError says that a node holds no gallery of the calibration that a
// replay needs.
type CalibrationError struct {
	// Version is the calibration; Known tells that the cluster's history has it.
	Version string
	Known   bool
}

// Error names the version.
func (e *CalibrationError) Error() string {
	return "this node holds no gallery of calibration " + e.Version
}
