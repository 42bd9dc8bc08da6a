package calibrate

import (
	"errors"
	"fmt"
	"math"

	"vigie/models"
)

const (
	// tailShare is the share of the impostor scores, the best, that the tail is
	// fitted on.
	tailShare = 0.01
	// minAbove is the least number of comparisons above the last row of the
	// table, 25 pairs in both orders: below it the table would tell single pairs.
	minAbove = 50
	// perDecade is the number of table rows for every factor of ten.
	perDecade = 8
)

// fitFMR tabulates the survival of rising impostor scores, which hold each pair
// in both orders, and fits a generalised Pareto tail to the top hundredth that ends
// at 1, the score of equal templates.
func fitFMR(group string, persons int, impostor []float64) (models.FMRModel, error) {
	n := len(impostor)
	m := models.FMRModel{Group: group, Persons: persons, Pairs: n / 2}
	for k := 0; ; k++ {
		share := math.Pow(10, -float64(k)/perDecade)
		above := int(math.Round(share * float64(n)))
		if above < minAbove {
			break
		}
		score := impostor[n-above]
		if last := len(m.Scores) - 1; last >= 0 && score <= m.Scores[last] {
			return m, fmt.Errorf("group %s: too many equal impostor scores", group)
		}
		m.Scores = append(m.Scores, score)
		m.Rates = append(m.Rates, float64(above)/float64(n))
	}
	exceed := int(tailShare * float64(n))
	start := impostor[n-1-exceed]
	top := impostor[n-exceed:]
	sigma, xi := endingTail(top, start)
	if !(sigma > 0) {
		return m, fmt.Errorf("group %s: the impostor scores have no tail", group)
	}
	m.Tail = models.Tail{Start: start, Sigma: sigma, Xi: xi, Exceedances: exceed}
	return m, nil
}

// endingTail fits scores above start with a tail that ends at 1 by maximum
// likelihood: the share that reaches s is ((1-s)/(1-start))^(1/a), so that a is the
// mean of ln((1-start)/(1-s)).
//
// A free generalised Pareto tail of the West African scores ends at 0.79, although
// nothing ends there; held to end at 1 or later, it ends at 1. 2/a is then the number
// of dimensions in which strangers crowd around a face, as Levina and Bickel estimate
// it (Maximum likelihood estimation of intrinsic dimension, 2004) from distances
// sqrt(2-2s): 26 for West African faces, 25 for US faces. The heavier tail of before
// (shape -0.05) set thresholds in a gallery of 10,000 that let 0.3 to 0.4 of the target
// FPIR through (benchmarks/evalfaces, growth of the gallery).
func endingTail(top []float64, start float64) (sigma, xi float64) {
	var a float64
	for _, s := range top {
		a += math.Log((1-start)/math.Max(1-s, 1e-6)) / float64(len(top))
	}
	return a * (1 - start), -a
}

// fitLLR, too, is given each pair in both orders. It fits log10 LR = slope * score + intercept by logistic regression, both
// classes weighing the same, which is the calibration of forensic practice. It
// is clamped above at what the last row of the false match table supports: the
// share of mates over the share of impostors that reach it; below at the share
// of mates that could go unseen among those measured (rule of three).
func fitLLR(mated, impostor []float64, fmr models.FMRModel) (models.LLRModel, error) {
	pairs := len(mated) / 2
	if pairs < models.MinMatedPairs {
		return models.LLRModel{}, fmt.Errorf("unbalanced cohort: %d mated pairs, at least %d needed", pairs, models.MinMatedPairs)
	}
	slope, intercept, err := logistic(mated, impostor)
	if err != nil {
		return models.LLRModel{}, err
	}
	last := len(fmr.Scores) - 1
	mates := Scores{Mated: mated}
	reach := 1 - mates.FNMR(fmr.Scores[last])
	m := models.LLRModel{
		Slope: slope / math.Ln10, Intercept: intercept / math.Ln10,
		Min:        math.Log10(3 / float64(pairs)),
		Max:        math.Log10(max(reach, 0.5) / fmr.Rates[last]),
		MatedPairs: pairs, ImpostorPairs: len(impostor) / 2,
	}
	return m, nil
}

// logistic finds the natural-log odds slope*score+intercept by Newton's method.
func logistic(mated, impostor []float64) (slope, intercept float64, err error) {
	classes := [2]struct {
		scores []float64
		label  float64
	}{{impostor, 0}, {mated, 1}}
	for range 100 {
		var g0, g1, h00, h01, h11 float64
		for _, c := range classes {
			w := 0.5 / float64(len(c.scores))
			for _, s := range c.scores {
				p := 1 / (1 + math.Exp(-(slope*s + intercept)))
				d, h := w*(c.label-p), w*p*(1-p)
				g0, g1 = g0+d, g1+d*s
				h00, h01, h11 = h00+h, h01+h*s, h11+h*s*s
			}
		}
		h00, h11 = h00+1e-9, h11+1e-9 // keeps separable classes finite
		det := h00*h11 - h01*h01
		if !(det > 0) {
			return 0, 0, errors.New("the scores tell no mate from an impostor")
		}
		stepB, stepA := (h11*g0-h01*g1)/det, (h00*g1-h01*g0)/det
		// A long step overshoots where the curve is flat.
		cut := 1 / math.Max(1, (math.Abs(stepA)+math.Abs(stepB))/10)
		slope, intercept = slope+cut*stepA, intercept+cut*stepB
		if math.Abs(stepA)+math.Abs(stepB) < 1e-9 {
			return slope, intercept, nil
		}
	}
	return 0, 0, errors.New("the likelihood ratio does not converge")
}
