package watchlist

// ReplayQuery asks once more for the faces nearest to a probe, among those that
// the list held at an earlier raft index: an auditor's look at what a search
// could find at the time.
type ReplayQuery struct {
	// Photos and Templates show one person; at least one of both is given.
	Photos    []Photo
	Templates []FaceSample
	// AsOf is the raft index, at least 1: the Index of the search's audit event.
	AsOf uint64
	// MinScore is the lowest ComparisonScore to return, -1 to 1: the Threshold
	// of the search's audit event. SecondMinScore, the SecondThreshold of the event,
	// is the same for scores of a second encoder; it needs MinScore, and without it
	// they have the threshold of the same false match rate. FMR asks instead for the threshold of a false
	// match rate per comparison, above 0 and at most 0.5. With neither the node's
	// present operating point is used; both together are refused.
	MinScore, SecondMinScore, FMR *float64
	// Calibration is the version that the search was made under, "" for the one
	// that this node searched with at AsOf.
	Calibration string
	// Limit caps the candidates, 1 to 200; 0 means 20.
	Limit int

	Purpose Purpose
	Reason  string
}

// ThresholdSource says where the threshold of a replay came from.
type ThresholdSource string

// The sources of a threshold.
const (
	ThresholdGiven ThresholdSource = "min_score"
	ThresholdFMR   ThresholdSource = "fmr"
	ThresholdNow   ThresholdSource = "operating_point"
)

// StatusUnknown is what a ReplayCandidate says of an entry that the registry
// does not hold any more. It is never stored.
const StatusUnknown Status = "unknown"

// ReplayCandidate is one entry whose face was near enough at the time.
type ReplayCandidate struct {
	Rank int
	// FaceMatch has the entry, its best face of the time and the score, with the
	// bits of the first search.
	FaceMatch
	// LLR is the score's log10 likelihood ratio by the calibration searched in.
	LLR float64
	// Encoder names the encoder whose score it is, "" where there is only one.
	Encoder string
	// Status is the entry's effective status now.
	Status Status
}

// Replay is the answer to a ReplayQuery.
type Replay struct {
	Query QueryID
	// AsOf is what was asked for, Oldest the first index that could have been.
	AsOf, Oldest uint64
	// Candidates are ordered by falling likelihood ratio, then by falling score, then
	// by entry id: with one encoder that is the order of the scores. Entries whose
	// end date had passed at the time are among them: the end of an entry is a
	// matter of the clock, not of an index.
	Candidates []ReplayCandidate
	// Point holds the threshold in Threshold. FMR is 0 when the threshold was
	// given, TargetFPIR is 0 unless it is the present operating point's.
	// GallerySize counts the templates that can be found now. LowQualityThreshold
	// is 0 unless Source is ThresholdNow.
	Point OperatingPoint
	// SecondPoint is the same for the scores of a second encoder, nil without one.
	SecondPoint *OperatingPoint
	Source      ThresholdSource
	// Stamp says which list the node has now.
	Stamp ListStamp
	// Models are the versions that took part, as in Lead, without names.
	Models map[string]string
	Stages []StageTime
	// Faces are the faces used from the photos, with quality; Frames is how many
	// of them were compared as one, 0 when each was alone.
	Faces  []FaceSample
	Frames int
	// Truncated tells that more entries reached the threshold than Limit.
	Truncated bool
}
