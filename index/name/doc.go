// Package name finds watchlist entries by name.
//
// The names of the active entries are kept as numbers of words in a lexicon, in
// memory; a Keeper writes words and entries to one sealed file besides, so that a
// start is quick. A word has the keys that watchlist/names computes, once for all
// names that hold it:
//
//	token     the folded word, its ICAO spelling, and short neighbours joined
//	family    the numbers of its spelling families
//	skeleton  its consonants; with one consonant also the vowel class
//	initial   its first letter, for initials
//	prefix    its first four letters, for words cut off and for short forms
//
// A dictionary leads from keys to words, postings from words to forms: names of the
// same words, whoever bears them. Both come in immutable parts: new names go to a
// small delta that is scanned, and a goroutine folds the delta and the smaller parts
// into one, each at least about twice the one after it (the logarithmic method of
// Bentley and Saxe, 1980). When most of what was written is gone, it makes everything
// anew of what is alive.
// Readers load one pointer to an immutable state, so they see each Apply whole
// and never wait for a writer, a fold or a rebuild.
//
// A search runs in stages that stop on score, not on the number of hits; see
// search.go. Its result depends on the entries alone, not on how they are spread
// over delta and parts. DESIGN.md says why this is not bleve, which the tests
// hold it against.
package name
