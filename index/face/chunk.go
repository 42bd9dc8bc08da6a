package face

import "slices"

const (
	// chunkRows is how many rows all queries of a pass look at before the next:
	// their codes stay in the second-level cache meanwhile.
	chunkRows = 8192
	// firstRows is the first chunk; chunks double from there, so that a query
	// without a threshold finds a bound at little cost.
	firstRows = 512
)

// chunk is a run of rows of one part; from is a multiple of codes.Lanes.
type chunk struct {
	part     *part
	probe    int // number of its basis
	from, to int
	outliers bool // look at the part's outliers too
}

// split cuts whole parts into chunks, small ones first.
func split(parts []chunk, backward bool) []chunk {
	if backward {
		slices.Reverse(parts)
	}
	var out []chunk
	size := firstRows
	for _, c := range parts {
		whole := c
		for whole.from < whole.to {
			c := whole
			if backward {
				c.from = max(whole.from, (whole.to-1)/size*size)
				whole.to = c.from
			} else {
				c.to = min(whole.to, whole.from+size)
				whole.from = c.to
			}
			c.outliers = c.from == 0
			out = append(out, c)
			size = min(2*size, chunkRows)
		}
	}
	return out
}
