package mrz

import (
	"strings"
	"unicode"

	"vigie/watchlist"
	"vigie/watchlist/country"
)

// Status is what became of one check digit.
type Status string

// The outcomes.
const (
	// StatusOK: the printed digit is the computed one.
	StatusOK Status = "ok"
	// StatusWrong: it is another, or no digit.
	StatusWrong Status = "wrong"
	// StatusAbsent: the format has none, or a filler stands in its place and
	// Doc 9303 allows that.
	StatusAbsent Status = "absent"
)

// The fields that check digits guard.
const (
	FieldNumber    = "document_number"
	FieldBirth     = "birth_date"
	FieldExpiry    = "expiry_date"
	FieldPersonal  = "personal_number"
	FieldComposite = "composite"
	FieldName      = "name"
	FieldSex       = "sex"
	// FieldIssuer and FieldNationality have no check digit: only codes that are
	// assigned are taken for read.
	FieldIssuer      = "issuer"
	FieldNationality = "nationality"
)

// The codes of Document.Warnings.
const (
	WarningBirth       = "birth_date_unreadable"
	WarningExpiry      = "expiry_date_unreadable"
	WarningSex         = "sex_unreadable"
	WarningNameBlocks  = "name_blocks"
	WarningNameDigit   = "name_digit"
	WarningNameEmpty   = "name_empty"
	WarningNationality = "nationality_unreadable"
	WarningIssuer      = "issuer_unreadable"
	// An unassigned code has the form of one, but no state or organisation has it.
	WarningNationalityUnassigned = "nationality_unassigned"
	WarningIssuerUnassigned      = "issuer_unassigned"
)

// Check is the status of one check digit.
type Check struct {
	Field  string `json:"field"`
	Status Status `json:"status"`
	// Pointer is the line that holds the digit, "/mrz/0" to "/mrz/2"; Position is
	// its place there, from 0. Both are zero when the format has no such digit.
	Pointer  string `json:"pointer,omitempty"`
	Position int    `json:"position,omitempty"`
}

// Repair proposes one other reading of one character. Nothing is repaired: a
// person compares it with the document.
type Repair struct {
	Field   string `json:"field"`
	Pointer string `json:"pointer"`
	// Position is the place in the line, from 0.
	Position int `json:"position"`
	// From is the character as read, To the one proposed.
	From string `json:"from"`
	To   string `json:"to"`
	// Sole tells that no other single reading makes the check digit right.
	Sole bool `json:"sole"`
}

// Document is a zone as read. Fields that could not be read are zero.
type Document struct {
	Format Format
	// Code is the document code, "P", "ID", "V" … without fillers.
	Code string
	// Issuer and Nationality are Doc 9303-3 codes that are assigned, else "".
	Issuer, Nationality watchlist.Country
	// IssuerPrinted and NationalityPrinted are the same as printed, fillers at the
	// end dropped, assigned or not.
	IssuerPrinted, NationalityPrinted string
	// Surname is the primary identifier, Given the secondary one, words separated
	// by spaces. A zone with one identifier alone has Given == "".
	Surname, Given string
	// LikelySurname and LikelyGiven are the same with digits turned into the letters
	// that they are taken for, and single letters between fillers dropped that
	// readers take fillers for. Both are "" when that changes nothing.
	LikelySurname, LikelyGiven string
	// Truncated tells that the name field is full to its last character, so the
	// last word may be cut off.
	Truncated bool
	// NoSecondary tells that there is no secondary identifier at all.
	NoSecondary bool
	// Number is the document number, with the overflow of TD1 and TD2.
	Number string
	// Birth is the date of birth: with unknown parts as a partial date or range,
	// zero when it cannot be read. See ParseAt for the century.
	Birth watchlist.Birth
	// BirthDigits and ExpiryDigits are the six characters as printed.
	BirthDigits, ExpiryDigits string
	Expiry                    watchlist.PartialDate
	Sex                       watchlist.Sex
	// Optional is the optional data, fillers at its ends dropped.
	Optional []string
	Checks   []Check
	Repairs  []Repair
	// Warnings are stable codes of other oddities: the Warning* constants.
	Warnings []string
}

// Wrong lists the checks that failed. An API refuses a zone with any, unless its
// caller accepts them.
func (d Document) Wrong() []Check {
	var out []Check
	for _, c := range d.Checks {
		if c.Status == StatusWrong {
			out = append(out, c)
		}
	}
	return out
}

// Names gives the name for a probe, surname first as printed, so that a cut-off
// word comes last, and its likely reading beside it where the field has signs of
// misreading; and in Arabic letters, when it was printed from them by Doc 9303's
// table. A search for all of them loses nothing. A zone without a name gives none.
func (d Document) Names() []watchlist.Name {
	var out []watchlist.Name
	add := func(surname, given string) {
		if full := strings.TrimSpace(surname + " " + given); strings.IndexFunc(full, unicode.IsLetter) >= 0 {
			out = append(out, watchlist.Name{
				Kind: watchlist.NamePrimary, Script: watchlist.ScriptLatin, Full: full,
				Surname: surname, Given: given, Truncated: d.Truncated,
			})
		}
	}
	add(d.Surname, d.Given)
	add(d.LikelySurname, d.LikelyGiven)
	for _, s := range parted(d.Surname, d.Given) {
		add(s[0], s[1])
	}
	surname, given := d.Surname, d.Given
	if d.LikelySurname != "" {
		surname, given = d.LikelySurname, d.LikelyGiven
	}
	if ar := fromArabic(strings.TrimSpace(surname + " " + given)); ar != "" {
		out = append(out, watchlist.Name{Kind: watchlist.NamePrimary, Script: watchlist.ScriptArabic, Full: ar, Truncated: d.Truncated})
	}
	return out
}

// TravelDocument gives the document for a probe; ok is false when no number was
// read. The status is unknown: the zone does not say.
func (d Document) TravelDocument() (doc watchlist.Document, ok bool) {
	if strings.Trim(d.Number, "<") == "" {
		return doc, false
	}
	kind := "other"
	switch {
	case strings.HasPrefix(d.Code, "P"):
		kind = "passport"
	case strings.HasPrefix(d.Code, "V"):
		kind = "visa"
	case strings.HasPrefix(d.Code, "I"):
		kind = "identity_card"
	case d.Code == "AR" || d.Code == "IR" || strings.HasPrefix(d.Code, "R"):
		kind = "residence_permit"
	}
	return watchlist.Document{Type: kind, Number: d.Number, Issuer: d.Issuer, Expiry: d.Expiry, Status: watchlist.DocumentUnknown}, true
}

// Probe adds what the zone says to a probe. What the probe already has stays; a
// name or document is added to those there. The code of an organisation or of a
// stateless person in place of a nationality is left out: it speaks neither for
// nor against a state.
func (d Document) Probe(p *watchlist.Probe) {
	p.Names = append(p.Names, d.Names()...)
	if p.Birth.From.IsZero() {
		p.Birth = d.Birth
	}
	if p.Sex == watchlist.SexUnknown {
		p.Sex = d.Sex
	}
	if p.Nationality == "" && !country.Organisation(d.Nationality) {
		p.Nationality = d.Nationality
	}
	if doc, ok := d.TravelDocument(); ok {
		p.Documents = append(p.Documents, doc)
	}
}
