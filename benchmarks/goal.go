package benchmarks

import (
	"fmt"
	"slices"
	"strings"
)

// Goal is a bound that the project set itself, with what was measured.
type Goal struct {
	What string `json:"what"`
	// Want is the bound; a value reaches it from above or, when AtMost is set,
	// from below.
	Want   float64 `json:"want"`
	AtMost bool    `json:"at_most,omitempty"`
	Unit   string  `json:"unit"`
	// Best and Median are the value in the best pass and in the median pass; nil
	// when it wasn't measured.
	Best   *float64 `json:"best,omitempty"`
	Median *float64 `json:"median,omitempty"`
	// Reached is judged by the median.
	Reached bool `json:"reached"`
}

// Judge fills the goal with its values, one for each pass. Without any it stays
// unmeasured and not reached. Of an even number the worse of the two in the
// middle is the median.
func (g Goal) Judge(passes ...float64) Goal {
	if len(passes) == 0 {
		return g
	}
	s := slices.Sorted(slices.Values(passes))
	if !g.AtMost {
		slices.Reverse(s) // best first
	}
	best, median := s[0], s[len(s)/2]
	g.Best, g.Median = &best, &median
	g.Reached = median >= g.Want
	if g.AtMost {
		g.Reached = median <= g.Want
	}
	return g
}

// GoalTable is the goals as Markdown.
func GoalTable(goals []Goal) string {
	reached := 0
	for _, g := range goals {
		if g.Reached {
			reached++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "**%d of %d goals reached** (judged by the median pass):\n\n| goal | want | best pass | median pass | |\n|---|---|---|---|---|\n", reached, len(goals))
	for _, g := range goals {
		sign, verdict := "≥", "reached"
		if g.AtMost {
			sign = "≤"
		}
		if !g.Reached {
			verdict = "**not reached**"
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s | %s |\n", g.What, sign, strings.TrimSpace(fmt.Sprintf("%g %s", g.Want, g.Unit)), g.value(g.Best), g.value(g.Median), verdict)
	}
	return b.String()
}

func (g Goal) value(v *float64) string {
	if v == nil {
		return "not measured"
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", *v, g.Unit))
}
