package watchlist

// EvidenceKind is what a line of evidence compares.
type EvidenceKind string

// The kinds of evidence.
const (
	EvidenceFace        EvidenceKind = "face"
	EvidenceName        EvidenceKind = "name"
	EvidenceBirth       EvidenceKind = "birth"
	EvidenceSex         EvidenceKind = "sex"
	EvidenceNationality EvidenceKind = "nationality"
	EvidenceDocument    EvidenceKind = "document"
)

// Evidence is one line of a candidate's explanation.
type Evidence struct {
	Kind EvidenceKind `json:"kind"`
	// Score is the ComparisonScore on the comparator's own scale: cosine for
	// faces, 0 to 1 for the others.
	Score float64 `json:"score"`
	// LLR is the calibrated log10 likelihood ratio, mated over non-mated;
	// negative speaks against.
	LLR float64 `json:"llr"`
	// Code is a stable reason code, such as "name_same_family"; Params fill it.
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
	// Reason is the same in one plain sentence, in French.
	Reason string `json:"reason"`
	// Pairs explains a name comparison token by token, when asked for.
	Pairs []TokenPair `json:"pairs,omitempty"`
}

// TokenPair is one token of the probe's name held against one of the entry's;
// either side may be empty.
type TokenPair struct {
	Probe string `json:"probe"`
	Entry string `json:"entry"`
	// Rule says why the two were taken for one word.
	Rule string `json:"rule"`
	// Score is the similarity of the words, 0 to 1.
	Score float64 `json:"score"`
	// Frequency is the estimated share of names that hold the commoner of the two,
	// 0 to 1.
	Frequency float64 `json:"frequency"`
	// LLR is what the pair is worth by itself, log10.
	LLR float64 `json:"llr"`
}

// Band is how far the evidence goes. It is never an identity: a person decides.
type Band string

// The bands, weakest first.
const (
	BandWeak     Band = "weak"
	BandPossible Band = "possible"
	BandStrong   Band = "strong"
)

// Candidate is one entry that may be the traveller.
type Candidate struct {
	Rank  int
	Entry *Entry
	// Evidence lines, strongest first.
	Evidence []Evidence
	// Prior is the log10 odds before any evidence, from the configured base rate and
	// the number of entries.
	Prior float64
	// Adjustments correct the sum of the lines where they depend on one another.
	Adjustments []Adjustment
	// LogOdds is the posterior log10 odds: Prior, the LLRs of Evidence and those of
	// Adjustments, added up.
	LogOdds float64
	Band    Band
	// CarriedBy are the kinds of evidence that support the candidate, the strongest
	// first; ContradictedBy those that speak against.
	CarriedBy, ContradictedBy []EvidenceKind
	// Settles names what would tell whether the candidate is the traveller, the most
	// telling first.
	Settles []Settle
}

// OperatingPoint is the setting under which face candidates were cut.
type OperatingPoint struct {
	// TargetFPIR is the share of non-mated searches allowed to return at least
	// one face candidate.
	TargetFPIR float64 `json:"target_fpir"`
	// GallerySize is the number of enrolled templates that the probe was compared
	// with. Where the mean of several is one reference, each of them counts: a mean
	// matches strangers more often than one photo, if less than the best of them
	// would, so that the target is kept.
	GallerySize int `json:"gallery_size"`
	// FMR is the per-comparison rate that the target implies.
	FMR float64 `json:"fmr"`
	// Threshold is the lowest face ComparisonScore admitted.
	Threshold float64 `json:"threshold"`
	// LowQualityThreshold is the same for references all of whose photos are
	// flagged FlagLowQualityReference; 0 when none of its own applies.
	LowQualityThreshold float64 `json:"low_quality_threshold"`
	// Calibration is the version of the calibration file, and Cohort says on
	// whom it was measured.
	Calibration string `json:"calibration"`
	Cohort      string `json:"cohort"`
}

// ListStamp says which list an answer saw and how old it was.
type ListStamp struct {
	Node NodeID `json:"node"`
	// AppliedIndex is the raft index that the answer includes at least; a lead's
	// faces are searched as of it.
	AppliedIndex uint64 `json:"applied_index"`
	// StateHash is the hexadecimal hash of the replicated state at that index. It
	// is empty on a lead that was made while a snapshot took the place of the
	// node's list: its faces are those of a later index.
	StateHash string `json:"state_hash"`
	// AgeMillis is the time since this node last knew that its list was
	// current, on the monotonic clock.
	AgeMillis int64 `json:"age_ms"`
	// Connected tells whether the node sees a leader with a quorum.
	Connected bool `json:"connected"`
	// Diverged tells that the node's list is known to differ from that of the
	// majority: an entry may be missing or wrong. Ask another node.
	Diverged bool `json:"diverged,omitempty"`
	// Entries is the number of entries in the registry.
	Entries int `json:"entries"`
}

// StageTime is the wall time of one stage of a query.
type StageTime struct {
	Stage  string `json:"stage"`
	Micros int64  `json:"us"`
}

// Lead is the machine's answer: ranked candidates, never a decision.
type Lead struct {
	Query          QueryID
	Candidates     []Candidate
	OperatingPoint OperatingPoint
	// SecondPoint is that of the second encoder's scores, nil without one: same target
	// and false match rate, another calibration, other thresholds.
	SecondPoint *OperatingPoint
	Stamp       ListStamp
	// Models are the versions that took part: encoder, calibration of faces, rules of
	// names, and calibration of the other evidence; encoder_second and
	// calibration_second of a second encoder.
	Models map[string]string
	Stages []StageTime
	// Faces are the faces used from the probe photos, with quality.
	Faces []FaceSample
	// Cues are signs that a photo or document may not be what it seems. They are
	// advice and change nothing else in the lead.
	Cues []Cue
	// Documents says which documents of the probe are reported lost, stolen, revoked
	// or forged: evidence on the document, not on the person. No candidate depends
	// on it.
	Documents []DocumentFinding
	// Truncated tells that more candidates met the operating point than Limit.
	Truncated bool
}

// Cue is one sign that a photo or document may not be what it seems, such as a
// document that shows someone else, or two people at once (a morph).
type Cue struct {
	// Code is a stable reason code of package matcher, and Reason the same in one
	// plain sentence, in French, saying what to do.
	Code   string
	Reason string
	// Score is the ComparisonScore that it rests on, 0 where there is none.
	Score float64
	// Entry is the listed person concerned, or "".
	Entry EntryID
}
