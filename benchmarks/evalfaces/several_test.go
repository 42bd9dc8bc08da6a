package evalfaces

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"vigie/models/calibrate"
	"vigie/watchlist"
)

// severalSet has 160 persons in each of two groups. Of the anchor's, 40 have three
// photos, and one of those has one picture twice.
func severalSet() *Set {
	rng := rand.New(rand.NewPCG(41, 1))
	draw := func() []float32 {
		t := make([]float32, 32)
		for i := range t {
			t[i] = float32(rng.NormFloat64())
		}
		return t
	}
	set := &Set{Model: "test/32", Excluded: calibrate.Pairs{}, Faults: calibrate.Pairs{}}
	for _, name := range []string{"us", calibrate.DefaultAnchor} {
		g := GroupSet{Name: name, Persons: 160}
		for p := range 160 {
			photos := 1
			if name == calibrate.DefaultAnchor && p < 40 {
				photos = 3
			}
			own := draw()
			for k := range photos {
				r := PhotoResult{Person: name + strconv.Itoa(p), Template: draw()}
				for i := range r.Template {
					r.Template[i] = own[i] + 0.9*r.Template[i]
				}
				if p == 0 && k == 1 {
					r.Template = slices.Clone(g.Photos[0].Template)
				}
				if k == 2 {
					r.Quality.Flags = []string{watchlist.FlagLowQualityReference}
				}
				g.Photos = append(g.Photos, r)
			}
		}
		set.Groups = append(set.Groups, g)
	}
	set.Excluded.Add("west_african50", "west_african51")
	return set
}

// TestSeveral counts the comparisons, and holds the ways to combine photos against
// each other where they must be the same, or in order.
func TestSeveral(t *testing.T) {
	set := severalSet()
	s, err := several(set, set.Groups, nil, 0.34)
	if err != nil {
		t.Fatal(err)
	}
	const persons, impostors = 39, 240*240 - 40*9 - 120 - 2
	one, mean := s.References[0], s.References[3]
	if one.Name != waySingle || one.Mated != 2*3*persons || one.Persons != persons || one.Impostors != impostors {
		t.Errorf("one photo: %+v", one)
	}
	if mean.Name != wayVectors || mean.Mated != 3*persons {
		t.Errorf("mean: %+v", mean)
	}
	for _, ways := range [][]Way{s.References, s.Frames} {
		for key, v := range ways[0].FNMR {
			m := ways[len(ways)-1].FNMRAtOne[key]
			if v == nil || m == nil || *m >= *v {
				t.Errorf("%s: the mean of two misses %s at %s, one photo %s", ways[len(ways)-1].Name, percent(m), key, percent(v))
			}
		}
	}
	if len(s.Persons) != 1 || s.Persons[calibrate.DefaultAnchor] != persons {
		t.Errorf("persons %v", s.Persons)
	}
	together, apart := s.Limits[0], s.Limits[len(s.Limits)-1]
	if *together.Apart != 0 || *together.Joined != 1 || *apart.Apart != 1 || *apart.Joined != 0 {
		t.Errorf("one mean %v %v, all apart %v %v", *together.Apart, *together.Joined, *apart.Apart, *apart.Joined)
	}
	for key := range fmrPoints {
		if *together.FNMRTwo[key] != *mean.FNMRAtOne[key] || *apart.FNMRTwo[key] != *s.References[1].FNMRAtOne[key] || *together.FMRTwo[key] != *mean.FMRAtOne[key] {
			t.Errorf("%s: limits without meaning differ from the mean and the maximum", key)
		}
		if *together.FNMROneBad[key] <= *apart.FNMROneBad[key] {
			t.Errorf("%s: a stranger's photo in the mean harms nobody", key)
		}
	}
	for _, f := range s.LowQuality {
		want := map[string]int{"us": 160, calibrate.DefaultAnchor: 200}[f.Group]
		if f.Flagged {
			want = map[string]int{calibrate.DefaultAnchor: 40}[f.Group]
		}
		if f.Photos != want {
			t.Errorf("%+v: want %d photos", f, want)
		}
	}
	again, err := several(set, set.Groups, nil, 0.34)
	if err != nil || s.markdown() != again.markdown() {
		t.Error("the same set gives another report")
	}
}

// TestRaised counts what a mean adds, by hand.
func TestRaised(t *testing.T) {
	var r raise
	r.add(1, 0.6, 0.1, 0.7)
	r.add(1, 0.1, 0.1, 0.6)
	r.add(2, 0.6, 0.6, 0.1)
	r.add(2, 0.1, 0.1, 0.1)
	x := r.at(0.5)
	if x.Persons != 2 || x.Comparisons != 4 || *x.One != 1.5/4 || *x.Mean != 2.0/4 || *x.Ratio != 2/1.5 {
		t.Errorf("%+v", x)
	}
}
