// Package audit is a node's tamper-evident record of who did what: an
// append-only log of events, each chained to the one before by SHA-256.
//
// Append returns only when the event is on disk. One writer goroutine takes all
// events that wait, writes them together and syncs once for all of them (group
// commit), so durability costs little under load.
//
// DESIGN.md describes the format and what is detected: any changed byte, a
// dropped, repeated or reordered event, a gap between segments, and, through
// the head file, a shortened end.
//
// A Log may be used from any goroutine. Verify works on a folder, also while a
// Log writes to it.
package audit
