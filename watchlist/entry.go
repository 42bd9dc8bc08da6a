package watchlist

// Category says why a person is wanted. Migrants, victims and witnesses have no
// category and cannot be enrolled (domain requirement L16).
type Category string

// The categories that can be enrolled.
const (
	CategorySmuggler      Category = "smuggler"
	CategoryTrafficker    Category = "trafficker"
	CategoryDocumentFraud Category = "document_fraud"
	CategoryFacilitator   Category = "facilitator"
)

// Action says what the owner of the entry asks for when the person is found.
type Action string

// The actions, after SIS Regulation (EU) 2018/1862 and INTERPOL notices.
const (
	ActionArrest        Action = "arrest"
	ActionRefuse        Action = "refuse"
	ActionLocate        Action = "locate"
	ActionDiscreetCheck Action = "discreet_check"
	ActionInquiryCheck  Action = "inquiry_check"
	ActionSpecificCheck Action = "specific_check"
	ActionSeizeDocument Action = "seize_document"
)

// Status is the lifecycle state of an entry. Only an active entry whose
// ExpiresAt lies ahead can appear in a lead.
type Status string

// The lifecycle states. StatusExpired is never stored: it is what an active
// entry is shown as after its ExpiresAt (see Entry.EffectiveStatus).
const (
	StatusDraft     Status = "draft"
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusWithdrawn Status = "withdrawn"
	StatusExpired   Status = "expired"
)

// Sex as in ICAO Doc 9303: "M", "F", "X" (unspecified) or "" (unknown).
type Sex string

// The values of Sex.
const (
	SexMale        Sex = "M"
	SexFemale      Sex = "F"
	SexUnspecified Sex = "X"
	SexUnknown     Sex = ""
)

// Origin is the sole owner of an entry: only it changes the entry.
type Origin struct {
	Country   Country `json:"country" cbor:"1,keyasint"`
	Authority string  `json:"authority" cbor:"2,keyasint"`
}

// Entry is one watchlist record. There is no field for ethnicity, religion,
// politics or health, on purpose (L17). Times are Unix milliseconds UTC.
type Entry struct {
	ID       EntryID  `json:"id" cbor:"1,keyasint"`
	Origin   Origin   `json:"origin" cbor:"2,keyasint"`
	Category Category `json:"category" cbor:"3,keyasint"`
	Action   Action   `json:"action" cbor:"4,keyasint"`
	Status   Status   `json:"status" cbor:"5,keyasint"`
	// Revision counts the changes of the entry, from 1; it is its ETag.
	Revision uint64 `json:"revision" cbor:"6,keyasint"`

	Names         []Name     `json:"names" cbor:"7,keyasint"`
	Births        []Birth    `json:"births,omitempty" cbor:"8,keyasint,omitempty"`
	Sex           Sex        `json:"sex,omitempty" cbor:"9,keyasint,omitempty"`
	Nationalities []Country  `json:"nationalities,omitempty" cbor:"10,keyasint,omitempty"`
	Documents     []Document `json:"documents,omitempty" cbor:"11,keyasint,omitempty"`
	Faces         []Face     `json:"faces,omitempty" cbor:"12,keyasint,omitempty"`

	// Facts and Assessments are kept apart (L15): what is established, and what
	// somebody thinks.
	Facts       string `json:"facts,omitempty" cbor:"13,keyasint,omitempty"`
	Assessments string `json:"assessments,omitempty" cbor:"14,keyasint,omitempty"`

	LegalBasis    string    `json:"legal_basis" cbor:"15,keyasint"`
	Offence       string    `json:"offence" cbor:"16,keyasint"`
	CaseReference string    `json:"case_reference" cbor:"17,keyasint"`
	Issued        int64     `json:"issued" cbor:"18,keyasint"`
	ReviewBy      int64     `json:"review_by" cbor:"19,keyasint"`
	ExpiresAt     int64     `json:"expires_at" cbor:"20,keyasint"`
	ReleasableTo  []Country `json:"releasable_to,omitempty" cbor:"21,keyasint,omitempty"`
	Caveats       []string  `json:"caveats,omitempty" cbor:"22,keyasint,omitempty"`
	// Specimen marks demonstration data; a lead shows it.
	Specimen bool `json:"specimen,omitempty" cbor:"23,keyasint,omitempty"`

	// CreatedAt and UpdatedAt are stamped by the leader.
	CreatedAt int64 `json:"created_at" cbor:"24,keyasint"`
	UpdatedAt int64 `json:"updated_at" cbor:"25,keyasint"`
	// WithdrawnReason is set once the status is withdrawn.
	WithdrawnReason string `json:"withdrawn_reason,omitempty" cbor:"26,keyasint,omitempty"`
}

// NameKind says how much a name counts.
type NameKind string

// The kinds of name. A weak alias alone never raises a lead.
const (
	NamePrimary NameKind = "primary"
	NameAlias   NameKind = "alias"
	NameWeak    NameKind = "weak"
)

// Script is the ISO 15924 code of a name's writing, or "" to have it detected.
type Script string

// The scripts that names are compared in.
const (
	ScriptLatin  Script = "Latn"
	ScriptArabic Script = "Arab"
	ScriptNKo    Script = "Nkoo"
)

// Name is one name of a person. Full is what is matched; Surname and Given are
// kept when the source tells them apart.
type Name struct {
	Kind    NameKind `json:"kind" cbor:"1,keyasint"`
	Script  Script   `json:"script,omitempty" cbor:"2,keyasint,omitempty"`
	Full    string   `json:"full" cbor:"3,keyasint"`
	Surname string   `json:"surname,omitempty" cbor:"4,keyasint,omitempty"`
	Given   string   `json:"given,omitempty" cbor:"5,keyasint,omitempty"`
	// Truncated tells that Full may be cut off at its end, as a machine-readable
	// zone cuts long names: the last word is compared as a beginning.
	Truncated bool `json:"truncated,omitempty" cbor:"6,keyasint,omitempty"`
}

// DocumentStatus says what is known of a travel document.
type DocumentStatus string

// The states of a document.
const (
	DocumentValid     DocumentStatus = "valid"
	DocumentLost      DocumentStatus = "lost"
	DocumentStolen    DocumentStatus = "stolen"
	DocumentCancelled DocumentStatus = "cancelled"
	DocumentForged    DocumentStatus = "forged"
	DocumentUnknown   DocumentStatus = "unknown"
)

// Document is one identity or travel document.
type Document struct {
	// Type is "passport", "identity_card", "residence_permit", "visa",
	// "driving_licence" or "other".
	Type   string         `json:"type" cbor:"1,keyasint"`
	Number string         `json:"number" cbor:"2,keyasint"`
	Issuer Country        `json:"issuer,omitempty" cbor:"3,keyasint,omitempty"`
	Expiry PartialDate    `json:"expiry,omitzero" cbor:"4,keyasint,omitzero"`
	Status DocumentStatus `json:"status,omitempty" cbor:"5,keyasint,omitempty"`
}

// Face is one enrolled photo: its template, and the photo by hash.
type Face struct {
	// ID is a UUID, unique within the entry.
	ID string `json:"id" cbor:"1,keyasint"`
	// Template holds the encoder's own values, little-endian float32, 512 bytes
	// for 128-D. It is computed before the log and never recomputed in Apply.
	Template []byte `json:"template,omitempty" cbor:"2,keyasint"`
	// Model names encoder and recipe, such as
	// "dlib-resnet-v1/hog5-150-0.25/jt1-ref4-probe2".
	// Templates of two models are never compared.
	Model   string      `json:"model" cbor:"3,keyasint"`
	Quality FaceQuality `json:"quality" cbor:"4,keyasint"`
	// Photo is the blob of the photo as enrolled, or "" when none is kept.
	Photo BlobID `json:"photo,omitempty" cbor:"5,keyasint,omitempty"`
	// AddedAt is stamped by the leader, Unix milliseconds.
	AddedAt int64 `json:"added_at" cbor:"6,keyasint"`
}

// FlagLowQualityReference is the flag of an enrolled photo below the limits of
// quality that is kept all the same, since it may be the only one. A reference of
// such photos alone is held to a stricter threshold.
const FlagLowQualityReference = "low_quality_reference"
