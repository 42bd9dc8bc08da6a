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
		if *g.Best != c.best || *g.Value != c.median || g.Reached != c.reached {
			t.Errorf("%v of %v: best %v, median %v, reached %t", c.goal, c.passes, *g.Best, *g.Value, g.Reached)
		}
	}
	if g := (Goal{AtMost: true}).Judge(); g.Reached || g.Value != nil {
		t.Error("a goal without a measurement is reached")
	}
}

func TestGoalTable(t *testing.T) {
	share := Goal{What: "FNMR", Want: 0.07, AtMost: true, Unit: Share, Interval: &[2]float64{0.05, 0.0812}, Rests: "300 pairs"}.Judge(0.0643)
	for _, c := range []struct {
		goals []Goal
		want  []string
	}{
		{
			[]Goal{{What: "p50", Want: 60, AtMost: true, Unit: "ms"}, Goal{What: "scaling", Want: 1.7, Unit: "x"}.Judge(1.82, 1.9, 1.6)},
			[]string{"**1 of 2 goals reached** (judged by the median pass)", "| goal | want | best pass | median pass | reached |\n| --- |", "| p50 | ≤ 60 ms | not measured | not measured | **no** |", "| scaling | ≥ 1.7 x | 1.9 x | 1.82 x | yes |"},
		},
		{
			[]Goal{share, Goal{What: "ratio", Want: 2, AtMost: true}.Judge(2.5)},
			[]string{"**1 of 2 goals reached**:\n", "| goal | want | measured | 95 % interval | reached | rests on |", "| FNMR | ≤ 7 % | 6.43 % | 5 % to 8.12 % | yes | 300 pairs |", "| ratio | ≤ 2 | 2.5 |  | **no** |  |"},
		},
	} {
		got := GoalTable(c.goals)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("the table lacks %q:\n%s", want, got)
			}
		}
	}
}
