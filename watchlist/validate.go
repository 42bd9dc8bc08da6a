package watchlist

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The size limits of an entry, per list and per text field (in characters).
const (
	MaxNames     = 50
	MaxBirths    = 10
	MaxDocuments = 20
	MaxFaces     = 10
	MaxCountries = 60
	MaxCaveats   = 10
	MaxName      = 200
	MaxText      = 4000
	MaxShort     = 200
)

type checker struct{ errs ValidationError }

func (c *checker) add(ptr, code, detail string) {
	c.errs = append(c.errs, FieldError{Pointer: ptr, Code: code, Detail: detail})
}

func (c *checker) err() error {
	if len(c.errs) == 0 {
		return nil
	}
	return c.errs
}

// text checks a free-text field: length in characters, valid UTF-8, no control
// characters other than newline and tab.
func (c *checker) text(ptr, s string, max int, required bool) {
	switch {
	case required && strings.TrimSpace(s) == "":
		c.add(ptr, "required", "this field is required")
	case !utf8.ValidString(s):
		c.add(ptr, "invalid_utf8", "the text is not valid UTF-8")
	case utf8.RuneCountInString(s) > max:
		c.add(ptr, "too_long", fmt.Sprintf("at most %d characters", max))
	case strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) >= 0:
		c.add(ptr, "control_character", "control characters are not allowed")
	}
}

// visible refuses characters that change how a name is shown without being seen:
// bidirectional embeddings, overrides and isolates (UAX #9), zero-width spaces
// and joiners of words. The zero-width joiner and non-joiner, which Arabic script
// and N'Ko need, pass, and so do the direction marks.
func (c *checker) visible(ptr, s string) {
	hidden := func(r rune) bool {
		return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200B || r == 0x2060 || r == 0xFEFF
	}
	if strings.IndexFunc(s, hidden) >= 0 {
		c.add(ptr, "control_character", "invisible characters that reorder or split a name are not allowed")
	}
}

func oneOf[T comparable](c *checker, ptr string, v T, allowed ...T) {
	if !slices.Contains(allowed, v) {
		c.add(ptr, "unknown_value", "not one of the allowed values")
	}
}

func (c *checker) count(ptr string, n, max int) {
	if n > max {
		c.add(ptr, "too_many", fmt.Sprintf("at most %d items", max))
	}
}

// Validate checks everything that an entry must hold before it is written
// (L12, L15 to L17). It returns a ValidationError or nil.
func (e *Entry) Validate() error {
	c := &checker{}
	if !e.ID.Valid() {
		c.add("/id", "malformed", "an entry id is ORIGIN-uuid")
	} else if e.ID.Origin() != e.Origin.Country {
		c.add("/id", "foreign_origin", "the id must begin with the origin's country")
	}
	if !e.Origin.Country.Valid() {
		c.add("/origin/country", "malformed", "a country is an ISO 3166-1 alpha-3 code")
	}
	c.text("/origin/authority", e.Origin.Authority, MaxShort, true)
	oneOf(c, "/category", e.Category, CategorySmuggler, CategoryTrafficker, CategoryDocumentFraud, CategoryFacilitator)
	oneOf(c, "/action", e.Action, ActionArrest, ActionRefuse, ActionLocate, ActionDiscreetCheck, ActionInquiryCheck, ActionSpecificCheck, ActionSeizeDocument)
	oneOf(c, "/status", e.Status, StatusDraft, StatusActive, StatusSuspended, StatusWithdrawn)
	e.checkIdentity(c)
	e.checkLegal(c)
	return c.err()
}

func (e *Entry) checkIdentity(c *checker) {
	if len(e.Names) == 0 && len(e.Faces) == 0 && len(e.Documents) == 0 {
		c.add("/names", "required", "an entry needs a name, a face or a document")
	}
	c.count("/names", len(e.Names), MaxNames)
	for i, n := range e.Names {
		p := fmt.Sprintf("/names/%d", i)
		CheckName(n, p, &c.errs)
		c.visible(p+"/full", n.Full)
		c.visible(p+"/surname", n.Surname)
		c.visible(p+"/given", n.Given)
	}
	c.count("/births", len(e.Births), MaxBirths)
	for i, b := range e.Births {
		CheckBirth(b, fmt.Sprintf("/births/%d", i), &c.errs)
	}
	oneOf(c, "/sex", e.Sex, SexMale, SexFemale, SexUnspecified, SexUnknown)
	c.countries("/nationalities", e.Nationalities)
	c.count("/documents", len(e.Documents), MaxDocuments)
	for i, d := range e.Documents {
		CheckDocument(d, fmt.Sprintf("/documents/%d", i), &c.errs)
	}
	c.count("/faces", len(e.Faces), MaxFaces)
	for i, f := range e.Faces {
		p := fmt.Sprintf("/faces/%d", i)
		if _, err := DecodeTemplate(f.Template); err != nil {
			c.add(p+"/template", "template_invalid", "the template must hold "+TemplateDims+" finite values")
		}
		c.text(p+"/model", f.Model, MaxShort, true)
		c.text(p+"/id", f.ID, MaxShort, true)
		if f.Photo != "" && !f.Photo.Valid() {
			c.add(p+"/photo", "malformed", "a photo is named by its SHA-256")
		}
	}
}

func (e *Entry) checkLegal(c *checker) {
	c.text("/facts", e.Facts, MaxText, false)
	c.text("/assessments", e.Assessments, MaxText, false)
	c.text("/legal_basis", e.LegalBasis, MaxText, true)
	c.text("/offence", e.Offence, MaxText, true)
	c.text("/case_reference", e.CaseReference, MaxShort, true)
	c.text("/withdrawn_reason", e.WithdrawnReason, MaxText, false)
	if e.Issued <= 0 {
		c.add("/issued", "required", "the date of issue is required")
	}
	if e.ReviewBy < e.Issued {
		c.add("/review_by", "out_of_range", "the review date must not lie before the date of issue")
	}
	if e.ExpiresAt <= e.Issued {
		c.add("/expires_at", "out_of_range", "the end date must lie after the date of issue")
	}
	if e.ReviewBy > e.ExpiresAt {
		c.add("/review_by", "out_of_range", "the review date must not lie after the end date")
	}
	c.countries("/releasable_to", e.ReleasableTo)
	c.count("/caveats", len(e.Caveats), MaxCaveats)
	for i, s := range e.Caveats {
		c.text(fmt.Sprintf("/caveats/%d", i), s, MaxShort, true)
	}
}

func (c *checker) countries(ptr string, list []Country) {
	c.count(ptr, len(list), MaxCountries)
	for i, x := range list {
		if !x.Valid() {
			c.add(fmt.Sprintf("%s/%d", ptr, i), "malformed", "a country is an ISO 3166-1 alpha-3 code")
		}
	}
}

// CheckName appends to errs what is wrong with a name, of an entry or of a probe;
// ptr is the name's JSON pointer. Invisible characters pass: a probe may hold
// them, and comparing folds them away.
func CheckName(n Name, ptr string, errs *ValidationError) {
	c := &checker{}
	oneOf(c, ptr+"/kind", n.Kind, NamePrimary, NameAlias, NameWeak)
	c.text(ptr+"/full", n.Full, MaxName, true)
	c.text(ptr+"/surname", n.Surname, MaxName, false)
	c.text(ptr+"/given", n.Given, MaxName, false)
	if n.Full != "" && strings.IndexFunc(n.Full, unicode.IsLetter) < 0 {
		c.add(ptr+"/full", "no_letters", "a name has at least one letter")
	}
	*errs = append(*errs, c.errs...)
}

// CheckBirth appends to errs what is wrong with a birth; ptr is its JSON
// pointer.
func CheckBirth(b Birth, ptr string, errs *ValidationError) {
	c := &checker{}
	if b.From.IsZero() || !b.From.Valid() {
		c.add(ptr+"/date", "malformed", "a date is YYYY, YYYY-MM or YYYY-MM-DD")
	}
	if !b.To.Valid() || !b.To.IsZero() && b.To.String() < b.From.String() {
		c.add(ptr+"/to", "out_of_range", "the end of a range must not lie before its beginning")
	}
	c.text(ptr+"/place", b.Place, MaxShort, false)
	*errs = append(*errs, c.errs...)
}

// CheckDocument appends to errs what is wrong with a document; ptr is its JSON
// pointer.
func CheckDocument(d Document, ptr string, errs *ValidationError) {
	c := &checker{}
	oneOf(c, ptr+"/type", d.Type, "passport", "identity_card", "residence_permit", "visa", "driving_licence", "other")
	c.text(ptr+"/number", d.Number, 40, true)
	if d.Number != "" && strings.IndexFunc(d.Number, func(r rune) bool { return r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }) < 0 {
		c.add(ptr+"/number", "malformed", "a document number has letters A-Z or digits")
	}
	if d.Issuer != "" && !d.Issuer.Valid() {
		c.add(ptr+"/issuer", "malformed", "an issuer is an ICAO Doc 9303 code")
	}
	if !d.Expiry.Valid() {
		c.add(ptr+"/expiry", "malformed", "a date is YYYY, YYYY-MM or YYYY-MM-DD")
	}
	oneOf(c, ptr+"/status", d.Status, DocumentValid, DocumentLost, DocumentStolen, DocumentCancelled, DocumentForged, DocumentUnknown, "")
	*errs = append(*errs, c.errs...)
}
