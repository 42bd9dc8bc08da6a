package gen

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"vigie/models"
	"vigie/models/calibrate"
)

// FitPopulation fits a population to labelled templates: the mean and the size
// of the between-person covariance of each side of the calibration's balance
// (the anchor group, all others together), half of the people each; the shape
// of that covariance and the within-person covariance are pooled over both. It
// fails when fewer than dim/2 photos have a mate.
func FitPopulation(groups []calibrate.Group) (*Population, error) {
	var sides [2]moments
	dim := 0
	for _, g := range groups {
		if len(g.Samples) == 0 {
			continue
		}
		if dim = len(g.Samples[0].Template); sides[0].mean == nil {
			sides[0], sides[1] = newMoments(dim), newMoments(dim)
		}
		side := &sides[1]
		if g.Name == calibrate.DefaultAnchor {
			side = &sides[0]
		}
		if err := side.add(g); err != nil {
			return nil, err
		}
	}
	if dim == 0 {
		return nil, errors.New("fit a population: no templates")
	}
	mates := sides[0].mates + sides[1].mates
	if mates < dim/2 {
		return nil, fmt.Errorf("fit a population: %d photos have a mate, at least %d needed", mates, dim/2)
	}
	within := mat.NewSymDense(dim, nil)
	within.AddSym(sides[0].within, sides[1].within)
	within.ScaleSym(1/float64(mates), within)
	return joinSides(sides[:], within)
}

// joinSides makes a population of the sides that have people.
func joinSides(sides []moments, within *mat.SymDense) (*Population, error) {
	dim := within.SymmetricDim()
	shape := mat.NewSymDense(dim, nil)
	p := &Population{dim: dim}
	var present []moments
	for _, s := range sides {
		if s.persons > 1 {
			present = append(present, s)
		}
	}
	if len(present) == 0 {
		return nil, errors.New("fit a population: no group has two persons")
	}
	traces := make([]float64, len(present))
	for i, s := range present {
		b := s.between(within)
		traces[i] = mat.Trace(b)
		if traces[i] <= 0 {
			return nil, errors.New("fit a population: photos of one person differ more than persons do")
		}
		b.ScaleSym(1/traces[i]/float64(len(present)), b)
		shape.AddSym(shape, b)
	}
	for i, s := range present {
		p.groups = append(p.groups, group{mean: to32(s.centre()), scale: float32(math.Sqrt(traces[i])), upTo: float64(i+1) / float64(len(present))})
	}
	var err error
	if p.between, err = axes(shape); err != nil {
		return nil, err
	}
	p.within, err = axes(within)
	return p, err
}

// moments sums up the persons of one side.
type moments struct {
	mean    []float64 // sum over persons of their mean photo
	square  *mat.SymDense
	within  *mat.SymDense
	persons int
	// mates counts the photos beyond each person's first, inverse the sum of
	// 1/photos over persons.
	mates   int
	inverse float64
}

func newMoments(dim int) moments {
	return moments{mean: make([]float64, dim), square: mat.NewSymDense(dim, nil), within: mat.NewSymDense(dim, nil)}
}

func (m *moments) add(g calibrate.Group) error {
	dim := len(m.mean)
	photos := map[string][][]float32{}
	var order []string
	for _, s := range g.Samples {
		if len(s.Template) != dim {
			return fmt.Errorf("fit a population: templates of %d and %d values", dim, len(s.Template))
		}
		if photos[s.Person] == nil {
			order = append(order, s.Person)
		}
		photos[s.Person] = append(photos[s.Person], s.Template)
	}
	for _, who := range order {
		list := photos[who]
		centre := mat.NewVecDense(dim, nil)
		for _, t := range list {
			for i, v := range t {
				centre.SetVec(i, centre.AtVec(i)+float64(v)/float64(len(list)))
			}
		}
		for _, t := range list {
			d := mat.NewVecDense(dim, nil)
			for i, v := range t {
				d.SetVec(i, float64(v)-centre.AtVec(i))
			}
			m.within.SymRankOne(m.within, 1, d)
		}
		for i := range m.mean {
			m.mean[i] += centre.AtVec(i)
		}
		m.square.SymRankOne(m.square, 1, centre)
		m.persons++
		m.mates += len(list) - 1
		m.inverse += 1 / float64(len(list))
	}
	return nil
}

func (m *moments) centre() []float64 {
	c := make([]float64, len(m.mean))
	for i, v := range m.mean {
		c[i] = v / float64(m.persons)
	}
	return c
}

// between is the covariance of the persons' means without the share that the
// few photos of each put into it.
func (m *moments) between(within *mat.SymDense) *mat.SymDense {
	n := float64(m.persons)
	b := mat.NewSymDense(len(m.mean), nil)
	b.CopySym(m.square)
	b.SymRankOne(b, -n, mat.NewVecDense(len(m.mean), m.centre()))
	b.ScaleSym(1/(n-1), b)
	share := mat.NewSymDense(len(m.mean), nil)
	share.ScaleSym(-m.inverse/n, within)
	b.AddSym(b, share)
	return b
}

// axes gives the eigenvectors of c times their standard deviation, largest
// first; negative variances, which the subtraction leaves, count as none.
func axes(c *mat.SymDense) ([]float32, error) {
	dim := c.SymmetricDim()
	var e mat.EigenSym
	if !e.Factorize(c, true) {
		return nil, errors.New("fit a population: the covariance has no eigenvectors")
	}
	values := e.Values(nil)
	var v mat.Dense
	e.VectorsTo(&v)
	out := make([]float32, dim*dim)
	for k := range dim {
		at := dim - 1 - k
		sd := math.Sqrt(max(values[at], 0))
		for i := range dim {
			out[k*dim+i] = float32(v.At(i, at) * sd)
		}
	}
	return out, nil
}

// CohortPopulation is the stand-in without photos: the cohort's mean and
// covariance as the calibration file states them, of which the share within
// (0 to 1) is taken for the differences between photos of one person.
func CohortPopulation(c *models.Calibration, within float64) (*Population, error) {
	t, err := NewTemplates(c, 0)
	if err != nil {
		return nil, err
	}
	p := &Population{dim: c.Dim(), groups: []group{{mean: to32(t.mean), scale: 1, upTo: 1}}}
	p.between, p.within = make([]float32, p.dim*p.dim), make([]float32, p.dim*p.dim)
	for k, axis := range t.axes {
		for i, v := range axis {
			p.between[k*p.dim+i] = float32(v * math.Sqrt(1-within))
			p.within[k*p.dim+i] = float32(v * math.Sqrt(within))
		}
	}
	return p, nil
}

func to32(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}
