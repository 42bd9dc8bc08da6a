package gen

import (
	"math/rand/v2"
	"slices"
)

// Spread says how far the photos of a population lie apart, by random pairs.
type Spread struct {
	// FMR is the share of photo pairs of different people within a distance.
	FMR []Rate `json:"fmr"`
	// Impostor and Mated are the median distances of photos of different people
	// and of one.
	Impostor float64 `json:"impostor_median"`
	Mated    float64 `json:"mated_median"`
	Pairs    int     `json:"impostor_pairs"`
}

// Rate is a false match rate at a distance.
type Rate struct {
	Distance float64 `json:"distance"`
	FMR      float64 `json:"fmr"`
}

// Measure draws people and compares pairs of their photos.
func (p *Population) Measure(seed uint64, pairs int, distances ...float64) (Spread, error) {
	impostor, mated, err := p.distances(seed, pairs)
	if err != nil {
		return Spread{}, err
	}
	s := Spread{Impostor: impostor[pairs/2], Mated: mated[len(mated)/2], Pairs: pairs}
	for _, d := range distances {
		near, _ := slices.BinarySearch(impostor, d)
		s.FMR = append(s.FMR, Rate{Distance: d, FMR: float64(near) / float64(pairs)})
	}
	return s, nil
}

// distances gives the distances of random pairs of photos of different people,
// and of pairs of photos of one person, each list rising.
func (p *Population) distances(seed uint64, pairs int) (impostor, mated []float64, err error) {
	const people = 16 * crowdBlock
	photos := make([]float32, people*2*p.dim)
	if err := p.Crowd(seed).Enrol(0, 2, photos); err != nil {
		return nil, nil, err
	}
	at := func(i int) []float32 { return photos[i*p.dim : (i+1)*p.dim] }
	rnd := rand.New(rand.NewPCG(seed, 0x6d656173))
	impostor, mated = make([]float64, pairs), make([]float64, people)
	for i := range impostor {
		x, y := rnd.IntN(people), rnd.IntN(people-1)
		if y >= x {
			y++
		}
		impostor[i] = Distance(at(2*x+rnd.IntN(2)), at(2*y+rnd.IntN(2)))
	}
	for i := range mated {
		mated[i] = Distance(at(2*i), at(2*i+1))
	}
	slices.Sort(impostor)
	slices.Sort(mated)
	return impostor, mated, nil
}
