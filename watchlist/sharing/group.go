package sharing

import "strings"

// Groups is a set of field groups.
type Groups uint8

// The groups. Every field of an entry is in one of them, but those that every
// recipient needs to keep a copy at all: id, origin's country, revision, end date.
const (
	// Core: authority, category, action, date of issue, review date, caveats,
	// whether it is a specimen. It goes with any other group.
	Core Groups = 1 << iota
	// Identity: names, births, sex, nationalities.
	Identity
	// Templates: the templates of the faces, their models and quality.
	Templates
	// Documents: identity and travel documents; of a reported document, all of it.
	Documents
	// Photo: the SHA-256 of the photos, which is what a photo is fetched by.
	Photo
	// Case: facts, assessments, legal basis, offence, case reference.
	Case
	// All is every group.
	All = Core | Identity | Templates | Documents | Photo | Case
)

// Each lists the groups, in the order of all lists and encodings.
func Each() [6]Groups { return [6]Groups{Core, Identity, Templates, Documents, Photo, Case} }

// Has reports whether g holds all of h.
func (g Groups) Has(h Groups) bool { return g&h == h }

// Valid reports whether g holds no unknown group.
func (g Groups) Valid() bool { return g&^All == 0 }

// String names the groups, joined by "+", "none" for the empty set.
func (g Groups) String() string {
	words := [6]string{"core", "identity", "templates", "documents", "photo", "case"}
	var out []string
	for i, one := range Each() {
		if g.Has(one) {
			out = append(out, words[i])
		}
	}
	if g&^All != 0 {
		out = append(out, "unknown")
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, "+")
}
