package matcher

import (
	"strings"
	"testing"

	"vigie/watchlist"
)

// Photos that hardly show one person are compared all the same, but every line
// of face evidence says so.
func TestPhotosOfTwoPeopleAreNoted(t *testing.T) {
	for _, tc := range []struct {
		name   string
		alike  float64 // score of the photos with one another
		differ bool
	}{{"one person", 0.8, false}, {"undecided", 0.29, false}, {"two people", 0.1, true}} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			w.add(1, 0.9)
			w.faces["probe-1"] = tc.alike
			sample := watchlist.FaceSample{Model: testModel, Template: make([]float32, 128)}
			sample.Template[1] = 1
			p := probe()
			p.Templates = []watchlist.FaceSample{sample, sample}
			lead := mustMatch(t, w, p)
			if got := summary(lead); got != "1:possible" {
				t.Fatalf("candidates %q", got)
			}
			ev := lead.Candidates[0].Evidence[0]
			if differ := ev.Params["photos"] == "differ"; differ != tc.differ || strings.Contains(ev.Reason, "une seule personne") != tc.differ {
				t.Errorf("params %v, reason %q", ev.Params, ev.Reason)
			}
			one := probe()
			one.Templates = p.Templates[:1]
			if ev := mustMatch(t, w, one).Candidates[0].Evidence[0]; ev.Params["photos"] != "" {
				t.Errorf("a single photo: params %v", ev.Params)
			}
		})
	}
}
