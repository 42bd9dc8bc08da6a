package matcher

import (
	"strings"
	"testing"

	"vigie/watchlist"
)

// fixedLLR is a calibration whose every score is worth the same.
type fixedLLR struct {
	fakeCalibration
	llr float64
}

func (f fixedLLR) LLR(float64) float64 { return f.llr }

// lineOf words a match under thresholds of 0.5, and 0.6 for low quality.
func lineOf(match watchlist.FaceMatch, llr float64, samples int, differ bool) (watchlist.Evidence, bool) {
	q := &query{
		m:       &Matcher{},
		spaces:  []space{{calibration: fixedLLR{llr: llr}}},
		points:  []watchlist.OperatingPoint{{Threshold: testThreshold, LowQualityThreshold: 0.6}},
		samples: make([]watchlist.FaceSample, samples), differ: differ,
	}
	return q.faceEvidence(faceHit{FaceMatch: match})
}

// TestFaceReasons holds the wording to the law: no share, no identity.
func TestFaceReasons(t *testing.T) {
	seen := map[string]bool{}
	for _, llr := range []float64{-3, -0.3, 0, 0.3, 2} {
		for _, score := range []float64{0.2, 0.55, 0.7} {
			for _, low := range []bool{false, true} {
				limit := testThreshold
				if low {
					limit = 0.6
				}
				for _, others := range []watchlist.FaceIDs{"", "g,h"} {
					ev, reached := lineOf(watchlist.FaceMatch{Face: "f", Others: others, Score: score, LowQuality: low}, llr, 2, false)
					code := ev.Code == CodeFaceReached || ev.Code == CodeFaceReachedLow
					if reached != (score >= limit) || code != reached || ev.Params["face"] != "f" {
						t.Errorf("score %v, LLR %v, low quality %v: reached %v, %+v", score, llr, low, reached, ev)
					}
					for _, banned := range []string{"%", "match", "identi", "correspond", "même personne"} {
						if strings.Contains(strings.ToLower(ev.Reason), banned) {
							t.Errorf("reason %q says %q", ev.Reason, banned)
						}
					}
					seen[ev.Code] = true
				}
			}
		}
	}
	if len(seen) != 6 {
		t.Errorf("codes seen: %v", seen)
	}
}

// TestFaceLineSaysWhatWasCompared: how many enrolled photos, how many of the
// traveller, and under which threshold, in params and in the sentence.
func TestFaceLineSaysWhatWasCompared(t *testing.T) {
	for _, tc := range []struct {
		name    string
		match   watchlist.FaceMatch
		samples int
		differ  bool
		params  string // face, references, frames, low_quality_threshold, photos
		words   []string
	}{
		{"one photo each", watchlist.FaceMatch{Face: "a", Score: 0.7}, 1, false, "a", []string{"proche de la photo de référence."}},
		{"three enrolled", watchlist.FaceMatch{Face: "a", Others: "b,c", Score: 0.7}, 1, false, "a 3", []string{"la moyenne de 3 photos de référence"}},
		{"two frames", watchlist.FaceMatch{Face: "a", Score: 0.7}, 2, false, "a 2f", []string{"la moyenne de 2 photos envoyées"}},
		{"two that differ", watchlist.FaceMatch{Face: "a", Score: 0.7}, 2, true, "a differ", []string{"une seule personne"}},
		{"low quality", watchlist.FaceMatch{Face: "a", Score: 0.55, LowQuality: true}, 1, false, "a 0.600", []string{"sans atteindre le seuil", "faible qualité", "0,600"}},
	} {
		ev, _ := lineOf(tc.match, 2, tc.samples, tc.differ)
		p := ev.Params
		got := p["face"]
		for _, v := range []string{p["references"], p["low_quality_threshold"], p["photos"]} {
			if v != "" {
				got += " " + v
			}
		}
		if p["frames"] != "" {
			got += " " + p["frames"] + "f"
		}
		if got != tc.params {
			t.Errorf("%s: params %v, want %q", tc.name, p, tc.params)
		}
		for _, w := range tc.words {
			if !strings.Contains(ev.Reason, w) {
				t.Errorf("%s: %q does not say %q", tc.name, ev.Reason, w)
			}
		}
	}
}
