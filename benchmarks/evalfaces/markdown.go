package evalfaces

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Markdown gives the report as tables.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Model `%s`, calibration `%s` (%s).\n", r.Model, r.Calibration, r.Cohort)
	const stand, left = "labels as they stand", "known label faults left out"
	section := func(title string, f *Figures) {
		if f != nil {
			fmt.Fprintf(&b, "\n**%s**\n\n%s", title, f.markdown())
		}
	}
	if d := r.Disjoint; d != nil {
		what := fmt.Sprintf("Person-disjoint, two of %d folds left out at a time; ", d.Folds)
		section(what+left, d.Corrected)
		section(what+stand, &d.Figures)
	}
	section("This calibration; "+left, r.Corrected)
	section("This calibration; "+stand, &r.Figures)
	b.WriteString("\n| stage | p50 ms | p99 ms | photos |\n|---|---|---|---|\n")
	stages := make([]string, 0, len(r.StagesMS))
	for s := range r.StagesMS {
		stages = append(stages, s)
	}
	slices.Sort(stages)
	for _, s := range stages {
		t := r.StagesMS[s]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %d |\n", s, t.P50, t.P99, t.Photos)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n- %s", n)
	}
	return b.String() + "\n"
}

func (f *Figures) markdown() string {
	var b strings.Builder
	b.WriteString("| group | persons | photos | mated pairs | impostor pairs | FTE | FNMR at FMR 1e-3 | at 1e-4 | FMR at the shared 1e-3 | ratio | FMR at the shared 1e-2 | ratio | FNMR at the shared 1e-3 |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	names := append(f.GroupNames(), "")
	metrics := func(name string) (string, Metrics) {
		if name == "" {
			return "**pooled**", f.Pooled
		}
		return name, f.Groups[name]
	}
	for _, n := range names {
		name, m := metrics(n)
		i := m.Intervals
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, m.Persons, m.Photos, m.MatedPairs, m.ImpostorPairs,
			percent(m.FTE), within(m.FNMRAtFMR["1e-3"], i.FNMRAtFMR["1e-3"]), within(m.FNMRAtFMR["1e-4"], i.FNMRAtFMR["1e-4"]),
			within(m.FMRAtThreshold, i.FMR), ratio(m.FMRRatio, i.Ratio), within(m.FMRAtLowThreshold, i.FMRLow), ratio(m.FMRRatioLow, i.RatioLow), percent(m.FNMRAtThreshold))
	}
	b.WriteString("\n| group | gallery | mated searches | rank 1 | top 5 | FNIR at FPIR 1 % | at 0.1 % | FPIR at target 1 % |\n|---|---|---|---|---|---|---|---|\n")
	for _, n := range names {
		name, m := metrics(n)
		i := m.Intervals
		if m.GallerySize == 0 {
			continue // nothing is searched across groups
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %s | %s | %s |\n", name, m.GallerySize, m.MatedSearches,
			within(m.Rank1, i.Rank1), within(m.Top5, i.Top5), within(m.FNIRAtFPIR["0.01"], i.FNIRAtFPIR["0.01"]),
			within(m.FNIRAtFPIR["0.001"], i.FNIRAtFPIR["0.001"]), percent(m.FPIRAtTarget["0.01"]))
	}
	return b.String()
}

// within writes a share with its interval.
func within(v *float64, i *Interval) string {
	if v == nil || i == nil {
		return percent(v)
	}
	return fmt.Sprintf("%s [%s, %s]", percent(v), strings.TrimSuffix(percent(&i[0]), " %"), strings.TrimSuffix(percent(&i[1]), " %"))
}

func ratio(v *float64, i *Interval) string {
	switch {
	case v == nil:
		return "–"
	case i == nil:
		return fmt.Sprintf("%.2f", *v)
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", *v, i[0], i[1])
}

// percent writes a share with two significant digits, or a dash.
func percent(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case *v == 0:
		return "0 %"
	case *v < 0.1:
		digits := int(math.Min(3, math.Max(1, 1-math.Floor(math.Log10(*v*100)))))
		return fmt.Sprintf("%.*f %%", digits, *v*100)
	}
	return fmt.Sprintf("%.1f %%", *v*100)
}
