// Package auth decides who makes a request and what they may do: passwords
// (argon2id), session tokens and API keys (only their hashes are ever stored),
// the table of roles and permissions, and the limits on sign-in attempts.
//
// It knows no HTTP framework and does no I/O besides the reader interfaces that
// it declares. Every type is safe for concurrent use unless it says otherwise.
package auth
