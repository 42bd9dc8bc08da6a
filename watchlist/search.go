package watchlist

import "fmt"

// FaceQuery asks the gallery for the identities nearest to a template.
type FaceQuery struct {
	Template []float32
	Model    string
	// K is the most identities to return, at least 1.
	K int
	// MinScore is the lowest ComparisonScore to return, -1 for no bound.
	MinScore float64
	// AsOf asks for the answer that the gallery gave at this raft index; 0 asks
	// for the newest.
	AsOf uint64
}

// FaceMatch is one identity that the gallery returned: its best photo.
type FaceMatch struct {
	Entry EntryID
	Face  string
	// Score is the ComparisonScore: the cosine in the calibrated space, -1 to
	// 1, computed in float64 in a fixed order, so equal on every node.
	Score float64
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
