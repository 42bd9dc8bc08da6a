// Package docnum holds the rules by which document numbers are compared, for the
// document index and the comparator alike. It is pure.
package docnum
