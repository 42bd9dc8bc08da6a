package gen

import (
	"errors"
	"math"
	"math/rand/v2"
)

// The diverse population: as many clusters, with as much of the between-person
// variance, as the research's `lfw` data (vectors.md §1).
const (
	clusters     = 48
	clusterShare = 0.30
	clusterAxes  = 12
	// dirichlet is the parameter of the clusters' sizes: below 1, a few are large.
	dirichlet = 0.7
)

// Diverse gives a population of 48 clusters with p's covariances, both scaled
// alike until a share fmr of pairs of different people lies within distance.
func (p *Population) Diverse(seed uint64, distance, fmr float64) (*Population, error) {
	rnd := rand.New(rand.NewPCG(seed, 0x6c6677))
	d := &Population{dim: p.dim, within: p.within, between: p.between}
	mean, variance := p.overall()
	rest := math.Sqrt(variance * (1 - clusterShare))
	offsets := p.clusterMeans(rnd, math.Sqrt(variance*clusterShare))
	var total float64
	weights := make([]float64, clusters)
	for i := range weights {
		weights[i] = gamma(rnd, dirichlet)
		total += weights[i]
	}
	var upTo float64
	for i, w := range weights {
		upTo += w / total
		d.groups = append(d.groups, group{mean: offsets[i], scale: float32(rest), upTo: upTo})
	}
	scale, err := d.scaleFor(seed, distance, fmr)
	if err != nil {
		return nil, err
	}
	for i := range d.groups {
		g := &d.groups[i]
		g.scale *= float32(scale)
		for j := range g.mean {
			g.mean[j] = mean[j] + g.mean[j]*float32(scale)
		}
	}
	d.within = make([]float32, len(p.within))
	for i, v := range p.within {
		d.within[i] = v * float32(scale)
	}
	return d, nil
}

// overall gives the mean over the groups and the mean of their squared scales.
func (p *Population) overall() ([]float32, float64) {
	mean, variance, last := make([]float32, p.dim), 0.0, 0.0
	for _, g := range p.groups {
		w := g.upTo - last
		last = g.upTo
		for i, v := range g.mean {
			mean[i] += float32(w) * v
		}
		variance += w * float64(g.scale) * float64(g.scale)
	}
	return mean, variance
}

// clusterMeans draws the clusters' offsets in the leading axes; sd times the
// root of the between-person trace is the size they have on average.
func (p *Population) clusterMeans(rnd *rand.Rand, sd float64) [][]float32 {
	axes := min(clusterAxes, p.dim)
	var all, leading float64
	for i, v := range p.between {
		all += float64(v) * float64(v)
		if i < axes*p.dim {
			leading += float64(v) * float64(v)
		}
	}
	sd *= math.Sqrt(all / leading)
	out := make([][]float32, clusters)
	for c := range out {
		out[c] = make([]float32, p.dim)
		for k := range axes {
			g := float32(rnd.NormFloat64() * sd)
			for i := range p.dim {
				out[c][i] += g * p.between[k*p.dim+i]
			}
		}
	}
	return out
}

// scaleFor finds the scale of all deviations at which a share fmr of impostor
// pairs lies within distance, on 2 million pairs.
func (p *Population) scaleFor(seed uint64, distance, fmr float64) (float64, error) {
	impostor, _, err := p.distances(seed, 2_000_000)
	if err != nil {
		return 0, err
	}
	at := impostor[min(int(fmr*float64(len(impostor))), len(impostor)-1)]
	if at <= 0 {
		return 0, errors.New("scale a population: its people are all alike")
	}
	return distance / at, nil // a distance is linear in the scale, the means' share included
}

// gamma draws from a gamma distribution of a shape below 1 (Marsaglia and Tsang
// 2000, with the boost of their §8).
func gamma(rnd *rand.Rand, shape float64) float64 {
	d := shape + 1 - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rnd.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rnd.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v * math.Pow(1-rnd.Float64(), 1/shape)
		}
	}
}
