package gen

import (
	"fmt"
	"math"
	"math/rand/v2"

	"vigie/models"
)

// Templates draws templates of made-up faces with the mean and the covariance of
// the calibration's cohort, as a normal distribution. It measures speed: real
// faces have heavier tails, so no accuracy may be read from it.
type Templates struct {
	mean []float64
	axes [][]float64 // eigenvector times standard deviation
	rnd  *rand.Rand
}

// NewTemplates prepares draws from the cohort of c.
func NewTemplates(c *models.Calibration, seed uint64) (*Templates, error) {
	d := c.Data()
	t := &Templates{mean: d.Mean, rnd: rand.New(rand.NewPCG(seed, 0x66616365))}
	for i := 0; i+d.Dim <= len(d.Whitening); i += d.Dim {
		row := d.Whitening[i : i+d.Dim]
		var n2 float64
		for _, v := range row {
			n2 += v * v
		}
		if n2 == 0 {
			return nil, fmt.Errorf("row %d of the whitening is zero", i/d.Dim)
		}
		// A row is eigenvector / sqrt(variance + lambda).
		sd := math.Sqrt(max(1/n2-d.Lambda, 0))
		axis := make([]float64, d.Dim)
		for j, v := range row {
			axis[j] = v / math.Sqrt(n2) * sd
		}
		t.axes = append(t.axes, axis)
	}
	return t, nil
}

// Draw gives the template of a new person, unit norm.
func (t *Templates) Draw() []float32 { return t.near(t.mean, 1) }

// Another gives another photo of the person of a template: the same vector moved
// by share of the cohort's spread.
func (t *Templates) Another(of []float32, share float64) []float32 {
	base := make([]float64, len(of))
	for i, v := range of {
		base[i] = float64(v)
	}
	return t.near(base, share)
}

func (t *Templates) near(base []float64, share float64) []float32 {
	x := append([]float64(nil), base...)
	for _, axis := range t.axes {
		g := t.rnd.NormFloat64() * share
		for j, a := range axis {
			x[j] += g * a
		}
	}
	var n2 float64
	for _, v := range x {
		n2 += v * v
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v / math.Sqrt(n2))
	}
	return out
}
