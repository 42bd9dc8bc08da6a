package text

import (
	"slices"
	"strings"
	"unicode"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// The fields of an entry, as queries and answers name them.
const (
	fieldName        = "name"
	fieldCase        = "case"
	fieldOffence     = "offence"
	fieldBasis       = "basis"
	fieldFacts       = "facts"
	fieldAssessment  = "assessment"
	fieldDocument    = "document"
	fieldNationality = "nationality"
	fieldBirth       = "birth"
	fieldCategory    = "category"
	fieldAuthority   = "authority"
	fieldCaveat      = "caveat"
	fieldWithdrawn   = "withdrawn"
	fieldID          = "id"
	// Found only when the query names them: nearly every entry has their words.
	fieldAction = "action"
	fieldStatus = "status"
)

// Two more fields hold one word each, for filters.
const (
	filterStatus   = "_status"
	filterCategory = "_category"
)

// weights of the fields in the order of answers: where a word is looked for most.
// Chosen, not measured.
var weights = map[string]int{
	fieldName: 4, fieldCase: 4, fieldDocument: 4, fieldID: 4,
	fieldOffence: 2, fieldBasis: 2, fieldNationality: 2, fieldBirth: 2, fieldCategory: 2, fieldAuthority: 2,
	fieldFacts: 1, fieldAssessment: 1, fieldCaveat: 1, fieldWithdrawn: 1, fieldAction: 1, fieldStatus: 1,
}

// Fields lists the fields that a query may name, sorted.
func Fields() []string {
	out := make([]string, 0, len(weights))
	for f := range weights {
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

// contents is what is indexed of an entry: folded texts by field.
type contents map[string]any

// contentsOf gives what is indexed of an entry. Photos and templates are not.
func contentsOf(e *watchlist.Entry) contents {
	texts := map[string][]string{}
	add := func(field string, values ...string) {
		for _, v := range values {
			if words := fold(v); len(words) > 0 {
				texts[field] = append(texts[field], strings.Join(words, " "))
			}
		}
	}
	// number adds a number as it is written and without its separators.
	number := func(field, v string) {
		add(field, v)
		if words := fold(v); len(words) > 1 {
			texts[field] = append(texts[field], joined(words))
		}
	}
	for _, n := range e.Names {
		add(fieldName, n.Full)
		if !latin(n.Full) {
			add(fieldName, names.Fold(n.Full))
		}
	}
	number(fieldCase, e.CaseReference)
	for _, d := range e.Documents {
		number(fieldDocument, d.Number)
		add(fieldDocument, string(d.Issuer))
	}
	for _, c := range e.Nationalities {
		add(fieldNationality, string(c))
	}
	for _, b := range e.Births {
		add(fieldBirth, b.From.String(), b.To.String(), b.Place)
	}
	add(fieldOffence, e.Offence)
	add(fieldBasis, e.LegalBasis)
	add(fieldFacts, e.Facts)
	add(fieldAssessment, e.Assessments)
	add(fieldCategory, string(e.Category))
	add(fieldAuthority, e.Origin.Authority, string(e.Origin.Country))
	add(fieldCaveat, e.Caveats...)
	add(fieldWithdrawn, e.WithdrawnReason)
	add(fieldID, string(e.ID))
	add(fieldAction, string(e.Action))
	add(fieldStatus, string(e.Status))
	out := contents{filterStatus: string(e.Status), filterCategory: string(e.Category)}
	for f, t := range texts {
		out[f] = t
	}
	return out
}

// latin reports whether all letters of a name are Latin.
func latin(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) })
}
