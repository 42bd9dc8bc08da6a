package importer

import (
	"fmt"
	"strings"
	"time"

	"vigie/watchlist"
)

// Record is one entry to be written, as read from one line.
type Record struct {
	// Line is the line of the input where the record begins, from 1.
	Line int
	// Entry has everything but ID, Origin, Revision and Faces.
	Entry watchlist.Entry
	// Photos are file names relative to the photo folder, without "..".
	Photos []string
}

// Problem is one thing that is wrong in one line of the input.
type Problem struct {
	Line int `json:"line"`
	// Field is the column, or a JSON pointer into the entry.
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail"`
}

// Error implements error as "line N: field: detail".
func (p Problem) Error() string {
	if p.Field == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Detail)
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Field, p.Detail)
}

// placeholder stands for the id that the node will give, so that the entry's own
// rules can be checked before anything is sent.
const placeholder = "00000000-0000-7000-8000-000000000000"

// Check applies the rules of the watchlist to the record. now is the time of the
// check: an entry that is already over is refused, since it would never match.
func (r *Record) Check(now time.Time) []Problem {
	var out []Problem
	e := r.Entry
	e.Origin = watchlist.Origin{Country: "XXX", Authority: "import"}
	e.ID = watchlist.NewEntryID(e.Origin.Country, placeholder)
	if len(e.Names) == 0 && len(e.Documents) == 0 && len(r.Photos) > 0 {
		// The photos will make it findable; the rule on identity is met.
		e.Documents = []watchlist.Document{{Type: "other", Number: "0"}}
	}
	if err := e.Validate(); err != nil {
		fields, ok := err.(watchlist.ValidationError)
		if !ok {
			return []Problem{{Line: r.Line, Detail: err.Error()}}
		}
		for _, f := range fields {
			out = append(out, Problem{Line: r.Line, Field: f.Pointer, Detail: f.Detail})
		}
	}
	if e.ExpiresAt > 0 && e.ExpiresAt <= now.UnixMilli() {
		out = append(out, Problem{Line: r.Line, Field: "/expires_at", Detail: "the end date has passed: the entry could never match"})
	}
	if len(r.Photos) > watchlist.MaxFaces {
		out = append(out, Problem{Line: r.Line, Field: "photos", Detail: fmt.Sprintf("at most %d photos", watchlist.MaxFaces)})
	}
	return out
}

// finish sets what follows from other fields.
func (r *Record) finish() {
	e := &r.Entry
	if e.Status == "" {
		e.Status = watchlist.StatusActive
	}
	for i := range e.Names {
		n := &e.Names[i]
		if n.Kind == "" {
			n.Kind = watchlist.NameAlias
			if i == 0 {
				n.Kind = watchlist.NamePrimary
			}
		}
		if n.Full == "" {
			n.Full = strings.TrimSpace(n.Given + " " + n.Surname)
		}
	}
	if e.ReviewBy == 0 {
		e.ReviewBy = e.ExpiresAt
	}
}
