// Package score holds the comparators of the matcher: pure functions that hold
// one respect of a probe (name, birth, sex, nationality, document) against an
// entry and answer with a line of evidence.
//
// Each line has two numbers. Score, 0 to 1, says how alike the two are. LLR says
// how much that is worth: the log10 of how much likelier it is to see this
// between two records of one person than between records of two. A shared
// "Mamadou Diallo" has Score 1 and a smaller LLR than a rare name.
//
// The LLRs of names and dates of birth are fitted to labelled data by "vigie
// calibrate names" (make calibrate-names) into calibration.json, which is embedded
// and named in every lead: counts of how often a rule, a likeness, a frequent word, a
// conflict, an omission or a pair of dates is seen in mated pairs and in others, and a
// curve from the sum over the words to the LLR of the name. What no data at hand can
// fit (llr.go) is listed there as reasoned. Sums of lines assume independence; what
// the matcher takes off for dependence is in its DESIGN.
//
// Every comparator returns false when there is nothing to compare, which counts
// neither for nor against. Reasons are in French and hold no personal data;
// codes and parameters are stable. There is no clock, no randomness and no state:
// equal input gives equal output on every node.
package score
