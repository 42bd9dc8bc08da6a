package search

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"vigie/benchmarks/search/flat"
)

// flatChunk is how many rows a flat scan compares before it looks at the
// distances.
const flatChunk = 1024

// near is a row at a squared distance.
type near struct {
	row int64
	d2  float32
}

// nearest keeps the k nearest rows, the farthest of them last.
type nearest struct {
	k    int
	list []near
}

// limit is what a squared distance must stay below to get in.
func (n *nearest) limit(cap float32) float32 {
	if len(n.list) < n.k {
		return cap
	}
	return min(n.list[len(n.list)-1].d2, cap)
}

func (n *nearest) offer(h near) {
	at, _ := slices.BinarySearchFunc(n.list, h, func(a, b near) int { return cmp.Compare(a.d2, b.d2) })
	if len(n.list) == n.k {
		n.list = n.list[:n.k-1]
	}
	n.list = slices.Insert(n.list, at, h)
}

// flatSearch finds the k nearest of rows below a squared distance by looking at
// each: the row numbers count from first.
func flatSearch(q, rows []float32, first, k int, limit float32) []near {
	n := nearest{k: k, list: make([]near, 0, k)}
	scan := flat.Best()
	var out [flatChunk]float32
	dim := len(q)
	for at := 0; at < len(rows)/dim; at += flatChunk {
		m := min(flatChunk, len(rows)/dim-at)
		scan.Distances(q, rows[at*dim:(at+m)*dim], dim, out[:m])
		bound := n.limit(limit)
		for i, v := range out[:m] {
			if v < bound {
				n.offer(near{int64(first + at + i), v})
				bound = n.limit(limit)
			}
		}
	}
	return n.list
}

// flatThreads is flatSearch on as many goroutines, each on its part of the rows.
func flatThreads(q, rows []float32, k int, limit float32, threads int) []near {
	if threads == 1 {
		return flatSearch(q, rows, 0, k, limit)
	}
	n := len(rows) / len(q)
	parts := make([][]near, threads)
	var wg sync.WaitGroup
	for t := range threads {
		from, to := n*t/threads, n*(t+1)/threads
		run := func() { parts[t] = flatSearch(q, rows[from*len(q):to*len(q)], from, k, limit) }
		if t == threads-1 {
			run()
		} else {
			wg.Go(run)
		}
	}
	wg.Wait()
	all := slices.Concat(parts...)
	slices.SortFunc(all, func(a, b near) int { return cmp.Compare(a.d2, b.d2) })
	return all[:min(k, len(all))]
}

// flatKernel names what the scans run on.
func flatKernel() string { return flat.Best().Name() }

// limit is the squared distance that rows must stay below.
func (c *comparison) limit() float32 {
	if c.tau == nil {
		return math.MaxFloat32
	}
	return float32(*c.tau * *c.tau)
}

// flatSide is the flat scan as a contender.
func (c *comparison) flatSide() side {
	s := side{row: c.row(flatName)}
	s.row.Kernel = flatKernel()
	s.pass = func(_ context.Context, from, to int) (time.Duration, error) {
		qs := c.data.queries[c.kind].rows
		start := time.Now()
		for _, q := range qs[from:to] {
			flatThreads(q, c.data.rows, c.k, c.limit(), c.threads)
		}
		return time.Since(start), nil
	}
	return s
}
