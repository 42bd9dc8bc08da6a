package search

import (
	"context"
	"time"
)

// gemmSide answers all queries of a pass together by products of blocks of rows
// and queries.
func (c *comparison) gemmSide() side {
	s := side{row: c.row(gemmName)}
	s.row.Kernel = flatKernel()
	s.pass = func(_ context.Context, from, to int) (time.Duration, error) {
		start := time.Now()
		for _, q := range c.data.queries[c.kind].rows[from:to] {
			flatThreads(q, c.data.rows, c.k, *c.tau, c.threads)
		}
		return time.Since(start), nil
	}
	return s
}
