package evalquality

import (
	"math"
	"strings"
	"testing"

	"vigie/benchmarks/evalfaces"
	"vigie/watchlist"
)

func TestShareIsWilsons(t *testing.T) {
	s := share(0, 100)
	if s.Rate != 0 || s.Low != 0 || math.Abs(s.High-0.0370) > 1e-3 {
		t.Errorf("0 of 100: %+v", s)
	}
	s = share(10, 100)
	if math.Abs(s.Low-0.0552) > 1e-3 || math.Abs(s.High-0.1744) > 1e-3 {
		t.Errorf("10 of 100: %+v", s)
	}
	if s := share(0, 0); s.Rate != 0 || s.High != 0 {
		t.Errorf("0 of 0: %+v", s)
	}
}

func TestSpread(t *testing.T) {
	gates := []Gate{{Group: "a", Probe: Outcome{Refused: share(2, 100)}}, {Group: "b", Probe: Outcome{Refused: share(7, 100)}}, {Group: "c", Probe: Outcome{Refused: share(4, 100)}}}
	s := spread(gates, func(g Gate) Share { return g.Probe.Refused })
	if s.Highest != "b" || s.Lowest != "a" || math.Abs(s.Points-5) > 1e-9 || s.Low > 0 || s.High < 8 {
		t.Errorf("spread %+v", s)
	}
	if s := spread(gates[:1], func(g Gate) Share { return g.Probe.Refused }); s.String() != "one group only" {
		t.Errorf("one group: %+v", s)
	}
}

func TestGateCountsRefusals(t *testing.T) {
	g := evalfaces.GroupSet{Name: "a", Persons: 3, Photos: []evalfaces.PhotoResult{
		{Person: "1", Refused: watchlist.FaceNone}, {Person: "2"}, {Person: "3"}, {Person: "3", Refused: watchlist.FaceNone},
	}}
	got, err := gate(g)
	if err != nil {
		t.Fatal(err)
	}
	if got.Probe.Refused.N != 2 || got.Probe.Refused.Of != 4 || got.Reference.Codes[watchlist.FaceNone] != 2 {
		t.Errorf("gate %+v", got)
	}
	r := Report{Gates: []Gate{got}}
	if text := r.Markdown(); !strings.Contains(text, "| a | 3 | 4 | 50.0 % [15.0, 85.0] (2 of 4)") {
		t.Errorf("table:\n%s", text)
	}
}

// Twenty probes, of which the two blurred ones are missed: leaving out the worst
// tenth by sharpness leaves no miss, by size half of them.
func TestDiscard(t *testing.T) {
	photos := make([]evalfaces.PhotoResult, 20)
	var list []comparison
	for i := range photos {
		sharp, eyes := 1+float64(i), 50+float64(i)
		if i == 19 {
			sharp = 0.5 // blurred but large
		}
		photos[i].Quality.Components = []watchlist.QualityComponent{
			{Name: watchlist.ComponentSharpness, Value: sharp}, {Name: watchlist.ComponentInterEye, Value: eyes},
		}
		list = append(list, comparison{probe: i, person: string(rune('a' + i)), missed: i == 0 || i == 19})
	}
	d := discard("g", watchlist.ComponentSharpness, photos, list)
	if d.Probes != 20 || d.LeftOut != 2 || d.Before.N != 2 || d.After.N != 0 || d.After.Of != 18 || d.Cut != 1 {
		t.Errorf("by sharpness %+v", d)
	}
	d = discard("g", watchlist.ComponentInterEye, photos, list)
	if d.After.N != 1 || math.Abs(d.Cut-(1-(1.0/18)/0.1)) > 1e-9 {
		t.Errorf("by size %+v", d)
	}
}
