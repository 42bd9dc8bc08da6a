package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/api/gen"
	"vigie/watchlist"
)

// TestSecondEncoderInAnswers: leads, replays, impacts and the status of a node with
// a second encoder state its operating point, and those of others don't mention
// one.
func TestSecondEncoderInAnswers(t *testing.T) {
	const entry = "SEN-0192f0c1-3333-7abc-8def-0123456789ab"
	point := &watchlist.OperatingPoint{TargetFPIR: 0.01, GallerySize: 50, FMR: 0.0002, Threshold: 0.3, LowQualityThreshold: 0.35, Calibration: "v2", Cohort: "d"}
	want := gen.OperatingPoint{TargetFpir: 0.01, GallerySize: 50, Fmr: 0.0002, Threshold: 0.3, LowQualityThreshold: 0.35, Calibration: "v2", Cohort: "d"}
	asks := map[string]ask{
		"match":   {method: "POST", path: "/v1/match", role: officer, body: probeInput()},
		"replay":  replayAsk(auditor, map[string]any{"templates": []any{map[string]any{"model": testModel, "values": ramp(128)}}}),
		"impact":  {method: "POST", path: "/v1/entries/" + entry + "/impact", role: admin, body: map[string]any{"purpose": "investigation", "reason": "before activation"}},
		"cluster": {method: "GET", path: "/v1/cluster", role: auditor},
	}
	for _, second := range []*watchlist.OperatingPoint{nil, point} {
		r := newRig(t)
		encoder := ""
		if second != nil {
			encoder = "two"
			r.w.second = &SecondEncoder{
				Recipe: "two/1", Model: "one+two/1", Licence: "none stated", Use: "evaluation", Calibration: "v2", Cohort: "d",
				Gallery: GalleryStatus{Model: "one+two/1", Templates: 4},
			}
		}
		r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
			return &watchlist.Lead{SecondPoint: second}, nil
		}
		r.w.replay = func(watchlist.ReplayQuery) (*watchlist.Replay, error) {
			return &watchlist.Replay{SecondPoint: second, Source: watchlist.ThresholdNow, Candidates: []watchlist.ReplayCandidate{{Rank: 1, FaceMatch: watchlist.FaceMatch{Entry: entry}, Encoder: encoder, Status: watchlist.StatusActive}}}, nil
		}
		r.w.impact = func(watchlist.ImpactQuery) (*watchlist.Impact, error) {
			return &watchlist.Impact{Entry: entry, Status: watchlist.StatusActive, SecondPoint: second, Population: watchlist.PopulationImpact{Population: watchlist.Population{State: watchlist.PopulationNone}}}, nil
		}
		for name, a := range asks {
			rec := r.want(http.StatusOK, a)
			body := rec.Body.String()
			if second == nil {
				if strings.Contains(body, "second") || strings.Contains(body, `"encoder"`) {
					t.Errorf("%s: an answer without a second encoder mentions one: %s", name, body)
				}
				continue
			}
			var got gen.OperatingPoint
			switch name {
			case "match":
				got = decode[gen.Lead](t, rec).SecondOperatingPoint
			case "replay":
				out := decode[gen.Replay](t, rec)
				if got = out.SecondOperatingPoint; out.Candidates[0].Encoder != "two" {
					t.Errorf("replay: %s", body)
				}
			case "impact":
				got = decode[gen.Impact](t, rec).SecondOperatingPoint
			default:
				e := decode[gen.ClusterStatus](t, rec).SecondEncoder
				if got = want; e.Recipe != "two/1" || e.Model != "one+two/1" || e.Licence != "none stated" || e.Use != "evaluation" || e.Calibration != "v2" || e.Cohort != "d" || e.Gallery.Templates != 4 {
					t.Errorf("status: %s", body)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}
