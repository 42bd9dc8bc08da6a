// Package fusion measures what a lead is worth that weighs everything: a generated
// stream of travellers, mated and non-mated, with missing and wrong fields, is
// searched by the whole matcher over its own indexes, and the fused evidence is held
// against each single evidence at the same FPIR. Names are made up from the counts of
// the region's names, births, documents and nationalities are drawn, faces are real
// templates of the test photos. Results are counts and shares; no name, photo or
// template leaves the package.
package fusion
