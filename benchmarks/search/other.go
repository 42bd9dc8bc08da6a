package search

import (
	"context"
	"fmt"
	"runtime"

	"vigie/benchmarks/gen"
	"vigie/index/face"
	"vigie/models/calibrate"
)

// real searches the real templates themselves, in both spaces: of everybody with
// several photos one is a hit query, and every tenth person is not enrolled.
func (b *bench) real(ctx context.Context) error {
	if len(b.Groups) == 0 {
		b.note("the gallery of real templates was left out: no photos")
		return nil
	}
	for _, s := range []struct {
		space face.Space
		label string
		tau   func(n int) float64
	}{
		{rawSpace{rawModel}, "raw", func(int) float64 { return 0.5 }},
		{apart{b.cal}, "calibrated", func(n int) float64 {
			_, score := b.cal.OperatingPoint(targetFPIR, n)
			return distanceAt(score)
		}},
	} {
		d, queries, err := realData(s.space, s.label, b.Groups)
		if err != nil {
			return err
		}
		defer runtime.KeepAlive(d)
		all, err := d.buildAll(false, bestKernel())
		if err != nil {
			return err
		}
		defer all.close()
		tau := s.tau(d.n)
		t := bruteForce(d)
		for _, c := range []comparison{
			{name: fmt.Sprintf("%s, real templates, tau %.3g", s.label, tau), tau: &tau},
			{name: s.label + ", real templates, top 10"},
		} {
			c.data, c.truth, c.k, c.threads = d, t, 10, 1
			for _, c.kind = range kinds {
				if err := b.compare(ctx, &c, queries, all.sides(&c)...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// realData makes a gallery of labelled templates and asks it with probes, as a
// search makes them of a photo; the second result is the number of queries of each
// kind.
func realData(space face.Space, label string, groups []calibrate.Group) (*data, int, error) {
	d := &data{space: space, label: label}
	var hit, miss [][]float32
	person := 0
	for _, g := range groups {
		photos := map[string][]calibrate.Sample{}
		var order []string
		for _, s := range g.Samples {
			if photos[s.Person] == nil {
				order = append(order, s.Person)
			}
			photos[s.Person] = append(photos[s.Person], s)
		}
		for i, who := range order {
			list := photos[who]
			if i%10 == 0 {
				miss = append(miss, probeOf(list[0]))
				continue
			}
			if len(list) > 1 {
				hit, list = append(hit, probeOf(list[0])), list[1:]
			}
			for _, s := range list {
				d.owner = append(d.owner, int32(person))
				d.templates = append(d.templates, s.Template...)
				d.dim = len(s.Template)
			}
			person++
		}
	}
	d.n = len(d.owner)
	queries := min(len(hit), len(miss))
	if queries == 0 {
		return nil, 0, fmt.Errorf("the real templates give %d hit and %d miss queries", len(hit), len(miss))
	}
	if err := d.ask(hit[:queries], miss[:queries]); err != nil {
		return nil, 0, err
	}
	return d, queries, d.projectAll()
}

// probeOf is what a search makes of a photo.
func probeOf(s calibrate.Sample) []float32 {
	if s.Probe == nil {
		return s.Template
	}
	return s.Probe
}

// wideModel is the model of the made-up templates of 512 values.
const wideModel = "bench/raw-512"

// wide searches templates of 512 values from a random covariance whose variance
// falls over the dimensions as that of a face encoder does.
func (b *bench) wide(ctx context.Context) error {
	d, err := draw(rawSpace{wideModel}, "raw 512-D", gen.RandomPopulation(512, 21), 22, b.Medium, b.Queries)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(d)
	all, err := d.buildAll(false, bestKernel())
	if err != nil {
		return err
	}
	defer all.close()
	c := comparison{name: fmt.Sprintf("512-D %s top 10", count(d.n)), data: d, truth: bruteForce(d), k: 10}
	return b.each(ctx, c, []int{1}, all.sides)
}

// bigBytes is what a template of the big gallery needs in memory while it is
// measured: its values twice, codes, and the writer's bookkeeping.
const bigBytes = 1500

// big searches the big gallery on one core.
func (b *bench) big(ctx context.Context) error {
	if b.Big == 0 {
		b.note("the big gallery was left out")
		return nil
	}
	if free := availableMiB(); free > 0 && free < b.Big/1_000_000*bigBytes+1000 {
		b.note(fmt.Sprintf("the big gallery of %s was left out: %d MiB of memory are free", count(b.Big), free))
		return nil
	}
	d, err := draw(rawSpace{rawModel}, "raw", b.diverse, 14, b.Big, b.Queries)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(d)
	all, err := d.buildAll(false, bestKernel())
	if err != nil {
		return err
	}
	defer all.close()
	tau := 0.45
	c := comparison{name: fmt.Sprintf("raw %s tau %g", count(d.n), tau), data: d, truth: bruteForce(d), k: 10, tau: &tau}
	return b.each(ctx, c, []int{1}, all.sides)
}
