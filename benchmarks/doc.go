// Package benchmarks measures speed and accuracy and writes down what it found:
// JSON under benchmarks/out and a section per area in benchmarks/RESULTS.md, with
// machine, commit and counts. Nothing in it is part of the product, and no test
// depends on a time.
//
// Times are wall-clock times of one run on one machine; a ratio compares two
// things measured in the same run.
package benchmarks
