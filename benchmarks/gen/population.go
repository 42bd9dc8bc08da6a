package gen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// crowdBlock is how many people one random stream makes: a person depends only
// on the seed and on their number, whatever else was drawn.
const crowdBlock = 256

// Population is a model of the templates of many people: a person is the mean
// of one of the groups plus a draw of the between-person covariance, a photo is
// the person plus a draw of the within-person covariance. It is immutable and
// safe for concurrent use. Real faces have heavier tails than its normal
// distributions: it measures speed, never accuracy.
type Population struct {
	dim    int
	groups []group
	// between and within are dim x dim, row-major; row k is an eigenvector times
	// its standard deviation.
	between, within []float32
}

// group is a part of the population with its own mean.
type group struct {
	mean []float32
	// scale multiplies the between-person deviations.
	scale float32
	// upTo is the share of the people in this group and those before it.
	upTo float64
}

// Dim is the number of values of a template.
func (p *Population) Dim() int { return p.dim }

// Crowd is an endless row of made-up people. It is safe for concurrent use.
type Crowd struct {
	p    *Population
	seed uint64
}

// Crowd gives the people of a seed.
func (p *Population) Crowd(seed uint64) *Crowd { return &Crowd{p: p, seed: seed} }

// Enrol writes photos per of each person first, first+1, … into out, person
// after person, on all cores; len(out) is people * per * Dim. Enrolling a crowd
// in several parts gives the same templates when first is a multiple of 256.
func (c *Crowd) Enrol(first, per int, out []float32) error {
	row := c.p.dim
	if per < 1 || first < 0 || first%crowdBlock != 0 || len(out)%(row*per) != 0 {
		return fmt.Errorf("draw templates: person %d, %d photos each, %d values do not fit", first, per, len(out))
	}
	people := len(out) / row / per
	blocks := (people + crowdBlock - 1) / crowdBlock
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), blocks)
	for w := range workers {
		wg.Go(func() {
			d := newDrawer(c)
			for b := w; b < blocks; b += workers {
				from, to := b*crowdBlock, min((b+1)*crowdBlock, people)
				d.people(first/crowdBlock + b)
				d.photos(0, to-from, per, out[from*per*row:to*per*row])
			}
		})
	}
	wg.Wait()
	return nil
}

// Another gives one more photo of each of the people, in their order: one that
// Enrol has not given. Other values of take give other photos.
func (c *Crowd) Another(people []int, take uint64) [][]float32 {
	d := newDrawer(c)
	out, at := make([][]float32, len(people)), -1
	for i, who := range people {
		if b := who / crowdBlock; b != at {
			d.people(b)
			at = b
		}
		d.rnd = rand.New(rand.NewPCG(c.seed^0x70726f6265, uint64(who)<<20|take))
		out[i] = make([]float32, c.p.dim)
		d.photos(who%crowdBlock, 1, 1, out[i])
	}
	return out
}

// drawer holds one worker's memory and the random stream of its block.
type drawer struct {
	c       *Crowd
	rnd     *rand.Rand
	centres []float32
	noise   []float32
}

func newDrawer(c *Crowd) *drawer {
	return &drawer{c: c, centres: make([]float32, crowdBlock*c.p.dim), noise: make([]float32, crowdBlock*c.p.dim)}
}

// people draws the block's persons; the photos that follow come from the
// block's second stream.
func (d *drawer) people(block int) {
	p := d.c.p
	d.rnd = rand.New(rand.NewPCG(d.c.seed, uint64(2*block)))
	for i := range crowdBlock {
		g := p.pick(d.rnd.Float64())
		copy(d.centres[i*p.dim:(i+1)*p.dim], g.mean)
		for k := range p.dim {
			d.noise[i*p.dim+k] = float32(d.rnd.NormFloat64()) * g.scale
		}
	}
	p.spread(d.noise, p.between, d.centres)
	d.rnd = rand.New(rand.NewPCG(d.c.seed, uint64(2*block+1)))
}

// photos draws per photos of each of n people of the block from the first on.
func (d *drawer) photos(first, n, per int, out []float32) {
	dim := d.c.p.dim
	for done := 0; done < n*per; done += crowdBlock {
		m := min(crowdBlock, n*per-done)
		part, noise := out[done*dim:(done+m)*dim], d.noise[:m*dim]
		for i := range noise {
			noise[i] = float32(d.rnd.NormFloat64())
		}
		for i := range m {
			who := first + (done+i)/per
			copy(part[i*dim:(i+1)*dim], d.centres[who*dim:(who+1)*dim])
		}
		d.c.p.spread(noise, d.c.p.within, part)
	}
}

// pick gives the group of a uniform draw.
func (p *Population) pick(u float64) group {
	for _, g := range p.groups {
		if u < g.upTo {
			return g
		}
	}
	return p.groups[len(p.groups)-1]
}

// spread adds noise times axes to rows, each of them whole rows of dim values.
func (p *Population) spread(noise, axes, rows []float32) {
	n := len(rows) / p.dim
	m := func(rows int, data []float32) blas32.General {
		return blas32.General{Rows: rows, Cols: p.dim, Stride: p.dim, Data: data}
	}
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, m(n, noise), m(p.dim, axes), 1, m(n, rows))
}

// Distance is the Euclidean distance of two templates, summed in float64.
func Distance(a, b []float32) float64 {
	var s float64
	for i, v := range a {
		d := float64(v - b[i])
		s += d * d
	}
	return math.Sqrt(s)
}
