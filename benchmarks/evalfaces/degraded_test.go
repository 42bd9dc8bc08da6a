package evalfaces

import (
	"slices"
	"strings"
	"testing"

	"vigie/benchmarks/evalfaces/degrade"
	"vigie/models"
	"vigie/watchlist"
)

// One probe finds its mate, one misses it, one gave no template; the second lies on
// a stranger, who counts unless he is excluded.
func TestDegradedOutcomes(t *testing.T) {
	c := calibration(t)
	template := func(seed int) []float32 {
		v := make([]float32, models.DlibDim)
		for i := range v {
			v[i] = float32((seed*31+i*i*7)%17) - 8
		}
		return v
	}
	var references []reference
	for k, person := range []string{"a", "b", "c", "d"} {
		v, err := c.Project(template(k))
		if err != nil {
			t.Fatal(err)
		}
		references = append(references, reference{person, v})
	}
	measure := func(excluded bool) Degraded {
		o := outcomes{Degraded: Degraded{Step: degrade.Step{Kind: degrade.Blur, Degree: 3}, Group: "g", Codes: map[string]int{}}}
		for _, x := range []struct {
			person string
			r      PhotoResult
		}{
			{"a", PhotoResult{Probe: template(0)}}, {"b", PhotoResult{Probe: template(3)}}, {"c", PhotoResult{Refused: watchlist.FaceNone}},
		} {
			err := o.add(probe{group: "g", person: x.person}, x.r, references, c, 0.9, func(a, b string) bool { return excluded && a == "b" && b == "d" })
			if err != nil {
				t.Fatal(err)
			}
		}
		return o.rates()
	}
	d := measure(false)
	if d.Probes != 3 || *d.FTE != 1.0/3 || *d.FNMR != 0.5 || *d.Missed != 2.0/3 || *d.FMR != 1.0/6 || d.Codes[watchlist.FaceNone] != 1 {
		t.Errorf("%+v: FTE %v, FNMR %v, missed %v, FMR %v", d, *d.FTE, *d.FNMR, *d.Missed, *d.FMR)
	}
	if less := measure(true); *less.FMR != 0 {
		t.Errorf("an excluded person is matched: %v", *less.FMR)
	}
	r := Report{Degraded: []Degraded{d}}
	if md := r.degradedMarkdown(); !strings.Contains(md, "| blur 3 | 50.0 % | 33.3 % | 16.7 % |") {
		t.Error(md)
	}
}

// The probes are second photos, of no more persons than asked for.
func TestProbesToMakeWorse(t *testing.T) {
	set := &Set{Groups: []GroupSet{{Name: "g"}}}
	var want []string
	for _, person := range []string{"a", "a", "b", "c", "c", "c", "d", "d"} {
		g := &set.Groups[0]
		n := len(g.Photos) + 1
		g.Photos = append(g.Photos, PhotoResult{Person: person, Template: slices.Repeat([]float32{float32(n), 1}, models.DlibDim/2), Quality: watchlist.FaceQuality{InterEye: 50}})
		set.files = append(set.files, photoFile{group: "g", person: person, number: n})
	}
	set.Groups[0].Photos[1].Template, want = nil, []string{"c", "d"} // a has one left
	probes, references, err := set.probes(calibration(t), 5)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range probes {
		got = append(got, p.person)
		if p.file.number != map[string]int{"c": 5, "d": 8}[p.person] {
			t.Errorf("%s: photo %d", p.person, p.file.number)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || len(references["g"]) != 4 {
		t.Errorf("probes of %v, %d references", got, len(references["g"]))
	}
	if few, _, err := set.probes(calibration(t), 1); err != nil || len(few) != 1 {
		t.Errorf("%d probes instead of one (%v)", len(few), err)
	}
}
