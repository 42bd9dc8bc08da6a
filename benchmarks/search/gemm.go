package search

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"vigie/benchmarks/search/flat"
)

// gemmSide answers all queries of a pass together by products of blocks of rows
// and queries; each thread takes its part of the rows.
func (c *comparison) gemmSide() side {
	s := side{row: c.row(gemmName)}
	s.row.Kernel = flatKernel()
	norms := make([]float32, c.data.n)
	flat.Best().Norms(c.data.rows, c.data.dim, norms)
	var found [][]int64
	s.pass = func(_ context.Context, from, to int) (time.Duration, error) {
		queries := slices.Concat(c.data.queries[c.kind].rows[from:to]...)
		start := time.Now()
		found = c.gemm(queries, norms)
		return time.Since(start), nil
	}
	s.done = c.recallDone(&found)
	return s
}

// gemm gives the rows that each query finds within tau.
func (c *comparison) gemm(queries, norms []float32) [][]int64 {
	dim, n := c.data.dim, c.data.n
	parts := make([]*flat.Batch, c.threads)
	var wg sync.WaitGroup
	for t := range parts {
		from, to := n*t/c.threads, n*(t+1)/c.threads
		wg.Go(func() {
			b := flat.Best().NewBatch(queries, dim, c.k, c.limit())
			b.Add(c.data.rows[from*dim:to*dim], norms[from:to], from)
			parts[t] = b
		})
	}
	wg.Wait()
	out := make([][]int64, len(queries)/dim)
	for i := range out {
		var hits []flat.Hit
		for _, p := range parts {
			hits = append(hits, p.Hits()[i]...)
		}
		slices.SortFunc(hits, func(a, b flat.Hit) int { return cmp.Compare(a.D2, b.D2) })
		for _, h := range hits[:min(c.k, len(hits))] {
			out[i] = append(out[i], int64(h.Row))
		}
	}
	return out
}

// eightSide answers eight queries with each pass over the rows, without
// products.
func (c *comparison) eightSide() side {
	s := side{row: c.row(eightName)}
	s.row.Kernel = flatKernel()
	var found [][]int64
	s.pass = func(_ context.Context, from, to int) (time.Duration, error) {
		queries := slices.Clone(c.data.queries[c.kind].rows[from:to])
		start := time.Now()
		for len(queries)%8 != 0 { // the last eight may hold one twice
			queries = append(queries, queries[0])
		}
		found = make([][]int64, len(queries))
		var wg sync.WaitGroup
		for t := range c.threads {
			wg.Go(func() {
				for at := t * 8; at < len(queries); at += 8 * c.threads {
					c.eight(queries[at:at+8], found[at:at+8])
				}
			})
		}
		wg.Wait()
		took := time.Since(start)
		found = found[:to-from]
		return took, nil
	}
	s.done = c.recallDone(&found)
	return s
}

// eight scans all rows for eight queries.
func (c *comparison) eight(queries [][]float32, found [][]int64) {
	const rows = 256
	dim := c.data.dim
	all := slices.Concat(queries...)
	var best [8]nearest
	var bound [8]float32
	for i := range best {
		best[i] = nearest{k: c.k}
		bound[i] = c.limit()
	}
	var out [8 * rows]float32
	for at := 0; at < c.data.n; at += rows {
		m := min(rows, c.data.n-at)
		flat.Best().Multi8(all, c.data.rows[at*dim:(at+m)*dim], dim, out[:8*m])
		for j := range m {
			for i, v := range out[8*j : 8*j+8] {
				if v < bound[i] {
					best[i].offer(near{int64(at + j), v})
					bound[i] = best[i].limit(c.limit())
				}
			}
		}
	}
	for i := range best {
		for _, h := range best[i].list {
			found[i] = append(found[i], h.row)
		}
	}
}
