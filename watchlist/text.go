package watchlist

import "errors"

// ErrTextBuilding: the node has not read all entries into its text index yet.
var ErrTextBuilding = errors.New("the text index is being built")

// TextQuery looks for entries of any status by what is written in them.
type TextQuery struct {
	// Text is a query in the language of package index/text.
	Text string
	// Status and Category, if given, are what a found entry has. An entry whose end
	// has passed is found as active.
	Status   Status
	Category Category
	// K is the most entries to return, at least 1.
	K int
}

// TextResult is what a text search found, the best first.
type TextResult struct {
	Matches []TextMatch
	// Total counts what was found, also what K cuts off.
	Total int
	// Index is the raft index that the search saw, and perhaps more.
	Index uint64
}

// TextMatch is one entry that a text search found.
type TextMatch struct {
	Entry EntryID
	// Fields names where its words were found, the most telling field first.
	Fields []string
}
