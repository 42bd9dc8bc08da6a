package evalfaces

import (
	"math"
	"slices"

	"vigie/models/calibrate"
	"vigie/watchlist"
)

// measure is a measure of a photo's quality; higher is better.
type measure struct {
	name string
	of   func(q watchlist.FaceQuality) float64
}

// measures are those that error versus discard is reported for.
var measures = []measure{
	{"inter_eye_px", func(q watchlist.FaceQuality) float64 { return q.InterEye }},
	{"sharpness", func(q watchlist.FaceQuality) float64 { return q.Sharpness }},
	{"clipped", func(q watchlist.FaceQuality) float64 { return -q.Dark - q.Bright }},
}

const (
	// discardStep and discardMost are the shares of mated comparisons left out.
	discardStep, discardMost = 0.05, 0.30
	// discardMates is the least number of mated comparisons of a curve.
	discardMates = 60
)

// DiscardPoint is one point of an error-versus-discard curve.
type DiscardPoint struct {
	// Discarded is the share of mated comparisons that was left out: those whose
	// worse photo is worst.
	Discarded float64 `json:"discarded"`
	FNMR      float64 `json:"fnmr"`
}

// discard gives the false non-match rate of the mated comparisons that are left
// when those with the worst photos are gone, at the threshold for a false match
// rate of 1e-3 of all (Grother and Tabassi, Performance of Biometric Quality
// Measures, 2007: a comparison is as good as its worse photo).
func discard(t *calibrate.Table, photos []PhotoResult, threshold float64) map[string][]DiscardPoint {
	type comparison struct{ score, quality float64 }
	out := map[string][]DiscardPoint{}
	if math.IsNaN(threshold) {
		return out
	}
	for _, m := range measures {
		var list []comparison
		for i, a := range t.Persons {
			for j, b := range t.Persons {
				if v := t.At(i, j); i != j && a == b && !math.IsNaN(v) {
					list = append(list, comparison{v, min(m.of(photos[i].Quality), m.of(photos[j].Quality))})
				}
			}
		}
		if len(list) < discardMates {
			continue
		}
		slices.SortStableFunc(list, func(x, y comparison) int {
			switch {
			case x.quality < y.quality:
				return -1
			case x.quality > y.quality:
				return 1
			}
			return 0
		})
		for k := range int(math.Round(discardMost/discardStep)) + 1 {
			gone := int(math.Round(float64(k) * discardStep * float64(len(list))))
			missed := 0
			for _, c := range list[gone:] {
				if c.score <= threshold {
					missed++
				}
			}
			out[m.name] = append(out[m.name], DiscardPoint{float64(gone) / float64(len(list)), float64(missed) / float64(len(list)-gone)})
		}
	}
	return out
}
