package benchmarks

import (
	"fmt"
	"slices"
	"strings"
)

// Share is the unit of a goal whose bound and values are shares of 1: they are
// written in percent.
const Share = "%"

// Goal is a bound that the project set itself, with what was measured.
type Goal struct {
	What string `json:"what"`
	// Want is the bound; a value reaches it from above or, when AtMost is set,
	// from below.
	Want   float64 `json:"want"`
	AtMost bool    `json:"at_most,omitempty"`
	Unit   string  `json:"unit,omitempty"`
	// Value is what is judged, of several passes the median; nil when it wasn't
	// measured, and then the goal is not reached. Best is that of the best pass.
	Value *float64 `json:"value"`
	Best  *float64 `json:"best,omitempty"`
	// Interval is the 95 % interval of Value, which says how much it means; Rests
	// are the counts that it rests on.
	Interval *[2]float64 `json:"interval_95,omitempty"`
	Rests    string      `json:"rests_on,omitempty"`
	Reached  bool        `json:"reached"`
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
	g.Best, g.Value = nil, &s[len(s)/2]
	if len(s) > 1 {
		g.Best = &s[0]
	}
	g.Reached = g.reaches(*g.Value)
	return g
}

// JudgeBoth fills the goal with the values of the best and of the median passes;
// nil for what was not measured.
func (g Goal) JudgeBoth(best, median *float64) Goal {
	g.Best, g.Value = best, median
	g.Reached = median != nil && g.reaches(*median)
	return g
}

func (g Goal) reaches(v float64) bool {
	return g.AtMost && v <= g.Want || !g.AtMost && v >= g.Want
}

// GoalTable is the goals as Markdown. Columns that no goal fills are left out.
func GoalTable(goals []Goal) string {
	reached := 0
	best, interval, rests := false, false, false
	for _, g := range goals {
		if g.Reached {
			reached++
		}
		best, interval, rests = best || g.Best != nil, interval || g.Interval != nil, rests || g.Rests != ""
	}
	var b strings.Builder
	row := func(what, want, bestPass, value, within, verdict, on string) {
		cells := []string{what, want}
		if best {
			cells = append(cells, bestPass)
		}
		cells = append(cells, value)
		if interval {
			cells = append(cells, within)
		}
		cells = append(cells, verdict)
		if rests {
			cells = append(cells, on)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintf(&b, "**%d of %d goals reached**", reached, len(goals))
	measured := "measured"
	if best {
		b.WriteString(" (judged by the median pass)")
		measured = "median pass"
	}
	b.WriteString(":\n\n")
	row("goal", "want", "best pass", measured, "95 % interval", "reached", "rests on")
	row("---", "---", "---", "---", "---", "---", "---")
	for _, g := range goals {
		sign, verdict := "≥", "yes"
		if g.AtMost {
			sign = "≤"
		}
		if !g.Reached {
			verdict = "**no**"
		}
		row(g.What, sign+" "+g.number(g.Want, "%.10g"), g.measured(g.Best), g.measured(g.Value), g.within(), verdict, g.Rests)
	}
	return b.String()
}

// number writes a value in the goal's unit.
func (g Goal) number(v float64, format string) string {
	if g.Unit == Share {
		v *= 100
	}
	return strings.TrimSpace(fmt.Sprintf(format, v) + " " + g.Unit)
}

func (g Goal) measured(v *float64) string {
	if v == nil {
		return "not measured"
	}
	return g.number(*v, "%.3g")
}

func (g Goal) within() string {
	if g.Interval == nil {
		return ""
	}
	return g.number(g.Interval[0], "%.3g") + " to " + g.number(g.Interval[1], "%.3g")
}
