package watchlist

import (
	"fmt"
	"regexp"
	"strings"
)

// EntryID names one watchlist entry: "<ORIGIN>-<uuidv7>", for instance
// "SEN-0192f0c1-…". The origin is the ISO 3166-1 alpha-3 country that owns the
// entry, or an ICAO Doc 9303 issuer code of an organisation.
type EntryID string

// QueryID names one match query; it ties the lead to its audit event.
type QueryID string

// NodeID is the stable UUID of one node, as raft knows it.
type NodeID string

// UserID names one account of a person.
type UserID string

// KeyID names one API key of a machine.
type KeyID string

// BlobID is the lower-case hexadecimal SHA-256 of a photo's stored bytes.
type BlobID string

// BatchID names one import batch.
type BatchID string

// Country is an ISO 3166-1 alpha-3 code or an ICAO Doc 9303 part 3 code such as
// "D", "UTO", "XPO" or "XEC": one to three capital letters.
type Country string

var (
	countryRE = regexp.MustCompile(`^[A-Z]{1,3}$`)
	uuidRE    = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-9a-f][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	blobRE    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// NewEntryID joins an origin and a lower-case UUID. It does not check them; use
// Valid.
func NewEntryID(origin Country, uuid string) EntryID {
	return EntryID(string(origin) + "-" + uuid)
}

// Origin returns the country part, or "" when the id is malformed.
func (id EntryID) Origin() Country {
	c, _, ok := strings.Cut(string(id), "-")
	if !ok {
		return ""
	}
	return Country(c)
}

// Valid reports whether the id has the form "<ORIGIN>-<uuid>".
func (id EntryID) Valid() bool {
	c, u, ok := strings.Cut(string(id), "-")
	return ok && countryRE.MatchString(c) && uuidRE.MatchString(u)
}

// Valid reports whether c has the form of a country code; it does not check
// that the code is assigned.
func (c Country) Valid() bool { return countryRE.MatchString(string(c)) }

// Valid reports whether b is 64 lower-case hexadecimal digits.
func (b BlobID) Valid() bool { return blobRE.MatchString(string(b)) }

// FieldError says which field of an input is wrong and which rule it breaks. It
// never carries the rejected value, which may be personal data.
type FieldError struct {
	// Pointer is an RFC 6901 JSON pointer into the input, such as "/names/0/full".
	Pointer string `json:"pointer" cbor:"1,keyasint"`
	// Code is a stable machine code, such as "required" or "out_of_range".
	Code string `json:"code" cbor:"2,keyasint"`
	// Detail is one plain English sentence, without the rejected value.
	Detail string `json:"detail" cbor:"3,keyasint"`
}

// Error implements error.
func (e FieldError) Error() string {
	return fmt.Sprintf("%s: %s (%s)", e.Pointer, e.Detail, e.Code)
}

// ValidationError lists every field that is wrong, in the order of the input.
type ValidationError []FieldError

// Error implements error.
func (v ValidationError) Error() string {
	parts := make([]string, len(v))
	for i, f := range v {
		parts[i] = f.Error()
	}
	return strings.Join(parts, "; ")
}
