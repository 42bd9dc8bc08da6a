package evalfaces

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"vigie/benchmarks/evalfaces/degrade"
)

// degradedMarkdown writes the steps as a table, a column for each group.
func (r *Report) degradedMarkdown() string {
	if len(r.Degraded) == 0 {
		return ""
	}
	var names []string
	for _, d := range r.Degraded {
		if !slices.Contains(names, d.Group) {
			names = append(names, d.Group)
		}
	}
	var b strings.Builder
	b.WriteString("\n**Worse probes.** The second photo of a person made worse and compared with the first at this calibration's threshold for FMR 1e-3: FNMR (of the probes with a template), failure to enrol, FMR. Blur in % of the distance of the eyes, noise in levels of 255, JPEG quality, exponent of gamma, pixels between the eyes, degrees of yaw (the picture turned as a plane).\n\n| step |")
	rule := "|---|"
	for _, n := range names {
		probes := 0
		for _, d := range r.Degraded {
			if d.Group == n {
				probes = d.Probes
			}
		}
		fmt.Fprintf(&b, " %s (%d): FNMR | FTE | FMR |", n, probes)
		rule += "---|---|---|"
	}
	b.WriteString("\n" + rule + "\n")
	last := degrade.Step{Degree: math.NaN()}
	for _, d := range r.Degraded {
		if d.Step == last {
			continue
		}
		last = d.Step
		name := d.Step.String()
		if d.Kind == "" {
			name = "as it is"
		}
		fmt.Fprintf(&b, "| %s |", name)
		for _, n := range names {
			i := slices.IndexFunc(r.Degraded, func(x Degraded) bool { return x.Step == d.Step && x.Group == n })
			if i < 0 {
				b.WriteString(" – | – | – |")
				continue
			}
			x := r.Degraded[i]
			fmt.Fprintf(&b, " %s | %s | %s |", percent(x.FNMR), percent(x.FTE), percent(x.FMR))
		}
		b.WriteString("\n")
	}
	return b.String()
}
