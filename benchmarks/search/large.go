package search

import (
	"context"
	"fmt"
	"runtime"
)

// oursName is the gallery on the kernels that this CPU runs best.
const oursName = "gallery"

// rawLarge measures the large gallery on raw templates: both distances, every
// kernel, FAISS, eight queries at a time, what inserting costs and what the
// length of the coded prefix does.
func (b *bench) rawLarge(ctx context.Context) error {
	d, err := draw(rawSpace{rawModel}, "raw", b.diverse, 12, b.Large, max(b.Queries, b.Batch))
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(d)
	t := bruteForce(d)
	all, err := d.buildAll(true, kernels()...)
	if err != nil {
		return err
	}
	defer all.close()
	if b.peers != nil {
		if err := b.peers.load(d); err != nil {
			return err
		}
		if _, err := b.peers.do("faiss"); err != nil {
			return err
		}
	}
	for _, tau := range []float64{0.45, 0.6} {
		c := comparison{name: fmt.Sprintf("raw %s tau %g", count(d.n), tau), data: d, truth: t, k: 10, tau: &tau}
		err := b.each(ctx, c, []int{1, 2}, func(c *comparison) []side {
			sides := all.sides(c)
			if c.threads == 1 && tau == 0.6 && b.peers != nil {
				s := c.peerSide(b.peers, "faiss", faissName, 0, 1)
				s.row.Note = "Debian's SSE2 build; knows no tau"
				sides = append(sides, s)
			}
			return sides
		})
		if err != nil {
			return err
		}
	}
	if err := b.together(ctx, d, t, all); err != nil {
		return err
	}
	b.memory(d, all)
	return b.prefixes(d, t, 0.45, 0.6)
}

// faissName is Debian's FAISS flat.
const faissName = "FAISS flat (Debian, SSE2)"
