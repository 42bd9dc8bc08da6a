package evalfaces

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Markdown gives the report as tables.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Model `%s`, calibration `%s` (%s).\n", r.Model, r.Calibration, r.Cohort)
	fmt.Fprintf(&b, "\n**%s**\n\n%s", r.Basis.Text(), r.markdown())
	b.WriteString(r.Demographics.markdown())
	b.WriteString(r.refusals())
	for _, v := range r.Variants {
		fmt.Fprintf(&b, "\n**%s**\n\n%s", v.Basis.Text(), v.markdown())
	}
	b.WriteString(r.Growth.markdown())
	b.WriteString(r.discarded())
	b.WriteString(r.degradedMarkdown())
	if r.Several != nil {
		b.WriteString("\n**Several photos of one person**\n\n" + r.Several.markdown())
	}
	b.WriteString("\n| stage | p50 ms | p99 ms | photos |\n|---|---|---|---|\n")
	for _, s := range slices.Sorted(maps.Keys(r.StagesMS)) {
		t := r.StagesMS[s]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %d |\n", s, t.P50, t.P99, t.Photos)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n- %s", n)
	}
	return b.String() + "\n"
}

// markdown writes the summaries of the groups' differences.
func (d *Demographics) markdown() string {
	if d == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nGroups held against each other at one threshold for all (summary forms of NIST IR 8429; a rate of no event counts as half an event):\n\n| rate | groups | without event | worst / best | log10 | worst / geometric mean | Gini |\n|---|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(d.At)) {
		x := d.At[name]
		fmt.Fprintf(&b, "| %s | %d | %d | %.2f | %.2f | %.2f | %.2f |\n", name, x.Groups, x.Floored, x.WorstBest, x.Log10, x.WorstMean, x.Gini)
	}
	if d.GARBE != nil {
		fmt.Fprintf(&b, "\nGARBE (alpha %.1f) at the threshold for 1e-3: %.2f.\n", garbeWeight, *d.GARBE)
	}
	return b.String()
}

// refusals writes why photos gave no template.
func (r *Report) refusals() string {
	var b strings.Builder
	for _, name := range r.GroupNames() {
		m := r.Groups[name]
		for _, code := range slices.Sorted(maps.Keys(m.Refused)) {
			share := float64(m.Refused[code]) / float64(m.Photos)
			fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", name, code, m.Refused[code], percent(&share))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\nPhotos without a template:\n\n| group | code | photos | share |\n|---|---|---|---|\n" + b.String()
}

// discarded writes what leaving out the worst tenth does, where a group has mates
// enough.
func (r *Report) discarded() string {
	var b strings.Builder
	for _, name := range r.GroupNames() {
		curves := r.Groups[name].Curves.Discard
		for _, m := range slices.Sorted(maps.Keys(curves)) {
			fmt.Fprintf(&b, "| %s | %s |", name, m)
			for _, p := range curves[m] {
				fmt.Fprintf(&b, " %s |", percent(&p.FNMR))
			}
			b.WriteString("\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	head := "\nError versus discard: FNMR at the threshold for FMR 1e-3 of all, when the mated comparisons whose worse photo is worst are left out.\n\n| group | by |"
	rule := "\n|---|---|"
	for k := range int(math.Round(discardMost/discardStep)) + 1 {
		head += fmt.Sprintf(" %.0f %% |", 100*discardStep*float64(k))
		rule += "---|"
	}
	return head + rule + "\n" + b.String()
}

func (f *Figures) markdown() string {
	var b strings.Builder
	b.WriteString("| group | persons | photos | mated pairs | impostor pairs | FTE | FNMR at FMR 1e-3 | at 1e-4 | FMR at the shared 1e-3 | estimate | ratio | FMR at the shared 1e-2 | ratio | FNMR at the shared 1e-3 |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
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
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, m.Persons, m.Photos, m.MatedPairs, m.ImpostorPairs,
			percent(m.FTE), within(m.FNMRAtFMR["1e-3"], i.FNMRAtFMR["1e-3"]), within(m.FNMRAtFMR["1e-4"], i.FNMRAtFMR["1e-4"]),
			within(m.FMRAtThreshold, i.FMR), percent(m.FMREstimate), ratio(m.FMRRatio, i.Ratio), within(m.FMRAtLowThreshold, i.FMRLow), ratio(m.FMRRatioLow, i.RatioLow), percent(m.FNMRAtThreshold))
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
