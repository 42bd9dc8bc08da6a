package watchlist

// FaceQuery asks the gallery for the identities nearest to a template.
type FaceQuery struct {
	Template []float32
	Model    string
	// K is the most identities to return, at least 1.
	K int
	// MinScore is the lowest ComparisonScore to return, -1 for no bound.
	MinScore float64
}

// FaceMatch is one identity that the gallery returned: its best photo.
type FaceMatch struct {
	Entry EntryID
	Face  string
	// Score is the ComparisonScore: the cosine in the calibrated space, -1 to
	// 1, computed in float64 in a fixed order, so equal on every node.
	Score float64
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
