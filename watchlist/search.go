package watchlist

import (
	"fmt"
	"strings"
)

// FaceQuery asks the gallery for the identities nearest to a face.
type FaceQuery struct {
	Template []float32
	// More holds further templates of the same face. What is compared is then the
	// mean of all in the calibrated space, scaled to unit norm.
	More  [][]float32
	Model string
	// K is the most identities to return, at least 1.
	K int
	// MinScore is the lowest ComparisonScore to return, -1 for no bound.
	MinScore float64
	// LowQualityMin, when above MinScore, takes its place for references that are
	// of low quality (FaceMatch.LowQuality). 0 stands for no such bound.
	LowQualityMin float64
	// AsOf asks for the answer that the gallery gave at this raft index; 0 asks
	// for the newest.
	AsOf uint64
}

// Meets reports whether a score reaches the query's bound for a reference, of low
// quality or not.
func (q FaceQuery) Meets(score float64, lowQuality bool) bool {
	if lowQuality && q.LowQualityMin != 0 && score < q.LowQualityMin {
		return false
	}
	return q.MinScore <= -1 || score >= q.MinScore
}

// FaceMatch is one identity that the gallery returned, with its best reference: a
// photo of the entry, or the mean of several that look alike.
type FaceMatch struct {
	Entry EntryID
	// Face is the id of the photo, Others those of the photos whose mean with it
	// was compared, in the entry's order. Of several, Gallery.Search names the
	// first of the entry in Face, Gallery.Compare the nearest to the probe.
	Face   string
	Others FaceIDs
	// LowQuality tells that all these photos are flagged
	// FlagLowQualityReference.
	LowQuality bool
	// Score is the ComparisonScore: the cosine in the calibrated space, -1 to
	// 1, computed in float64 in a fixed order, so equal on every node.
	Score float64
}

// Photos is the number of enrolled photos that were compared as one.
func (m FaceMatch) Photos() int { return 1 + len(m.Others.List()) }

// FaceIDs is a list of face ids as one comparable value.
type FaceIDs string

// FaceIDSeparator stands between two ids of FaceIDs; ids are UUIDs and never hold
// it.
const FaceIDSeparator = ","

// JoinFaceIDs makes a FaceIDs.
func JoinFaceIDs(ids []string) FaceIDs { return FaceIDs(strings.Join(ids, FaceIDSeparator)) }

// List gives the ids, nil for none.
func (f FaceIDs) List() []string {
	if f == "" {
		return nil
	}
	return strings.Split(string(f), FaceIDSeparator)
}

// HistoryError says that an index can't answer as of the raft index that was
// asked for, because it has forgotten that state or has not reached it.
type HistoryError struct {
	// AsOf is what was asked for; Oldest to Newest can be answered.
	AsOf, Oldest, Newest uint64
}

// Error names the indexes that can be answered.
func (e *HistoryError) Error() string {
	return fmt.Sprintf("no answer as of index %d: the node can answer as of %d to %d", e.AsOf, e.Oldest, e.Newest)
}

// NameQuery asks the name index for entries with a name like one of these.
type NameQuery struct {
	Names []Name
	// K is the most entries to return.
	K int
	// Explain asks for token pairings.
	Explain bool
}

// NameMatch is one entry that the name index returned: its best name.
type NameMatch struct {
	Entry EntryID
	// Name is the index of the matched name in Entry.Names.
	Name int
	// Query is the index of the matching name in NameQuery.Names.
	Query int
	// Score is the ComparisonScore of the two names, 0 to 1.
	Score float64
}

// DocumentMatch is one entry that holds a document like the probe's.
type DocumentMatch struct {
	Entry EntryID
	// Document is the index in Entry.Documents.
	Document int
	// Query is the index of the probe's document.
	Query int
	// Exact tells an equal normalised number from a near one.
	Exact bool
}

// Change is one entry that a derived index must take over: written, or removed
// when Entry is nil. Index is the raft index of the change. The entry must not
// be modified.
type Change struct {
	ID    EntryID
	Entry *Entry
	Index uint64
}
