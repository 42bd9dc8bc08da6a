package calibrate

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// transform is unit norm, minus mean, whitening, unit norm; as
// models.Calibration.Project does it.
type transform struct {
	dim, keep int
	share     float64 // of the mean variance that is added
	mean      []float64
	whitening []float64 // keep rows of dim values, largest variance first
	lambda    float64
}

// fitTransform learns mean and whitening of the templates' values from from on.
// Within a group every person weighs the same, whatever the number of photos.
func fitTransform(groups []Group, weights []float64, part Part, from int) (*transform, error) {
	dim := part.Dim
	t := &transform{dim: dim, keep: part.Keep, share: part.Lambda, mean: make([]float64, dim)}
	var rows [][]float64
	var shares []float64
	for g, group := range groups {
		persons := personsOf(group)
		for _, s := range group.Samples {
			u, err := unit(s.Template[from : from+dim])
			if err != nil {
				return nil, fmt.Errorf("group %s: %w", group.Name, err)
			}
			rows = append(rows, u)
			shares = append(shares, weights[g]/float64(len(persons))/float64(persons[s.Person]))
		}
	}
	for r, u := range rows {
		for i, v := range u {
			t.mean[i] += float64(shares[r] * v)
		}
	}
	sum := make([]float64, dim*dim)
	d := make([]float64, dim)
	for r, u := range rows {
		for i, v := range u {
			d[i] = v - t.mean[i]
		}
		for i, v := range d {
			weighted := shares[r] * v
			row := sum[i*dim : (i+1)*dim]
			for j := i; j < dim; j++ {
				row[j] += float64(weighted * d[j])
			}
		}
	}
	return t, t.whiten(mat.NewSymDense(dim, sum))
}

func (t *transform) whiten(cov *mat.SymDense) error {
	var eigen mat.EigenSym
	if !eigen.Factorize(cov, true) {
		return errors.New("the covariance has no eigenvalues")
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	var sum float64
	for _, v := range values {
		sum += max(v, 0)
	}
	t.lambda = t.share * sum / float64(t.dim)
	if t.lambda <= 0 {
		return errors.New("the templates are all the same")
	}
	t.whitening = make([]float64, t.keep*t.dim)
	for k := range t.keep {
		column := t.dim - 1 - k
		scale := 1 / math.Sqrt(max(values[column], 0)+t.lambda)
		largest := 0.0
		for i := range t.dim {
			if v := vectors.At(i, column); math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		if largest < 0 { // the sign is free: take the one with the largest part up
			scale = -scale
		}
		for i := range t.dim {
			t.whitening[k*t.dim+i] = vectors.At(i, column) * scale
		}
	}
	return nil
}

func unit(template []float32) ([]float64, error) {
	u := make([]float64, len(template))
	for i, v := range template {
		u[i] = float64(v)
	}
	return u, normalise(u)
}

func normalise(u []float64) error {
	var sum float64
	for _, v := range u {
		sum += float64(v * v)
	}
	norm := math.Sqrt(sum)
	if math.IsNaN(norm) || math.IsInf(norm, 0) || norm < 1e-12 {
		return errors.New("a template is not finite or all zero")
	}
	for i := range u {
		u[i] /= norm
	}
	return nil
}

// apply projects one template.
func (t *transform) apply(template []float32) ([]float64, error) {
	u, err := unit(template)
	if err != nil {
		return nil, err
	}
	for i, m := range t.mean {
		u[i] -= m
	}
	z := make([]float64, t.keep)
	for k := range z {
		z[k] = dot(t.whitening[k*t.dim:(k+1)*t.dim], u)
	}
	return z, normalise(z)
}

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s float64
	for i, v := range a {
		s += float64(v * b[i])
	}
	return s
}
