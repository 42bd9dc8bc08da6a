package evalquality

import (
	"errors"
	"math"
	"slices"

	"vigie/benchmarks/evalfaces"
	"vigie/matcher/face"
	"vigie/watchlist"
)

// Share is a count of photos or comparisons with its 95 % interval (Wilson).
type Share struct {
	N    int     `json:"n"`
	Of   int     `json:"of"`
	Rate float64 `json:"rate"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func share(n, of int) Share {
	s := Share{N: n, Of: of}
	if of == 0 {
		return s
	}
	const z = 1.96
	size := float64(of)
	s.Rate = float64(n) / size
	middle := (s.Rate + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(s.Rate*(1-s.Rate)/size+z*z/(4*size*size))
	s.Low, s.High = max(middle-half, 0), min(middle+half, 1)
	return s
}

// Outcome is how a group's photos fare for one use. A photo that is refused has
// no flags.
type Outcome struct {
	Refused Share `json:"refused"`
	// Codes are the refusals, Flags the flags of the photos taken, by code.
	Codes map[string]int   `json:"codes"`
	Flags map[string]Share `json:"flags"`
}

// Gate is a group's photos at the gate.
type Gate struct {
	Group     string  `json:"group"`
	Persons   int     `json:"persons"`
	Probe     Outcome `json:"probe"`
	Reference Outcome `json:"reference"`
}

// gate judges the photos of a group.
func gate(g evalfaces.GroupSet) (Gate, error) {
	out := Gate{Group: g.Name, Persons: g.Persons}
	var err error
	if out.Probe, err = outcome(g, false); err != nil {
		return out, err
	}
	out.Reference, err = outcome(g, true)
	return out, err
}

func outcome(g evalfaces.GroupSet, reference bool) (Outcome, error) {
	codes, flags := map[string]int{}, map[string]int{}
	refused := 0
	for _, p := range g.Photos {
		code := p.Refused
		var raised []string
		if code == "" {
			var err error
			if raised, err = face.Verdict(p.Quality, reference); err != nil {
				var fe *watchlist.FaceError
				if !errors.As(err, &fe) {
					return Outcome{}, err
				}
				code = fe.Code
			}
		}
		if code != "" {
			codes[code]++
			refused++
			continue
		}
		for _, f := range raised {
			flags[f]++
		}
	}
	out := Outcome{Refused: share(refused, len(g.Photos)), Codes: codes, Flags: map[string]Share{}}
	for f, n := range flags {
		out.Flags[f] = share(n, len(g.Photos))
	}
	return out, nil
}

// Spread holds the groups' refusal rates against each other.
type Spread struct {
	Highest string `json:"highest"`
	Lowest  string `json:"lowest"`
	// Points is the difference in percentage points, Low and High its 95 %
	// interval (Newcombe's hybrid score interval, 1998).
	Points float64 `json:"points"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// spread compares the highest rate with the lowest; zero with fewer than two
// groups.
func spread(gates []Gate, of func(Gate) Share) Spread {
	if len(gates) < 2 {
		return Spread{}
	}
	byRate := func(a, b Gate) int {
		switch x, y := of(a).Rate, of(b).Rate; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	high, low := slices.MaxFunc(gates, byRate), slices.MinFunc(gates, byRate)
	a, b := of(high), of(low)
	d := a.Rate - b.Rate
	return Spread{
		Highest: high.Group, Lowest: low.Group, Points: 100 * d,
		Low:  100 * (d - math.Hypot(a.Rate-a.Low, b.High-b.Rate)),
		High: 100 * (d + math.Hypot(a.High-a.Rate, b.Rate-b.Low)),
	}
}
