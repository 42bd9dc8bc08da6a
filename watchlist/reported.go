package watchlist

import (
	"fmt"
	"strings"

	"vigie/watchlist/docnum"
)

// ReportID names one reported document: "<ORIGIN>-<uuidv7>", like an EntryID.
type ReportID string

// Origin returns the country part, or "" when the id is malformed.
func (id ReportID) Origin() Country { return EntryID(id).Origin() }

// Valid reports whether the id has the form "<ORIGIN>-<uuid>".
func (id ReportID) Valid() bool { return EntryID(id).Valid() }

// ReportStatus says why a document is not to be accepted as it stands.
type ReportStatus string

// The reasons.
const (
	ReportLost   ReportStatus = "lost"
	ReportStolen ReportStatus = "stolen"
	// ReportStolenBlank: stolen before it was made out to anybody.
	ReportStolenBlank ReportStatus = "stolen_blank"
	// ReportRevoked: its issuer has declared it invalid.
	ReportRevoked ReportStatus = "revoked"
	// ReportForged: a series of forgeries bears this number, or these numbers.
	ReportForged ReportStatus = "forged_series"
)

// ReportedDocument says that a document, or a run of documents, is lost, stolen,
// revoked or forged. It says nothing of any person: there is no field for a
// holder, who may well be the one who reported it. Times are Unix milliseconds.
type ReportedDocument struct {
	ID     ReportID `json:"id" cbor:"1,keyasint"`
	Origin Origin   `json:"origin" cbor:"2,keyasint"`
	// Revision counts the changes from 1; it is the ETag.
	Revision uint64 `json:"revision" cbor:"3,keyasint"`
	// Type is as in Document.
	Type string `json:"type" cbor:"4,keyasint"`
	// Number is the document's, or the first of a run that ends with NumberTo.
	Number   string       `json:"number" cbor:"5,keyasint"`
	NumberTo string       `json:"number_to,omitempty" cbor:"6,keyasint,omitempty"`
	Issuer   Country      `json:"issuer" cbor:"7,keyasint"`
	Status   ReportStatus `json:"status" cbor:"8,keyasint"`
	// Reported is when the document was reported, Expiry its own date of expiry.
	Reported  PartialDate `json:"reported" cbor:"9,keyasint"`
	Expiry    PartialDate `json:"expiry,omitzero" cbor:"10,keyasint,omitzero"`
	Reference string      `json:"reference" cbor:"11,keyasint"`
	// KeepUntil is when the report stops counting, on every node at that instant.
	KeepUntil int64 `json:"keep_until" cbor:"12,keyasint"`
	// ReleasableTo is kept on record, as Entry.ReleasableTo is: no release yet passes
	// records on to another country, and within the cluster it hides nothing.
	ReleasableTo []Country `json:"releasable_to,omitempty" cbor:"13,keyasint,omitempty"`
	Specimen     bool      `json:"specimen,omitempty" cbor:"14,keyasint,omitempty"`
	// Withdrawn reports stay on record and count no more, as the reason says.
	Withdrawn       bool   `json:"withdrawn,omitempty" cbor:"15,keyasint,omitempty"`
	WithdrawnReason string `json:"withdrawn_reason,omitempty" cbor:"16,keyasint,omitempty"`
	// CreatedAt and UpdatedAt are stamped by the leader.
	CreatedAt int64 `json:"created_at" cbor:"17,keyasint"`
	UpdatedAt int64 `json:"updated_at" cbor:"18,keyasint"`
}

// Counts reports whether the report may appear in a lead at a time.
func (r *ReportedDocument) Counts(now int64) bool { return !r.Withdrawn && now < r.KeepUntil }

// Clone is a copy that shares nothing with r.
func (r *ReportedDocument) Clone() *ReportedDocument {
	c := *r
	c.ReleasableTo = append([]Country(nil), r.ReleasableTo...)
	return &c
}

// Validate checks everything that a report must hold before it is written. It
// returns a ValidationError or nil.
func (r *ReportedDocument) Validate() error {
	c := &checker{}
	if !r.ID.Valid() {
		c.add("/id", "malformed", "the id of a report is ORIGIN-uuid")
	} else if r.ID.Origin() != r.Origin.Country {
		c.add("/id", "foreign_origin", "the id must begin with the origin's country")
	}
	c.text("/origin/authority", r.Origin.Authority, MaxShort, true)
	d := Document{Type: r.Type, Number: r.Number, Issuer: r.Issuer, Expiry: r.Expiry}
	CheckDocument(d, "", &c.errs)
	if r.Issuer == "" {
		c.add("/issuer", "required", "a number alone names no document: the issuer is required")
	}
	if r.NumberTo != "" {
		c.text("/number_to", r.NumberTo, 40, true)
		if _, err := docnum.NewRange(r.Number, r.NumberTo); err != nil {
			c.add("/number_to", "bad_range", err.Error())
		}
	}
	oneOf(c, "/status", r.Status, ReportLost, ReportStolen, ReportStolenBlank, ReportRevoked, ReportForged)
	if r.Reported.IsZero() || !r.Reported.Valid() {
		c.add("/reported", "malformed", "a date is YYYY, YYYY-MM or YYYY-MM-DD")
	}
	c.text("/reference", r.Reference, MaxShort, true)
	if r.KeepUntil <= 0 {
		c.add("/keep_until", "required", "the end of the report is required")
	}
	c.countries("/releasable_to", r.ReleasableTo)
	c.text("/withdrawn_reason", r.WithdrawnReason, MaxText, r.Withdrawn)
	if !r.Withdrawn && strings.TrimSpace(r.WithdrawnReason) != "" {
		c.add("/withdrawn_reason", "not_allowed", "only a withdrawn report has this reason")
	}
	return c.err()
}

// ReportChange is one report that a derived index must take over. The report must
// not be modified. Index is the raft index of the change.
type ReportChange struct {
	Report *ReportedDocument
	Index  uint64
}

// ReportMatchKind says how a document of a probe compares with a report.
type ReportMatchKind string

// The kinds, strongest first.
const (
	// ReportSame: the number is the same.
	ReportSame ReportMatchKind = "same"
	// ReportInRange: the number lies in a reported run.
	ReportInRange ReportMatchKind = "in_range"
	// ReportConfusable: the numbers differ only by characters that readers confuse.
	ReportConfusable ReportMatchKind = "confusable"
	// ReportNear: one character differs.
	ReportNear ReportMatchKind = "near"
)

// ReportMatch is one report that the document index returned.
type ReportMatch struct {
	Report ReportID
	// Query is the index of the probe's document.
	Query int
	Kind  ReportMatchKind
}

// DocumentFinding is what a lead says of one of the probe's documents: that it, or
// one with a number like it, is reported. It is evidence on the document, never on
// the person who carries it, and no candidate's odds depend on it.
type DocumentFinding struct {
	// Document is the index of the probe's document.
	Document int
	Report   *ReportedDocument
	Kind     ReportMatchKind
	// OtherType: the probe's document is of another type. IssuerUnknown: the
	// probe does not say who issued it.
	OtherType, IssuerUnknown bool
}

// reportWords names a status in three languages, as in "reported …".
var reportWords = map[ReportStatus]Advice{
	ReportLost:        {"perdu", "lost", "perdido"},
	ReportStolen:      {"volé", "stolen", "roubado"},
	ReportStolenBlank: {"volé vierge", "stolen blank", "roubado em branco"},
	ReportRevoked:     {"invalidé par son émetteur", "revoked by its issuer", "anulado pelo emissor"},
	ReportForged:      {"comme faisant partie d'une série de faux", "as part of a forged series", "como parte de uma série de falsificações"},
}

// Notice says in plain words what was found and what it does not say.
func (f *DocumentFinding) Notice() Advice {
	w := reportWords[f.Report.Status]
	var a Advice
	switch {
	case f.Kind == ReportConfusable || f.Kind == ReportNear:
		a = Advice{
			"Un document de numéro voisin est signalé " + w.French + " : relisez le numéro.",
			"A document with a number like this one is reported " + w.English + ": read the number again.",
			"Um documento de número parecido está assinalado " + w.Portuguese + ": leia o número de novo.",
		}
	case f.OtherType || f.IssuerUnknown:
		a = Advice{
			"Un document de ce numéro est signalé " + w.French + " ; ce n'est peut-être pas celui-ci.",
			"A document with this number is reported " + w.English + "; it may not be this one.",
			"Um documento com este número está assinalado " + w.Portuguese + "; pode não ser este.",
		}
	default:
		a = Advice{
			"Ce document est signalé " + w.French + ".",
			"This document is reported " + w.English + ".",
			"Este documento está assinalado " + w.Portuguese + ".",
		}
	}
	join := func(fr, en, pt string) {
		a.French, a.English, a.Portuguese = a.French+" "+fr, a.English+" "+en, a.Portuguese+" "+pt
	}
	if f.OtherType {
		join("Le signalement vise un autre type de document.", "The report is about another type of document.", "O assinalamento refere-se a outro tipo de documento.")
	}
	if f.IssuerUnknown {
		join("Le pays de délivrance n'a pas été donné : comparez-le.", "The issuing country was not given: compare it.", "O país emissor não foi indicado: compare-o.")
	}
	join("Le signalement porte sur le document, pas sur la personne : son porteur n'est pas recherché de ce fait et peut en être la victime. Examinez le document.",
		"The report is about the document, not the person: its bearer is not wanted for that and may be its victim. Examine the document.",
		"O assinalamento refere-se ao documento, não à pessoa: o portador não é procurado por isso e pode ser a vítima. Examine o documento.")
	return a
}

// String names the report without anything of the document.
func (r *ReportedDocument) String() string {
	return fmt.Sprintf("report %s, revision %d", r.ID, r.Revision)
}
