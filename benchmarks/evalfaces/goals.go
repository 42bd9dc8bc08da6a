package evalfaces

import (
	"fmt"
	"math"

	"vigie/benchmarks"
	"vigie/models"
	"vigie/models/calibrate"
)

// Goals judges the figures at the top of a report of the project's own test data.
func Goals(r *Report) []benchmarks.Goal {
	m := r.Groups[calibrate.DefaultAnchor]
	pairs := fmt.Sprintf("%d mated, %d impostor pairs", m.MatedPairs, m.ImpostorPairs)
	searches := fmt.Sprintf("%d mated, %d non-mated searches, gallery %d", m.MatedSearches, m.NonMatedSearches, m.GallerySize)
	all := fmt.Sprintf("%d impostor pairs of %d groups", r.Pooled.ImpostorPairs, len(r.Groups))
	who := calibrate.DefaultAnchor
	encoders, low, lower, missed := "dlib alone", 0.07, 0.16, 0.35
	if r.Model != models.DlibModel {
		encoders, low, lower, missed = "two encoders fused", 0.03, 0.08, 0.20
	}
	out := []benchmarks.Goal{
		{What: who + ": FNMR at FMR 1e-3, " + encoders, Want: low, AtMost: true, Value: m.FNMRAtFMR["1e-3"], Interval: m.Intervals.FNMRAtFMR["1e-3"], Rests: pairs, Unit: benchmarks.Share},
		{What: who + ": FNMR at FMR 1e-4, " + encoders, Want: lower, AtMost: true, Value: m.FNMRAtFMR["1e-4"], Interval: m.Intervals.FNMRAtFMR["1e-4"], Rests: pairs, Unit: benchmarks.Share},
		{What: "worst over best group: FMR at the threshold for 1e-3", Want: 2, AtMost: true, Value: r.Pooled.FMRRatio, Interval: r.Pooled.Intervals.Ratio, Rests: all},
		{What: "worst over best group: FMR at the threshold for 1e-2", Want: 2, AtMost: true, Value: r.Pooled.FMRRatioLow, Interval: r.Pooled.Intervals.RatioLow, Rests: all},
		{What: who + ": FNIR at FPIR 1 %", Want: missed, AtMost: true, Value: m.FNIRAtFPIR["0.01"], Interval: m.Intervals.FNIRAtFPIR["0.01"], Rests: searches, Unit: benchmarks.Share},
		{What: who + ": true mate among the first 5", Want: 0.97, Value: m.Top5, Interval: m.Intervals.Top5, Rests: searches, Unit: benchmarks.Share},
	}
	out = append(out, r.Growth.goals()...)
	for i, g := range out {
		out[i] = g.JudgeBoth(nil, g.Value)
	}
	return out
}

// goals judges each target by the row that is furthest off.
func (g *Growth) goals() []benchmarks.Goal {
	var out []benchmarks.Goal
	for _, target := range growthTargets {
		goal := benchmarks.Goal{What: fmt.Sprintf("measured FPIR off its target of %g %%, furthest of all sizes", 100*target), Want: GrowthBand, AtMost: true, Unit: benchmarks.Share}
		if g != nil {
			off, within, allowed, rows := 0.0, 0, 0, 0
			for _, r := range g.Rows {
				if r.Target != target {
					continue
				}
				rows++
				off = math.Max(off, math.Abs(r.FPIR/r.Target-1))
				if r.Holds {
					within++
				}
				if r.Allows {
					allowed++
				}
			}
			goal.Value = &off
			goal.Rests = fmt.Sprintf("%d sizes from 100 to 10000, %d within 20 %%, %d where the interval allows it", rows, within, allowed)
		}
		out = append(out, goal)
	}
	return out
}
