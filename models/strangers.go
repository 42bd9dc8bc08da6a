package models

import (
	"fmt"
	"math"
)

// FMROf is the false match rate of one reference template at a score: the share of
// strangers whose photos are expected to reach it, 1e-12 to 1. typical says what
// FMR gives for anybody.
//
// The cohort's spread is known by direction (the variances behind the whitening),
// nobody's template is. A stranger's score with a projected template y is taken to
// have mean 0 and the variance sum(y_i^2 s_i) / sum(s_i), where s_i is the variance
// of the whitened direction i: a face whose features lie where people differ meets
// more strangers than one that stands out where hardly anybody does. The scores'
// distribution is that of the worst measured group (FMR), stretched by how this
// spread compares with a typical person's, so that the typical person has exactly
// that group's rate.
//
// It is an estimate: it sees the direction of a face, not its neighbours. Some
// people resemble many others for reasons that no variance shows, and twins and
// siblings are in no table.
func (c *Calibration) FMROf(template []float32, score float64) (fmr, typical float64, err error) {
	y, err := c.Project(template)
	if err != nil {
		return 0, 0, err
	}
	var own, common float64 // variances of strangers' scores
	for _, p := range c.parts {
		a, b := p.spread(y[:p.Keep])
		own, common = own+float64(p.Weight*p.Weight)*a, common+float64(p.Weight*p.Weight)*b
		y = y[p.Keep:]
	}
	if !(own > 0) || !(common > 0) {
		return 0, 0, fmt.Errorf("calibration %s has no spread", c.data.Version)
	}
	return c.FMR(score * math.Sqrt(common/own)), c.FMR(score), nil
}

// spread gives the variance of strangers' scores with a projected template of the
// part, and that of a typical person's.
func (p Part) spread(y []float32) (own, typical float64) {
	var sum, squares, mine, length float64
	for i, v := range y {
		var n float64 // of a row: 1 / (variance + Lambda)
		for _, w := range p.Whitening[i*p.Dim : (i+1)*p.Dim] {
			n += w * w
		}
		s := max(1-p.Lambda*n, 0) // variance / (variance + Lambda)
		if n == 0 {
			s = 0
		}
		sum += s
		squares += s * s
		mine += float64(v) * float64(v) * s
		length += float64(v) * float64(v)
	}
	if sum == 0 || length == 0 {
		return 0, 0
	}
	return mine / length / sum, squares / sum / sum
}
