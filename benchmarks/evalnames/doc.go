// Package evalnames measures name search and name comparison on labelled files:
// recall of mated queries, false alerts of non-mated ones, F1 over labelled
// pairs, latency and throughput. Results are counts and shares: no name leaves
// the package, and errors give line numbers only.
//
// Files:
//
//	targets  id<TAB>name<TAB>birth, one name a line; lines of one id are names of
//	         one entry; birth may be empty
//	queries  name<TAB>id, or an empty id for a person who is on no list
//	pairs    CSV with the columns name1, name2 and is_match; with a column
//	         schema, only rows of schema Person count
//
// RunBench runs the sets of `make bench-names` on the labelled names of the test
// data, RunLarge measures speed and memory on a long generated list, and
// BenchGoals judges both.
//
// Empty lines and lines that begin with # are skipped in the first two.
package evalnames
