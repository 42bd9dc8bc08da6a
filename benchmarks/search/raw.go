package search

import (
	"context"
	"fmt"
	"runtime"
)

// rawModel is the model of the templates in the raw space.
const rawModel = "bench/raw-128"

// The recalls at which hnswlib is measured.
var recalls = []float64{0.94, 0.98}

func (b *bench) rawSmall(ctx context.Context) error {
	return b.rawAt(ctx, b.Small, []float64{0.6}, nil)
}

// rawMedium adds hnswlib, tuned to its two recalls.
func (b *bench) rawMedium(ctx context.Context) error {
	return b.rawAt(ctx, b.Medium, []float64{0.5}, b.graph)
}

// rawAt compares the gallery with the flat scan on drawn templates; more adds
// contenders on one thread.
func (b *bench) rawAt(ctx context.Context, n int, taus []float64, more func(context.Context, *truth) (func(*comparison) []side, error)) error {
	d, err := draw(rawSpace{rawModel}, "raw", b.diverse, 11, n, max(b.Queries, b.Batch))
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(d)
	all, err := d.buildAll(true, bestKernel())
	if err != nil {
		return err
	}
	defer all.close()
	t := bruteForce(d)
	extra := func(*comparison) []side { return nil }
	if more != nil && b.peers != nil {
		if extra, err = more(ctx, t); err != nil {
			return err
		}
	}
	for _, tau := range taus {
		c := comparison{name: fmt.Sprintf("raw %s tau %g", count(n), tau), data: d, truth: t, k: 10, tau: &tau}
		err := b.each(ctx, c, []int{1, 2}, func(c *comparison) []side {
			sides := all.sides(c)
			if c.threads == 1 {
				sides = append(sides, extra(c)...)
			}
			return sides
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// graph builds or loads hnswlib's graph and finds the least ef for each recall.
func (b *bench) graph(_ context.Context, t *truth) (func(*comparison) []side, error) {
	list, how, err := b.peers.tune(t, recalls)
	if err != nil {
		return nil, err
	}
	return func(c *comparison) []side {
		var sides []side
		for i, h := range list {
			if h.ef == 0 {
				continue // the recall wasn't reached at any ef
			}
			s := c.peerSide(b.peers, "hnsw", fmt.Sprintf("hnswlib at %.2f", recalls[i]), h.ef, 1)
			s.row.Note = fmt.Sprintf("M %d, ef %d, recall %.3f over %d queries, graph %s", graphM, h.ef, h.recall, h.queries, how)
			sides = append(sides, s)
		}
		return sides
	}, nil
}

// count writes a number of templates shortly.
func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}
