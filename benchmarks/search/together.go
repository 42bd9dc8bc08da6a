package search

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"vigie/index/face"
	"vigie/watchlist"
)

// clients is how many callers wait for an answer at any time: twice the eight
// queries that one pass of the gallery takes, so that a pass always finds eight.
const clients = 16

// The contenders that answer many queries at once.
const (
	togetherName = "gallery, 16 clients"
	gemmName     = "blocked GEMM"
	eightName    = "flat, 8 queries a pass"
	sgemmName    = "OpenBLAS sgemm"
	faissMany    = "FAISS flat, 256 at once (Debian, GEMM)"
)

// together measures the time per query when many are waiting, against scans that
// multiply blocks of rows and queries.
func (b *bench) together(ctx context.Context, d *data, t *truth, all *galleries) error {
	tau := 0.6
	c := comparison{name: fmt.Sprintf("raw %s tau %g, many at once", count(d.n), tau), data: d, truth: t, k: 10, tau: &tau}
	for _, c.threads = range []int{1, 2} {
		for _, c.kind = range kinds {
			one := c
			sides := []side{one.manySide(all.on(c.threads)), one.gemmSide(), one.eightSide()}
			if b.peers != nil {
				sides = append(sides, one.peerSide(b.peers, "sgemm", sgemmName, 0, b.Batch), one.peerSide(b.peers, "faiss", faissMany, 0, b.Batch))
			}
			if err := b.compare(ctx, &one, b.Batch, sides...); err != nil {
				return err
			}
		}
	}
	return nil
}

// manySide is the gallery asked by several clients, each with one query at a
// time.
func (c *comparison) manySide(g *face.Gallery) side {
	s := side{row: c.row(togetherName)}
	s.row.Kernel = bestKernel()
	bad := 0
	s.pass = func(ctx context.Context, from, to int) (time.Duration, error) {
		qs := c.data.queries[c.kind].templates
		got := make([]answer, to)
		fails := make([]error, clients)
		var next atomic.Int64
		next.Store(int64(from))
		var wg sync.WaitGroup
		start := time.Now()
		for w := range clients {
			wg.Go(func() {
				q := watchlist.FaceQuery{Model: c.data.space.Model(), K: c.k, MinScore: c.low()}
				for fails[w] == nil {
					i := int(next.Add(1)) - 1
					if i >= to {
						return
					}
					q.Template = qs[i]
					got[i].matches, got[i].more, fails[w] = g.Search(ctx, q, nil)
				}
			})
		}
		wg.Wait()
		took := time.Since(start)
		for _, err := range fails {
			if err != nil {
				return 0, fmt.Errorf("search: %w", err)
			}
		}
		n, err := c.truth.differences(c.kind, c.k, c.low(), got[from:])
		bad += n
		return took, err
	}
	s.done = func(r *Row) error {
		r.Differences = &bad
		return nil
	}
	return s
}
