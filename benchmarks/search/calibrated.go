package search

import (
	"context"
	"fmt"
	"runtime"
)

// targetFPIR is the product's share of non-mated searches that may return
// somebody.
const targetFPIR = 0.01

func (b *bench) calibratedMedium(ctx context.Context) error {
	return b.calibratedAt(ctx, b.Medium, kernels()[:1], nil)
}

// calibratedLarge adds every kernel, and the search while entries come in.
func (b *bench) calibratedLarge(ctx context.Context) error {
	return b.calibratedAt(ctx, b.Large, kernels(), func(d *data, t *truth, all *galleries, tau float64) error {
		if err := b.prefixes(d, t, tau, 2); err != nil {
			return err
		}
		b.memory(d, all)
		if err := b.writing(ctx, d, all.on(2)); err != nil {
			return err
		}
		all.close()
		return b.reload(ctx, d, t, tau)
	})
}

// calibratedAt compares on drawn templates at the product's own threshold and
// for the plain ten nearest.
func (b *bench) calibratedAt(ctx context.Context, n int, kernels []string, then func(*data, *truth, *galleries, float64) error) error {
	d, err := draw(b.cal, "calibrated", b.fitted, 13, n, b.Queries)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(d)
	t := bruteForce(d)
	all, err := d.buildAll(true, kernels...)
	if err != nil {
		return err
	}
	defer all.close()
	_, score := b.cal.OperatingPoint(targetFPIR, n)
	tau := distanceAt(score)
	for _, c := range []comparison{
		{name: fmt.Sprintf("calibrated %s at FPIR 1 %%", count(n)), tau: &tau},
		{name: fmt.Sprintf("calibrated %s top 10", count(n))},
	} {
		c.data, c.truth, c.k = d, t, 10
		if err := b.each(ctx, c, []int{1, 2}, all.sides); err != nil {
			return err
		}
	}
	if then == nil {
		return nil
	}
	return then(d, t, all, tau)
}
