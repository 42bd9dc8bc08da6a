package evalfaces

import (
	"fmt"
	"math"
	"slices"

	"vigie/index/face"
	"vigie/models/calibrate"
)

// samePicture is the score above which two photos of a person are taken for one
// picture, and left out of Several: that can only make its figures worse.
const samePicture = 0.88

// agreements are the limits that Several tries for face.Agreeing: always one mean,
// some scores, each photo alone.
var agreements = []float64{-1, 0.15, 0.20, 0.24, 0.27, 0.30, 0.32, 0.34, 0.37, 0.40, 0.44, math.Inf(1)}

// The ways to compare two photos of a person at once.
const (
	waySingle   = "one photo"
	wayMaximum  = "maximum of the scores"
	wayScores   = "mean of the scores"
	wayVectors  = "mean of the unit vectors"
	wayHalfRate = "each alone, at half the rate"
	wayShipped  = "mean of the unit vectors, at the rate over the root of 2"
)

// Several measures what several photos of one person do, on persons with three or
// more, each comparison in a space learned from other persons. Its thresholds are
// those of West African impostors (the anchor group's), one photo against one.
type Several struct {
	// Persons counts those with three photos or more, by group.
	Persons map[string]int `json:"persons"`
	// References has two enrolled photos and a third as the probe; Frames two probe
	// photos against a third that is enrolled; Both two against two.
	References []Way `json:"references"`
	Frames     []Way `json:"frames"`
	Both       []Way `json:"frames_and_references"`
	// Raised says how much more often means match strangers than one photo does.
	Raised []Raised `json:"fmr_of_means"`
	// Agreement is the calibration's score from which photos of an entry are one
	// reference; Limits tries others.
	Agreement float64 `json:"agreement"`
	Limits    []Limit `json:"limits"`
	// LowQuality holds the references that are flagged, and the rest.
	LowQuality []Flagged `json:"low_quality"`
}

// Way is one way to combine the scores of two photos. Shares are of 1.
type Way struct {
	Name string `json:"name"`
	// Mated and Persons count mated comparisons, and the persons they come from;
	// Impostors the comparisons of the anchor group that thresholds rest on.
	Mated     int `json:"mated"`
	Persons   int `json:"persons"`
	Impostors int `json:"impostors"`
	// FNMR is at the way's own threshold for the key's false match rate, FNMRAtOne
	// at that of one photo, where FMRAtOne is its false match rate.
	FNMR      map[string]*float64  `json:"fnmr_at_fmr"`
	FNMRAtOne map[string]*float64  `json:"fnmr_at_threshold_of_one"`
	FMRAtOne  map[string]*float64  `json:"fmr_at_threshold_of_one"`
	Intervals map[string]*Interval `json:"intervals_95_at_threshold_of_one"`
}

// Limit is one score from which photos agree. The entries hold two photos of a
// person, one and a stranger's, or two and a stranger's; FNMR is a third photo's,
// at the threshold of one photo for the key's false match rate.
type Limit struct {
	Score float64 `json:"score"`
	// Apart is the share of Pairs, two photos of a person, that do not agree;
	// Joined the share of Strangers, photos of two, that do.
	Apart     *float64 `json:"mated_apart"`
	Pairs     int      `json:"mated_pairs"`
	Joined    *float64 `json:"strangers_joined"`
	Strangers int      `json:"stranger_pairs"`

	FMRTwo      map[string]*float64 `json:"fmr_two_photos"`
	FNMRTwo     map[string]*float64 `json:"fnmr_two_photos"`
	FNMROneBad  map[string]*float64 `json:"fnmr_one_and_a_strangers"`
	FNMRTwoBad  map[string]*float64 `json:"fnmr_two_and_a_strangers"`
	OneBad      int                 `json:"one_and_a_strangers"`
	TwoBad      int                 `json:"two_and_a_strangers"`
	TwoMated    int                 `json:"two_photos"`
	TwoPersons  int                 `json:"two_photos_persons"`
	OnePersons  int                 `json:"one_and_a_strangers_persons"`
	Comparisons int                 `json:"impostors"`
}

// Flagged are the references of a group with or without the flag of low quality.
type Flagged struct {
	Group     string `json:"group"`
	Flagged   bool   `json:"low_quality"`
	Photos    int    `json:"photos"`
	Mated     int    `json:"mated"`
	Impostors int    `json:"impostors"`
	// FMR and FNMR are at the thresholds of all references, FNMRStricter at those
	// that the matcher holds references of low quality to.
	FMR          map[string]*float64 `json:"fmr"`
	FNMR         map[string]*float64 `json:"fnmr"`
	FNMRStricter map[string]*float64 `json:"fnmr_stricter"`
}

// several measures Several on a part of a set; it fails like calibrate.Spaces.
func several(set *Set, part []GroupSet, parts []calibrate.Part, agreement float64) (*Several, error) {
	g := newGathering(part, set.Corrected())
	in := calibrate.Input{Model: set.Model, Parts: parts, Groups: g.groups, Excluded: g.excluded}
	err := calibrate.Spaces(in, calibrate.Options{}, disjointFolds, g.visit)
	if err != nil {
		return nil, fmt.Errorf("several photos: %w", err)
	}
	out := g.result()
	out.Agreement = agreement
	return out, nil
}

// attempt is one mated comparison.
type attempt struct {
	score  float64
	person int
}

// scoreList holds the comparisons of one way.
type scoreList struct {
	mated    []attempt
	impostor []float64
}

func (t *scoreList) sort() { slices.Sort(t.impostor) }

func (t *scoreList) threshold(fmr float64) float64 {
	return calibrate.Scores{Impostor: t.impostor}.Threshold(fmr)
}

func (t *scoreList) fmr(threshold float64) float64 {
	return calibrate.Scores{Impostor: t.impostor}.FMR(threshold)
}

// fnmr is the share of mated attempts at or below a threshold, NaN without any.
func (t *scoreList) fnmr(threshold float64) float64 {
	missed := 0
	for _, a := range t.mated {
		if a.score <= threshold {
			missed++
		}
	}
	return float64(missed) / float64(len(t.mated))
}

func (t *scoreList) persons() int {
	seen := map[int]bool{}
	for _, a := range t.mated {
		seen[a.person] = true
	}
	return len(seen)
}

// combined scores a probe against photos that form references under a limit: the
// best of them.
func combined(probe []float32, photos [][]float32, limit float64) float64 {
	best := math.Inf(-1)
	for _, group := range face.Agreeing(photos, limit) {
		members := make([][]float32, len(group))
		for i, at := range group {
			members[i] = photos[at]
		}
		if m := face.Mean(members); m != nil {
			best = max(best, cosine(probe, m))
		}
	}
	return best
}
