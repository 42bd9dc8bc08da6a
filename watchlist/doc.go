// Package watchlist is the domain of Vigie: entries of wanted persons, probes
// of travellers, and the ranked, explained leads that a person decides on.
//
// It imports the standard library only, does no I/O and reads no clock: every
// time that matters is passed in as Unix milliseconds, so that the same input
// gives the same answer on every node. Values are plain data; nothing here is
// safe for concurrent mutation, and no function keeps a reference to its
// arguments after it returns.
//
// Vocabulary follows ISO/IEC 2382-37 and ISO/IEC 19795-1.
package watchlist
