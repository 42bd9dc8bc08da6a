// Package score holds the comparators of the matcher: pure functions that hold
// one respect of a probe (name, birth, sex, nationality, document) against an
// entry and answer with a line of evidence.
//
// Each line has two numbers. Score, 0 to 1, says how alike the two are. LLR says
// how much that is worth: the log10 of how much likelier it is to see this
// between two records of one person than between records of two. A shared
// "Mamadou Diallo" has Score 1 and a small LLR, since one traveller in some
// hundred bears it.
//
// The LLRs are the constants of llr.go, each with its reasoning; they are
// estimates on the careful side, not yet fitted to data. Sums of lines assume
// independence, which the caps there make up for.
//
// Every comparator returns false when there is nothing to compare, which counts
// neither for nor against. Reasons are in French and hold no personal data;
// codes and parameters are stable. There is no clock, no randomness and no state:
// equal input gives equal output on every node.
package score
