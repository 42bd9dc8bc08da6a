package command

import "vigie/watchlist"

// Code is the outcome of a command, decided by the state machine alone and so
// the same on every node.
type Code string

// The outcomes.
const (
	OK Code = "ok"
	// NotFound: the entry, report, user, key, token or batch does not exist.
	NotFound Code = "not_found"
	// Conflict: the stored revision, the calibration in force, or the version of the
	// table of spelling families is not the expected one (HTTP 412).
	Conflict Code = "revision_conflict"
	// Exists: the id or login is taken, or the calibration is in force already
	// (HTTP 409).
	Exists Code = "exists"
	// IdemMismatch: the idempotency key was used with another request (422).
	IdemMismatch Code = "idempotency_mismatch"
	// Invalid: the entry breaks a rule; Fields says which (HTTP 422).
	Invalid Code = "invalid"
	// ForeignOrigin: another country owns the entry (HTTP 403).
	ForeignOrigin Code = "foreign_origin"
	// BadTransition: the lifecycle does not allow the step (HTTP 409).
	BadTransition Code = "bad_transition"
	// Expired: the token is past its end (HTTP 403).
	Expired Code = "expired"
	// PeopleOnly: the actor is not the account of an administrator (HTTP 403).
	PeopleOnly Code = "people_only"
	// SamePerson: the one who proposed must not accept (HTTP 403).
	SamePerson Code = "same_person"
)

// Result is what applying a command gave.
type Result struct {
	// Index is the raft index of the command (of the first try, when Replayed).
	Index uint64 `cbor:"1,keyasint"`
	Code  Code   `cbor:"2,keyasint"`
	// Entry and Revision are set for entry commands; Revision is also the
	// stored one on Conflict.
	Entry    watchlist.EntryID `cbor:"3,keyasint,omitempty"`
	Revision uint64            `cbor:"4,keyasint,omitempty"`
	// Replayed tells that an idempotency key answered, and nothing was written.
	Replayed bool `cbor:"5,keyasint,omitempty"`
	// Fields lists what is wrong when Code is Invalid.
	Fields watchlist.ValidationError `cbor:"6,keyasint,omitempty"`
	// Items are the results of a batch, in its order.
	Items []Result `cbor:"7,keyasint,omitempty"`
	// More tells that a BatchUndo stopped at its limit of entries: send it again
	// (under another idempotency key) until More is false.
	More bool `cbor:"8,keyasint,omitempty"`
	// Report is set for commands on reported documents, in place of Entry.
	Report watchlist.ReportID `cbor:"9,keyasint,omitempty"`
	// Change is the number of a change to the table of spelling families. Revision is
	// then the version that the table has, also on Conflict.
	Change uint64 `cbor:"10,keyasint,omitempty"`
}
