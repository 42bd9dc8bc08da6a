package benchmarks

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		goal         Goal
		passes       []float64
		best, median float64
		reached      bool
	}{
		{Goal{Want: 60, AtMost: true}, []float64{70, 50, 55}, 50, 55, true},
		{Goal{Want: 60, AtMost: true}, []float64{50, 61}, 50, 61, false},
		{Goal{Want: 1.7}, []float64{1.6, 1.8, 1.9}, 1.9, 1.8, true},
		{Goal{Want: 1.7}, []float64{1.6, 1.8}, 1.8, 1.6, false},
	} {
		g := c.goal.Judge(c.passes...)
		if *g.Best != c.best || *g.Median != c.median || g.Reached != c.reached {
			t.Errorf("%v of %v: best %v, median %v, reached %t", c.goal, c.passes, *g.Best, *g.Median, g.Reached)
		}
	}
	if g := (Goal{AtMost: true}).Judge(); g.Reached || g.Median != nil {
		t.Error("a goal without a measurement is reached")
	}
}

func TestGoalTable(t *testing.T) {
	got := GoalTable([]Goal{{What: "p50", Want: 60, AtMost: true, Unit: "ms"}, Goal{What: "scaling", Want: 1.7, Unit: "x"}.Judge(1.82)})
	for _, want := range []string{"**1 of 2 goals", "| p50 | ≤ 60 ms | not measured | not measured | **not reached** |", "| scaling | ≥ 1.7 x | 1.82 x | 1.82 x | reached |"} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
}
