package gen

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// RandomPopulation has a random mean and random axes whose variance falls by
// half every dim/10 dimensions; a quarter of it is within persons. It stands for
// an encoder of which nothing but the dimension is known. Impostors lie about
// 1.2 apart.
func RandomPopulation(dim int, seed uint64) *Population {
	rnd := rand.New(rand.NewPCG(seed, 0x72616e64))
	raw := mat.NewDense(dim, dim, nil)
	for i := range dim {
		for j := range dim {
			raw.Set(i, j, rnd.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(raw)
	var q mat.Dense
	qr.QTo(&q)
	variance, total := make([]float64, dim), 0.0
	for k := range variance {
		variance[k] = math.Exp2(-10 * float64(k) / float64(dim))
		total += variance[k]
	}
	p := &Population{dim: dim, groups: []group{{mean: make([]float32, dim), scale: 1, upTo: 1}}}
	p.between, p.within = make([]float32, dim*dim), make([]float32, dim*dim)
	for i := range p.groups[0].mean {
		p.groups[0].mean[i] = float32(rnd.NormFloat64() / math.Sqrt(float64(dim)))
	}
	const spread = 0.72 // twice this is the mean squared distance of impostors
	for k, v := range variance {
		sd := math.Sqrt(spread * v / total)
		for i := range dim {
			p.between[k*dim+i] = float32(q.At(i, k) * sd * math.Sqrt(0.75))
			p.within[k*dim+i] = float32(q.At(i, k) * sd * math.Sqrt(0.25))
		}
	}
	return p
}
