package watchlist

// Purpose is the coded purpose of a search; a search without one is refused
// (L1).
type Purpose string

// The purposes a search may have.
const (
	PurposeBorderCheck   Purpose = "border_check"
	PurposeSecondLine    Purpose = "second_line_check"
	PurposeInvestigation Purpose = "investigation"
	PurposeTest          Purpose = "test"
)

// Photo is one probe photo as received; it lives in memory only (D13).
type Photo struct {
	Bytes []byte
	// Face picks one of several faces by its box from an earlier answer; nil
	// means that the photo must show exactly one face.
	Face *Box
	// Source says what the photo was taken of; "" when that is not known.
	Source PhotoSource
}

// PhotoSource says what a probe photo was taken of.
type PhotoSource string

// The sources of a photo.
const (
	SourceLive     PhotoSource = "live"     // the person present
	SourceDocument PhotoSource = "document" // the photo in the person's document
)

// Box is a face's bounding box in pixels of the upright photo: left and top are
// inclusive, right and bottom exclusive.
type Box struct {
	Left   int `json:"left"`
	Top    int `json:"top"`
	Right  int `json:"right"`
	Bottom int `json:"bottom"`
}

// Probe is what is known of the traveller in front of the officer. At least one
// of Photos, Templates, Names, Document and Birth must be given; Birth, Sex and
// Nationality alone find nobody but add evidence.
type Probe struct {
	Photos []Photo
	// Templates are already computed samples, for machines; each of a
	// model that the node compares.
	Templates   []FaceSample
	Names       []Name
	Birth       Birth
	Sex         Sex
	Nationality Country
	Documents   []Document

	Purpose Purpose
	Reason  string
	// Limit caps the candidates of the lead, 1 to 50.
	Limit int
	// Explain asks for the token pairings of name comparisons.
	Explain bool
}

// FaceSample is a face after detection and encoding.
type FaceSample struct {
	// Template has the encoder's dimension, float32, finite.
	Template []float32
	Model    string
	Box      Box
	Quality  FaceQuality
}

// FaceError is a typed outcome of the face pipeline that the officer can act
// on.
type FaceError struct {
	// Code is one of the Face* codes below.
	Code string
	// Detail is one plain sentence saying what to do.
	Detail string
	// Boxes are the faces found, largest first, for FaceMultiple.
	Boxes []Box
	// Measure is what a quality limit was missed by; nil for other refusals.
	Measure *FaceMeasure
	// Err is the cause, for the operator's log; it never holds pixels.
	Err error
}

// The codes of FaceError.
const (
	FaceNone           = "no_face"
	FaceMultiple       = "multiple_faces"
	FaceTooSmall       = "face_too_small"
	FaceBoxUnknown     = "face_box_unknown"
	FaceTooBlurred     = "face_too_blurred"
	FaceOverexposed    = "face_overexposed"
	FaceTurnedAway     = "face_turned_away"
	FaceUnsupported    = "image_unsupported"
	FaceCorrupt        = "image_corrupt"
	FaceImageTooLarge  = "image_too_large"
	FaceImageTooSmall  = "image_too_small"
	FaceModelMismatch  = "model_mismatch"
	FaceBadTemplate    = "template_invalid"
	FaceEngineAbsent   = "face_engine_absent"
	FaceEngineOverload = "face_engine_overloaded"
)

// Error implements error.
func (e *FaceError) Error() string { return e.Code + ": " + e.Detail }

// Unwrap gives the cause.
func (e *FaceError) Unwrap() error { return e.Err }
