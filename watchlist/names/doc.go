// Package names turns a person's name into keys that can be compared, and
// compares two names. It is built for West Africa, where one family is Diallo
// in Dakar, Jallow in Banjul and Djaló in Bissau.
//
// A name passes through these steps:
//
//  1. Folding (fold.go): invalid UTF-8, control and format characters go, case
//     and accents go, ICAO Doc 9303 expansions are kept as a second spelling
//     (Ä is A and AE), Arabic, Ajami and N'Ko are written in Latin letters
//     (arabic.go, nko.go), other scripts through a general table. At most
//     MaxRunes characters and MaxTokens words are read.
//  2. Classes (class.go): honorifics and particles (El Hadji, Cheikh, Ould,
//     Mint, Ben, Al) are optional, never deleted; one letter is an initial.
//  3. Keys (phonetic.go): a consonant skeleton and a sound, by rules that cover
//     the French, English, Portuguese, Wolof, Fula and Manding orthographies, so
//     that spellings in no table meet; and the numbers of the spelling families
//     that the word belongs to (families.go, families.tsv; inforce.go with what
//     administrators have added, ADR 0015).
//  4. Comparison (similarity.go, compare.go): each word of one name is paired
//     with at most one of the other so that the total is greatest, whatever the
//     order.
//
// Everything is pure: no clock, no randomness, no global state but tables that
// are built once and never change. All functions are safe for concurrent use.
// Equal input gives equal keys on every node that runs the same Version.
package names

// Version names the rules and the table of the release; Table.Version says what
// administrators have added to it. Keys and scores of two versions are not
// comparable: an index is rebuilt when it changes.
const Version = "wa-4"

// MaxRunes is how many characters of a name are read, MaxTokens how many words.
const (
	MaxRunes  = 200
	MaxTokens = 16
)
