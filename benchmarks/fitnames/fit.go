package fitnames

import (
	"context"
	"fmt"
	"math"
	"slices"

	"vigie/matcher/score"
	"vigie/watchlist/names"
)

// seed is that of all draws.
const seed = 2026

// Options steer a fit; the zero value is what the shipped file was made with.
type Options struct {
	// Others is how many pairs of strangers are drawn, default 400,000.
	Others int
	// Strangers is how many of the synthetic strangers take part, default 20,000.
	Strangers int
	// Progress, when set, is told what is done.
	Progress func(step string)
}

// Fit reads a folder of labelled names, VIGIE_TESTDATA/names, and fits a
// calibration. It fails when a file is missing or malformed, and when ctx ends.
func Fit(ctx context.Context, dir string, o Options) (*score.Calibration, error) {
	if o.Others == 0 {
		o.Others = 400_000
	}
	if o.Strangers == 0 {
		o.Strangers = 20_000
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	o.Progress("reading")
	d, err := readData(dir, o.Strangers)
	if err != nil {
		return nil, err
	}
	pairs, cohort := sets(d, o.Others)
	o.Progress("comparing words")
	observe(pairs)
	base := score.CalibrationData{NamesVersion: names.Version, Births: fitBirths(d.list), Reasoned: score.Reasons()}
	base.Cohort = score.Cohort{
		Text:  "Names of OFAC's and the UN's lists with their aliases, name_bench, and made-up people with the names of Senegalese officials; strangers drawn among them, and synthetic ones.",
		Files: d.files, Sets: cohort, Seed: seed,
	}
	o.Progress("nationalities")
	base.NationalityKept, base.NationalityPairs = fitNationality(d.list)
	out := base
	if out.Check, err = check(ctx, pairs, base, o.Progress); err != nil {
		return nil, err
	}
	o.Progress("fitting on all")
	return fit(ctx, pairs, out, func(*pair) bool { return true })
}

// fit makes a calibration of the pairs that use accepts.
func fit(ctx context.Context, pairs []pair, d score.CalibrationData, use func(*pair) bool) (*score.Calibration, error) {
	d.Words = fitWords(pairs, use)
	d.Names = score.Curve{X: []float64{-100, 100}, Y: []float64{-100, 100}} // each sum is itself
	rough, err := sealed(d)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("fit names: %w", err)
	}
	d.Names, d.SumMated, d.SumOthers = fitSums(pairs, rough, use)
	return sealed(d)
}

func sealed(d score.CalibrationData) (*score.Calibration, error) {
	if err := d.Seal(); err != nil {
		return nil, err
	}
	return score.NewCalibration(d)
}

// sumBin is how many mated pairs, at least, a bin of the curve of names holds.
const sumBin = 60

// fitSums makes the curve from the sum over the words to the LLR of a name. Names
// whose surname differs are held at 0 by a rule of their own and take no part.
func fitSums(pairs []pair, rough *score.Calibration, use func(*pair) bool) (c score.Curve, mated, others int) {
	sums := make([]float64, len(pairs))
	inParallel(len(pairs), func(i int) {
		sums[i] = math.NaN()
		if p := &pairs[i]; p.ok && use(p) {
			if sum, highest := rough.Sum(p.compared); highest > 0 || sum < 0 {
				sums[i] = sum
			}
		}
	})
	var order []int
	all := tally{}
	for i := range pairs {
		if use(&pairs[i]) {
			all.add(&pairs[i], 0)
		}
		if !math.IsNaN(sums[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case sums[a] < sums[b]:
			return -1
		case sums[a] > sums[b]:
			return 1
		}
		return a - b
	})
	var pts []point
	var bin tally
	for k, i := range order {
		bin.add(&pairs[i], sums[i])
		// Equal sums stay together.
		if bin.nMated < sumBin || bin.nOthers < sumBin && k+1 < len(order)*199/200 || k+1 < len(order) && sums[order[k+1]] == sums[i] {
			continue
		}
		pts = append(pts, point{x: bin.x / bin.w, y: bin.llr(&all), w: float64(bin.nMated)})
		mated, others, bin = mated+bin.nMated, others+bin.nOthers, tally{}
	}
	return isotonic(pts), mated, others
}
