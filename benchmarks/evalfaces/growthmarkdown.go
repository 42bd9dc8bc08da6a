package evalfaces

import (
	"fmt"
	"strings"
)

// markdown writes the growth of the gallery as a table.
func (g *Growth) markdown() string {
	if g == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n**The threshold as the gallery grows**, %s, %d persons, each searched in galleries of the others; thresholds of this calibration for target and size, nothing else set. %s.\n\n", g.Group, g.Persons, g.Basis.Text())
	fmt.Fprintf(&b, "Up to %d persons, the mean over all galleries of that size. Beyond, synthetic strangers by their scores: every person has look-alikes at a rate of his own (gamma distribution, shape %.2f, after those that were seen), and above the score that a share %g of all comparisons exceeds, scores thin out as in %.1f dimensions (Levina and Bickel 2004). In brackets 95 %% intervals, each person left out in turn.\n\n", g.Persons-1, g.GammaShape, growthShare, g.Dimensions)
	writeGrowth(&b, g.Rows)
	if len(g.Check) > 0 {
		fmt.Fprintf(&b, "\nThe extension checked: from the first %d persons alone it foresees\n\n", g.CheckPersons)
		writeGrowth(&b, g.Check)
	}
	return b.String()
}

func writeGrowth(b *strings.Builder, rows []GrowthRow) {
	b.WriteString("| target FPIR | gallery | of these synthetic | threshold | probes with a match | FPIR | over target | within 20 % |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		over := "–"
		if r.Interval != nil {
			over = fmt.Sprintf("%.2f [%.2f, %.2f]", r.FPIR/r.Target, r.Interval[0]/r.Target, r.Interval[1]/r.Target)
		}
		verdict := "no"
		switch {
		case r.Holds:
			verdict = "yes"
		case r.Allows:
			verdict = "the interval allows it"
		}
		fmt.Fprintf(b, "| %g | %d | %d | %.3f | %d | %s | %s | %s |\n", r.Target, r.Gallery, r.Synthetic, r.Threshold, r.Probes, percent(&r.FPIR), over, verdict)
	}
}
