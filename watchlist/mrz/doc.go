// Package mrz reads the machine-readable zone of travel documents after ICAO
// Doc 9303 parts 3 to 7: TD1 (3 lines of 30), TD2 and MRV-B (2 of 36), TD3 and
// MRV-A (2 of 44).
//
// It reads what is printed and never repairs it: every check digit has a status
// of its own, and likely misreadings of an optical reader are proposed, for a
// person to look at the document. It is pure and uses the standard library only.
// All functions are safe for concurrent use.
package mrz
