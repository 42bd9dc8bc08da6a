package evalquality

import (
	"cmp"
	"math"
	"slices"

	"vigie/benchmarks/evalfaces"
	"vigie/models"
	"vigie/models/calibrate"
	"vigie/watchlist"
)

// worst is the share of probes that is left out.
const worst = 0.10

// Discard is what leaving out the probes of the lowest score does to the false
// non-match rate at the group's own threshold for a false match rate of 1e-3.
type Discard struct {
	Group string `json:"group"`
	// Score is the component that the probes are ordered by.
	Score   string `json:"score"`
	Persons int    `json:"persons"`
	// Probes is the number of photos that are compared with a mate, Left out that
	// of the worst tenth.
	Probes  int `json:"probes"`
	LeftOut int `json:"left_out"`
	// Before and After are the missed mated comparisons (every pair in both
	// orders).
	Before Share `json:"fnmr_before"`
	After  Share `json:"fnmr_after"`
	// Cut is 1 - After/Before, 0 when nothing was missed.
	Cut float64 `json:"relative_cut"`
}

// comparison is a probe held against a mate.
type comparison struct {
	probe  int // the number of the photo
	person string
	missed bool
}

// mates compares the mated photos of a group in both orders, at the threshold
// that lets 1e-3 of the group's impostor comparisons pass.
func mates(photos []evalfaces.PhotoResult, excluded calibrate.Pairs, c *models.Calibration) ([]comparison, error) {
	type projected struct{ probe, reference []float32 }
	all := make([]projected, len(photos))
	for i, p := range photos {
		if p.Template == nil {
			continue
		}
		var err error
		if all[i].reference, err = c.Project(p.Template); err != nil {
			return nil, err
		}
		all[i].probe = all[i].reference
		if p.Probe != nil {
			if all[i].probe, err = c.Project(p.Probe); err != nil {
				return nil, err
			}
		}
	}
	var out []comparison
	var mated []float64
	var s calibrate.Scores
	for i, a := range all {
		for j, b := range all {
			who, other := photos[i].Person, photos[j].Person
			switch {
			case i == j || a.probe == nil || b.reference == nil:
			case who == other:
				out = append(out, comparison{probe: i, person: who})
				mated = append(mated, dot(a.probe, b.reference))
			case !excluded[[2]string{who, other}]:
				s.Impostor = append(s.Impostor, dot(a.probe, b.reference))
			}
		}
	}
	slices.Sort(s.Impostor)
	threshold := s.Threshold(1e-3)
	for i, v := range mated {
		out[i].missed = math.IsNaN(threshold) || v <= threshold
	}
	return out, nil
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

// discards gives the group's Discard by each component that could tell a probe that
// will be missed.
func discards(group string, photos []evalfaces.PhotoResult, list []comparison) []Discard {
	var out []Discard
	for _, score := range []string{
		watchlist.ComponentInterEye, watchlist.ComponentSharpness, watchlist.ComponentYaw,
		watchlist.ComponentUniformity, watchlist.ComponentUnderExposure, watchlist.ComponentOverExposure, watchlist.ComponentDynamicRange,
	} {
		out = append(out, discard(group, score, photos, list))
	}
	return out
}

// rank is what probes are ordered by: the native value where it rises with
// quality, for a score of 100 hides differences.
func rank(q watchlist.FaceQuality, score string) float64 {
	c, _ := q.Component(score)
	switch score {
	case watchlist.ComponentYaw, watchlist.ComponentRoll, watchlist.ComponentUnderExposure, watchlist.ComponentOverExposure:
		return -math.Abs(c.Value)
	}
	return c.Value
}

func discard(group, score string, photos []evalfaces.PhotoResult, list []comparison) Discard {
	d := Discard{Group: group, Score: score}
	persons, probes := map[string]bool{}, map[int]bool{}
	for _, c := range list {
		persons[c.person], probes[c.probe] = true, true
	}
	order := make([]int, 0, len(probes))
	for i := range probes {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank(photos[a].Quality, score), rank(photos[b].Quality, score)), cmp.Compare(a, b))
	})
	d.Persons, d.Probes, d.LeftOut = len(persons), len(order), int(math.Round(worst*float64(len(order))))
	gone := map[int]bool{}
	for _, i := range order[:d.LeftOut] {
		gone[i] = true
	}
	var missed, left, missedLeft int
	for _, c := range list {
		if c.missed {
			missed++
		}
		if gone[c.probe] {
			continue
		}
		left++
		if c.missed {
			missedLeft++
		}
	}
	d.Before, d.After = share(missed, len(list)), share(missedLeft, left)
	if d.Before.Rate > 0 {
		d.Cut = 1 - d.After.Rate/d.Before.Rate
	}
	return d
}
