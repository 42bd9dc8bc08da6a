package evalquality

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown gives the report as tables.
func (r *Report) Markdown() string {
	var b strings.Builder
	b.WriteString("Photos refused, and references flagged weak, per group; 95 % intervals in brackets.\n\n")
	b.WriteString("| group | persons | photos | refused as a probe | refused as a reference | low_quality_reference | codes as a reference |\n|---|---|---|---|---|---|---|\n")
	for _, g := range r.Gates {
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %s | %s |\n", g.Group, g.Persons, g.Probe.Refused.Of,
			g.Probe.Refused, g.Reference.Refused, g.Reference.Flags["low_quality_reference"], counts(g.Reference.Codes))
	}
	fmt.Fprintf(&b, "\nLargest difference between groups: probes %s; references %s. The target is 2 points.\n", r.ProbeSpread, r.ReferenceSpread)
	b.WriteString("\nFlags of photos taken, as probe / as reference (low_quality_reference: above).\n\n| group | flags |\n|---|---|\n")
	for _, g := range r.Gates {
		fmt.Fprintf(&b, "| %s | %s |\n", g.Group, flags(g))
	}
	b.WriteString("\nError versus discard: FNMR at the group's own FMR 1e-3, before and after the tenth of the probes with the lowest score is left out.\n\n")
	b.WriteString("| group | score | mated persons | probes | left out | FNMR before | FNMR after | relative cut |\n|---|---|---|---|---|---|---|---|\n")
	for _, d := range r.Discards {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s | %s | %.0f %% |\n", d.Group, d.Score, d.Persons, d.Probes, d.LeftOut, d.Before, d.After, 100*d.Cut)
	}
	return b.String()
}

// String gives the share in per cent with its interval and counts.
func (s Share) String() string {
	return fmt.Sprintf("%.1f %% [%.1f, %.1f] (%d of %d)", 100*s.Rate, 100*s.Low, 100*s.High, s.N, s.Of)
}

// String gives the difference in points.
func (s Spread) String() string {
	if s.Highest == "" {
		return "one group only"
	}
	return fmt.Sprintf("%.1f points [%.1f, %.1f] (%s over %s)", s.Points, s.Low, s.High, s.Highest, s.Lowest)
}

func counts(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(parts, ", ")
}

func flags(g Gate) string {
	names := map[string]bool{}
	for _, m := range []map[string]Share{g.Probe.Flags, g.Reference.Flags} {
		for k := range m {
			names[k] = k != "low_quality_reference"
		}
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if names[k] {
			parts = append(parts, fmt.Sprintf("%s %.1f %% / %.1f %%", k, 100*g.Probe.Flags[k].Rate, 100*g.Reference.Flags[k].Rate))
		}
	}
	return strings.Join(parts, ", ")
}
