// Package importer reads lists of wanted persons from files: CSV with a mapping
// (mapping.go, csv.go) and JSON lines (jsonl.go). It gives one Record a line, or
// line-numbered problems that name the field and the rule and never the value,
// which is personal data.
//
// A Journal (journal.go) beside the input remembers the batch and what is done.
// Together with entry ids and idempotency keys made from batch and line it makes
// an import safe to interrupt: running the same command again goes on where it
// stopped, and nothing is written twice.
//
// The package does no network I/O. Its types are for one goroutine, except
// Journal, which is safe for several.
package importer
