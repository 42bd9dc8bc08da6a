// Package text is the full-text index of entries: of every status and in every
// field that people write in, for administrators who look for a case, a document or
// a remark. It takes no part in matching.
//
// It is built on bleve, in memory alone: a stolen disk must yield nothing. The index
// gives ids and the names of the fields that matched; entries are read from the
// registry. Index follows the registry: the goroutine that applies raft commands
// only notes which entries changed, another reads and indexes them. DESIGN.md says
// how parts are kept and what was measured.
//
// A panic of bleve becomes an error, and no error holds a word of a query or of an
// entry.
package text
