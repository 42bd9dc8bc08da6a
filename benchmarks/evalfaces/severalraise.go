package evalfaces

import (
	"math/rand/v2"
	"slices"
)

// Raised holds the false match rate of the mean of two photos against that of the
// same photos one by one, against the same strangers.
type Raised struct {
	Group string `json:"group"`
	// Of is "references" or "frames": which side has two photos.
	Of          string `json:"of"`
	Persons     int    `json:"persons"`
	Comparisons int    `json:"comparisons"`
	// FMR is the key of the threshold: that rate of the anchor group's photos, one
	// against one. One and Mean are the rates there, Ratio is Mean over One.
	FMR      string    `json:"at_fmr"`
	One      *float64  `json:"one"`
	Mean     *float64  `json:"mean"`
	Ratio    *float64  `json:"ratio"`
	Interval *Interval `json:"interval_95"`
}

// leastRaised is the least number of comparisons of a mean for a rate of 1e-4 to
// rest on some.
const leastRaised = 50_000

// raise holds comparisons with strangers: of two photos each, two scores after
// another, and of their mean.
type raise struct{ one, mean []attempt }

func (r *raise) add(person int, u, v, mean float64) {
	r.one = append(r.one, attempt{u, person}, attempt{v, person})
	r.mean = append(r.mean, attempt{mean, person})
}

// raises gives the figures of all groups that are large enough.
func (g *gathering) raises() (out []Raised) {
	for i, group := range g.groups {
		for k, of := range []string{"references", "frames"} {
			r := &g.raised[i][k]
			if len(r.mean) < leastRaised {
				continue
			}
			for _, key := range []string{"1e-3", "1e-4"} {
				x := r.at(g.one.threshold(fmrPoints[key]))
				x.Group, x.Of, x.FMR = group.Name, of, key
				out = append(out, x)
			}
		}
	}
	return out
}

// at compares the rates at a threshold; the interval is over drawings of persons.
func (r *raise) at(threshold float64) Raised {
	count := func(list []attempt) map[int]float64 {
		above := map[int]float64{}
		for _, a := range list {
			if a.score > threshold {
				above[a.person]++
			} else {
				above[a.person] += 0
			}
		}
		return above
	}
	one, mean := count(r.one), count(r.mean)
	var persons []int
	var ones, means float64
	for p := range one {
		persons = append(persons, p)
		ones, means = ones+one[p]/2, means+mean[p]
	}
	slices.Sort(persons)
	random := rand.New(rand.NewPCG(19795, 3))
	e := estimates{}
	for range replicates {
		var a, b float64
		for range persons {
			p := persons[random.IntN(len(persons))]
			a, b = a+mean[p], b+one[p]/2
		}
		e.add("ratio", a/b)
	}
	n := float64(len(r.mean))
	return Raised{
		Persons: len(persons), Comparisons: len(r.mean),
		One: figure(ones / n), Mean: figure(means / n), Ratio: figure(means / ones), Interval: e.interval("ratio"),
	}
}
