package models

import (
	"errors"
	"fmt"
	"math"

	"vigie/watchlist"
)

// Project brings a raw template into the calibrated space: unit norm, minus the
// cohort's mean, whitened, unit norm again (research: balanced-cohort
// whitening); a composite template part by part (see Part). The inner product of
// two results is their ComparisonScore. It computes in float64, in a fixed order
// and without fused multiply-add, so that every CPU gives the same bits. It fails
// when t has the wrong length, is not finite, or has no direction.
func (c *Calibration) Project(t []float32) ([]float32, error) {
	if len(t) != c.data.Dim {
		return nil, fmt.Errorf("a template of %s has %d values, not %d", c.data.Model, c.data.Dim, len(t))
	}
	out := make([]float32, 0, c.projected)
	for _, p := range c.parts {
		var err error
		if out, err = p.project(t[:p.Dim], out); err != nil {
			return nil, err
		}
		t = t[p.Dim:]
	}
	return out, nil
}

// Part gives the values that the calibration projects out of a template of any
// model: a template of its own model as it is, and the first Dim values of one that
// begins with its own (watchlist.ModelHasPart), such as the dlib half of a composite
// template. ok is false for every other model, and for a template that is too short.
// The result shares t's memory.
func (c *Calibration) Part(model string, t []float32) (part []float32, ok bool) {
	switch {
	case model == c.data.Model:
		return t, true
	case watchlist.ModelHasPart(model, c.data.Model) && len(t) > c.data.Dim:
		return t[:c.data.Dim:c.data.Dim], true
	}
	return nil, false
}

// multiply writes z = m*u for a matrix of len(z) rows in row order. Every value of
// z is summed from the first column to the last; eight rows go side by side, so
// that none waits for its own last addition.
func multiply(m, u, z []float64) {
	n := len(u)
	k := 0
	for ; k+8 <= len(z); k += 8 {
		r0, r1, r2, r3 := m[k*n:][:n], m[(k+1)*n:][:n], m[(k+2)*n:][:n], m[(k+3)*n:][:n]
		r4, r5, r6, r7 := m[(k+4)*n:][:n], m[(k+5)*n:][:n], m[(k+6)*n:][:n], m[(k+7)*n:][:n]
		var s0, s1, s2, s3, s4, s5, s6, s7 float64
		for i, x := range u {
			s0 += float64(r0[i] * x)
			s1 += float64(r1[i] * x)
			s2 += float64(r2[i] * x)
			s3 += float64(r3[i] * x)
			s4 += float64(r4[i] * x)
			s5 += float64(r5[i] * x)
			s6 += float64(r6[i] * x)
			s7 += float64(r7[i] * x)
		}
		z[k], z[k+1], z[k+2], z[k+3] = s0, s1, s2, s3
		z[k+4], z[k+5], z[k+6], z[k+7] = s4, s5, s6, s7
	}
	for ; k < len(z); k++ {
		var sum float64
		for i, w := range m[k*n:][:n] {
			sum += float64(w * u[i])
		}
		z[k] = sum
	}
}

// normalise scales v to unit norm, with every sum in index order.
func normalise(v []float64) error {
	var sum float64
	for _, x := range v {
		sum += float64(x * x)
	}
	norm := math.Sqrt(sum)
	if !finite(norm) || norm < 1e-12 {
		return errors.New("values are not finite or all zero")
	}
	for i := range v {
		v[i] /= norm
	}
	return nil
}
