package models

import (
	"errors"
	"fmt"
	"math"
)

// Part is one encoder's share of a calibration for composite templates, which
// hold one encoder's values after another's. Each part is projected by itself, as
// a template of one encoder is, and cut to its first Keep values; the projections
// stand side by side, each at the length of the root of its weight. So the inner
// product of two composite templates is the weighted mean of the parts' scores,
// and a search of the whole is exact like that of one part.
type Part struct {
	// Model is the encoder and recipe of the part; Dim its values in a template.
	Model string `json:"model"`
	Dim   int    `json:"dim"`
	// Keep is how many leading dimensions of the whitened space count.
	Keep int `json:"keep"`
	// Weight is the part's share of the score; all sum to 1.
	Weight float64 `json:"weight"`
	// Lambda, Mean and Whitening are as in CalibrationData; Whitening has Keep rows
	// of Dim values. LambdaShare is Lambda over the mean variance.
	LambdaShare float64 `json:"lambda_share"`
	Lambda      float64 `json:"lambda"`
	Mean        Floats  `json:"mean"`
	Whitening   Floats  `json:"whitening"`
}

// maxParts bounds the encoders of a composite template.
const maxParts = 2

// spaces gives the parts of a calibration: the file's, or the one that it is.
func (d *CalibrationData) spaces() []Part {
	if len(d.Parts) > 0 {
		return d.Parts
	}
	return []Part{{Model: d.Model, Dim: d.Dim, Keep: d.Dim, Weight: 1, Lambda: d.Lambda, Mean: d.Mean, Whitening: d.Whitening}}
}

// checkSpaces checks what projects templates: means, whitenings and weights.
func (d *CalibrationData) checkSpaces() error {
	switch {
	case d.FormatVersion == 1 && len(d.Parts) > 0:
		return errors.New("format version 1 has no parts")
	case d.FormatVersion == 2 && (len(d.Parts) != maxParts || len(d.Mean)+len(d.Whitening) > 0 || d.Lambda != 0):
		return errors.New("format version 2 has two parts, and mean and whitening in each")
	}
	sum, values := 0.0, 0
	for _, p := range d.spaces() {
		switch {
		case p.Model == "":
			return errors.New("a part names no model")
		case p.Dim < 2 || p.Dim > maxPart || p.Keep < 2 || p.Keep > p.Dim:
			return fmt.Errorf("%d of %d dimensions are kept", p.Keep, p.Dim)
		case len(p.Mean) != p.Dim || len(p.Whitening) != p.Keep*p.Dim:
			return fmt.Errorf("mean has %d and whitening %d values for %d of %d dimensions", len(p.Mean), len(p.Whitening), p.Keep, p.Dim)
		case !finite(p.Mean...) || !finite(p.Whitening...):
			return errors.New("mean or whitening holds a value that is not finite")
		case !(p.Weight > 0 && p.Weight <= 1):
			return fmt.Errorf("a part weighs %v", p.Weight)
		}
		sum += p.Weight
		values += p.Dim
	}
	if math.Abs(sum-1) > 1e-9 || values != d.Dim {
		return fmt.Errorf("the parts weigh %v and have %d of %d values", sum, values, d.Dim)
	}
	return nil
}

// maxPart is the most values of one encoder.
const maxPart = 2048

// project appends the projection of t, which has p.Dim values, to out.
func (p Part) project(t []float32, out []float32) ([]float32, error) {
	// Templates have 128 or 512 values: these arrays stay on the stack.
	var us, zs [512]float64
	u, z := us[:0], zs[:0]
	if p.Dim > len(us) {
		u, z = make([]float64, 0, p.Dim), make([]float64, 0, p.Dim)
	}
	u, z = u[:p.Dim], z[:p.Keep]
	for i, v := range t {
		u[i] = float64(v)
	}
	if err := normalise(u); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	for i, m := range p.Mean {
		u[i] -= m
	}
	multiply(p.Whitening, u, z)
	if err := normalise(z); err != nil {
		return nil, fmt.Errorf("projected template: %w", err)
	}
	length := math.Sqrt(p.Weight)
	for _, v := range z {
		out = append(out, float32(float64(length*v)))
	}
	return out, nil
}
