package core

import (
	"strings"
	"testing"

	"vigie/benchmarks"
)

func TestGoals(t *testing.T) {
	r := &Report{
		Photos: []Query{{What: "small"}, {What: "large"}},
		PhotoPasses: []PhotoPass{
			{What: "small", Latency: benchmarks.Latency{P50: 40, P99: 120}, Ratio: 1.1},
			{What: "large", Latency: benchmarks.Latency{P50: 130, P99: 140}, Ratio: 0.1},
		},
		Rates: []Rate{{OneCore: 10, TwoCores: 18, Ratio: 1.8}},
	}
	got := ""
	for _, g := range goals(r) {
		if g.Reached {
			got += "+"
		} else {
			got += "-"
		}
	}
	if want := "+-+-++-"; got != want {
		t.Errorf("goals reached: %s instead of %s", got, want)
	}
	r.Goals = goals(r)
	if text := r.Markdown(); !strings.Contains(text, "4 of 7 goals") || !strings.Contains(text, "| small | 40.0 | 120.0 |") {
		t.Errorf("the report lacks goals or passes:\n%s", text)
	}
}
