package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"vigie/benchmarks/gen"
)

// The diverse population is scaled to what the research derived for LFW: a false
// match rate of 0.57 % at distance 0.6 (vectors.md §1).
const (
	diverseDistance = 0.6
	diverseFMR      = 0.0057
	// cohortWithin is the share of the cohort's variance taken for differences
	// between photos of one person when there are no photos to measure it on.
	cohortWithin = 0.3
	spreadPairs  = 2_000_000
)

// populations fits what the galleries are drawn from and says how it lies.
func (b *bench) populations(context.Context) error {
	from := ""
	fitted, err := error(nil), error(nil)
	if len(b.Groups) > 0 {
		people := 0
		for _, g := range b.Groups {
			people += len(g.Samples)
		}
		from = fmt.Sprintf("fitted to %d real templates of VIGIE_TESTDATA", people)
		b.fitted, fitted = gen.FitPopulation(b.Groups)
	} else {
		from = fmt.Sprintf("the calibration's cohort, %.0f %% of its variance within persons (an assumption)", 100*cohortWithin)
		b.note("no real templates: the galleries are drawn from the calibration's cohort")
		b.fitted, fitted = gen.CohortPopulation(b.cal, cohortWithin)
	}
	if fitted == nil {
		b.diverse, err = b.fitted.Diverse(7, diverseDistance, diverseFMR)
	}
	if err := errors.Join(fitted, err); err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		p    *gen.Population
	}{{"fitted", b.fitted}, {"diverse", b.diverse}} {
		d := Population{Name: p.name, From: from}
		if d.Raw, err = p.p.Measure(1, spreadPairs, 0.45, 0.5, 0.6); err != nil {
			return err
		}
		if d.Calib, err = b.points(p.p); err != nil {
			return err
		}
		b.report.Populations = append(b.report.Populations, d)
	}
	b.report.Populations[1].From = "the fitted one with 48 clusters, all deviations scaled until its false match rate at 0.6 is that of LFW"
	return nil
}

// points measures false match rates in the calibrated space, on random pairs.
func (b *bench) points(p *gen.Population) ([]Point, error) {
	const people = 4096
	photos := make([]float32, people*p.Dim())
	if err := p.Crowd(2).Enrol(0, 1, photos); err != nil {
		return nil, err
	}
	z := make([][]float32, people)
	for i := range z {
		var err error
		if z[i], err = b.cal.Project(photos[i*p.Dim() : (i+1)*p.Dim()]); err != nil {
			return nil, fmt.Errorf("project a drawn template: %w", err)
		}
	}
	var out []Point
	for _, fmr := range []float64{1e-3, 1e-4, 1e-5} {
		out = append(out, Point{StatedFMR: fmr, Distance: distanceAt(b.cal.ThresholdAtFMR(fmr))})
	}
	rnd := rand.New(rand.NewPCG(1, 0x706f696e74))
	for range spreadPairs {
		i, j := rnd.IntN(people), rnd.IntN(people-1)
		if j >= i {
			j++
		}
		d := gen.Distance(z[i], z[j])
		for k := range out {
			if d <= out[k].Distance {
				out[k].MeasuredFMR += 1.0 / spreadPairs
			}
		}
	}
	return out, nil
}
