// Package name finds watchlist entries by name. It is the only importer of
// bleve.
//
// Every name of every active entry is one document whose keys are computed by
// watchlist/names and stored as keywords: nothing of a name is analysed twice,
// and nothing of it is written to disk, since bleve runs in memory only.
//
//	tok  the folded words, their ICAO spellings, and short neighbours joined
//	grp  the numbers of the spelling families
//	wa   the consonant skeletons; with one consonant also its vowel class
//	ini  the first letters, for initials
//	pfx  the first four letters, for words cut off and for short forms
//
// An in-memory scorch index has no merger, and each batch leaves a segment that
// every query must visit. So the index keeps its own levels: new names go to a
// small delta that is scanned, and a goroutine folds the delta and the smaller
// segments into one bleve segment built in a single batch, each at least about
// twice the one after it (the logarithmic method of Bentley and Saxe, 1980).
// Readers load one pointer to an immutable state, so they see each Apply whole
// and never wait for a writer, a fold or a rebuild.
//
// A search runs in stages that stop on score, not on the number of hits; see
// search.go. Its result depends on the entries alone, not on how they are spread
// over delta and segments.
package name
