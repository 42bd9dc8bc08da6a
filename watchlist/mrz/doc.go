// Package mrz reads the machine-readable zone of travel documents after ICAO
// Doc 9303 parts 3 to 7: TD1 (3 lines of 30), TD2 and MRV-B (2 of 36), TD3 and
// MRV-A (2 of 44).
//
// It reads what is printed and never repairs it: every check digit has a status
// of its own, and likely misreadings of an optical reader are proposed, for a
// person to look at the document: character by character in Document.Repairs, as
// whole zones in which all check digits hold by Propose.
//
// Country codes are those of package country; any other is kept as printed and
// counts as unread. The old French identity card (two lines of 36, its own layout)
// is not a Doc 9303 zone: it reads as a TD2 with wrong check digits.
//
// TestOracle compares the reader with npm's mrz; the reasons of all differences
// are listed there. The package is pure. All functions are safe for concurrent
// use.
package mrz
