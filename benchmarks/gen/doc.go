// Package gen draws made-up names, entries and templates for benchmarks: the
// same seed gives the same values on every machine. Nothing it draws is a real
// person's record.
package gen
