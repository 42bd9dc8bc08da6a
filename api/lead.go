package api

import (
	"maps"
	"math"
	"time"

	"vigie/api/gen"
	"vigie/watchlist"
)

// notice stands in every lead (L6): what follows is not an identification.
const notice = "A lead is not an identification. A person decides."

// bound is what an infinite log ratio becomes in JSON, which has no infinity.
const bound = 1e9

// finite makes a number fit for JSON.
func finite(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return min(max(x, -bound), bound)
}

func leadOut(l *watchlist.Lead, explain bool, now time.Time) gen.Lead {
	return gen.Lead{
		QueryId: string(l.Query), Notice: notice,
		Candidates:     list(l.Candidates, func(c watchlist.Candidate) gen.Candidate { return candidateOut(c, explain, now) }),
		Cues:           list(l.Cues, cueOut),
		Documents:      optional(l.Documents, findingOut),
		OperatingPoint: pointOut(l.OperatingPoint), SecondOperatingPoint: secondPointOut(l.SecondPoint),
		Stamp: stampOut(l.Stamp), Models: modelsOut(l.Models),
		Stages: list(l.Stages, stageOut), Faces: list(l.Faces, probeFaceOut),
		Truncated: l.Truncated,
	}
}

func cueOut(c watchlist.Cue) gen.Cue {
	return gen.Cue{Code: c.Code, Reason: c.Reason, Score: finite(c.Score), EntryId: gen.EntryId(c.Entry)}
}

func pointOut(p watchlist.OperatingPoint) gen.OperatingPoint {
	return gen.OperatingPoint{
		TargetFpir: finite(p.TargetFPIR), GallerySize: p.GallerySize,
		Fmr: finite(p.FMR), Threshold: finite(p.Threshold), LowQualityThreshold: finite(p.LowQualityThreshold), Calibration: p.Calibration, Cohort: p.Cohort,
	}
}

// secondPointOut is the zero value without a second encoder: the answer leaves it
// out.
func secondPointOut(p *watchlist.OperatingPoint) gen.SecondPoint {
	if p == nil {
		return gen.SecondPoint{}
	}
	return pointOut(*p)
}

func modelsOut(m map[string]string) gen.StringMap {
	out := gen.StringMap{}
	maps.Copy(out, m)
	return out
}

func stageOut(s watchlist.StageTime) gen.Stage { return gen.Stage{Stage: s.Stage, Us: s.Micros} }

func probeFaceOut(f watchlist.FaceSample) gen.ProbeFace {
	return gen.ProbeFace{Box: boxOut(f.Box), Model: f.Model, Quality: qualityOut(f.Quality)}
}

func candidateOut(c watchlist.Candidate, explain bool, now time.Time) gen.Candidate {
	e := c.Entry
	return gen.Candidate{
		Rank: c.Rank, EntryId: string(e.ID), Revision: int64(e.Revision),
		Status: gen.EntryStatus(e.EffectiveStatus(now.UnixMilli())), Category: gen.Category(e.Category),
		Action: gen.Action(e.Action), Caveats: e.Caveats, Specimen: e.Specimen,
		Names: list(e.Names, nameOut), Births: list(e.Births, birthOut),
		Faces:    list(e.Faces, func(f watchlist.Face) string { return f.ID }),
		Evidence: list(c.Evidence, func(v watchlist.Evidence) gen.Evidence { return evidenceOut(v, explain) }),
		Prior:    finite(c.Prior), LogOdds: finite(c.LogOdds), Band: gen.CandidateBand(c.Band),
		Adjustments: list(c.Adjustments, adjustmentOut),
		CarriedBy:   list(c.CarriedBy, kindOut), ContradictedBy: list(c.ContradictedBy, kindOut),
		WouldSettle: list(c.Settles, settleOut),
	}
}

func adjustmentOut(a watchlist.Adjustment) gen.Adjustment {
	return gen.Adjustment{Code: a.Code, Llr: finite(a.LLR), Reason: a.Reason}
}

func kindOut(k watchlist.EvidenceKind) gen.EvidenceKind { return gen.EvidenceKind(k) }

func settleOut(s watchlist.Settle) gen.Settle {
	return gen.Settle{Code: gen.SettleCode(s.Code), Advice: adviceOut(s.Advice)}
}

func evidenceOut(v watchlist.Evidence, explain bool) gen.Evidence {
	out := gen.Evidence{Kind: gen.EvidenceKind(v.Kind), Score: finite(v.Score), Llr: finite(v.LLR), Code: v.Code, Reason: v.Reason}
	if len(v.Params) > 0 {
		out.Params = gen.StringMap(v.Params)
	}
	if explain {
		out.Pairs = optional(v.Pairs, func(p watchlist.TokenPair) gen.TokenPair {
			return gen.TokenPair{Probe: p.Probe, Entry: p.Entry, Rule: p.Rule, Score: finite(p.Score), Frequency: finite(p.Frequency), Llr: finite(p.LLR)}
		})
	}
	return out
}
