package fitnames

import (
	"context"
	"fmt"
	"math"

	"vigie/matcher/score"
)

// The priors that the reliability is stated for, and the bins, by the log10 of the
// posterior odds.
var (
	priors   = []float64{0.5, 0.1, 0.01}
	oddsEdge = []float64{-99, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 99}
)

// check fits on four folds and tests on the fifth, in turn: no person is in both,
// and no surname family of the regional names.
func check(ctx context.Context, pairs []pair, base score.CalibrationData, progress func(string)) (score.Check, error) {
	llrs := make([]float64, len(pairs))
	for i := range llrs {
		llrs[i] = math.NaN()
	}
	out := score.Check{Folds: folds}
	for f := range int8(folds) {
		progress(fmt.Sprintf("testing fold %d of %d", f+1, folds))
		c, err := fit(ctx, pairs, base, func(p *pair) bool { return p.fa != f && p.fb != f })
		if err != nil {
			return out, err
		}
		inParallel(len(pairs), func(i int) {
			if p := &pairs[i]; p.ok && p.fa == f && p.fb == f {
				llrs[i] = c.LLR(p.compared)
			}
		})
	}
	tested := make([]pair, 0, len(pairs)/folds)
	var scores []float64
	var all tally
	for i, l := range llrs {
		if !math.IsNaN(l) {
			tested, scores = append(tested, pairs[i]), append(scores, l)
			all.add(&pairs[i], 0)
		}
	}
	out.Mated, out.Others = all.nMated, all.nOthers
	for _, prior := range priors {
		out.Priors = append(out.Priors, reliability(tested, scores, &all, prior))
	}
	return out, nil
}

// reliability bins the posteriors under a prior.
func reliability(tested []pair, llrs []float64, all *tally, prior float64) score.PriorCheck {
	type bin struct {
		mated, others, posterior float64
		nMated, nOthers          int
	}
	bins := make([]bin, len(oddsEdge)-1)
	odds := math.Log10(prior / (1 - prior))
	for i := range tested {
		w := prior * tested[i].weight / all.mated
		if !tested[i].mated {
			w = (1 - prior) * tested[i].weight / all.others
		}
		o := odds + llrs[i]
		b := &bins[binOf(oddsEdge, o)]
		b.posterior += w / (1 + math.Pow(10, -o))
		if tested[i].mated {
			b.mated += w
			b.nMated++
		} else {
			b.others += w
			b.nOthers++
		}
	}
	out := score.PriorCheck{Prior: prior}
	for _, b := range bins {
		share := b.mated + b.others
		if share == 0 {
			continue
		}
		out.ECE += math.Abs(b.posterior - b.mated)
		out.Bins = append(out.Bins, score.ReliabilityBin{
			Predicted: round(b.posterior / share), Observed: round(b.mated / share), Share: significant(share), Mated: b.nMated, Others: b.nOthers,
		})
	}
	out.ECE = round(out.ECE)
	return out
}
