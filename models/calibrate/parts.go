package calibrate

import (
	"errors"
	"fmt"
	"math"

	"vigie/models"
)

// Part is one encoder's share of composite templates, in the order of their
// values.
type Part struct {
	// Model is the encoder and recipe, Dim its values in a template.
	Model string
	Dim   int
	// Keep is how many leading dimensions of its whitened space count; 0 keeps all.
	Keep int
	// Weight is its share of the score; all sum to 1.
	Weight float64
	// Lambda is the share of the mean variance added to every variance; 0 takes
	// the package's Lambda.
	Lambda float64
}

// PartsOf gives the parts that a composite calibration was fitted with, none for
// a calibration of one encoder.
func PartsOf(c *models.Calibration) []Part {
	var out []Part
	for _, p := range c.Data().Parts {
		out = append(out, Part{Model: p.Model, Dim: p.Dim, Keep: p.Keep, Weight: p.Weight, Lambda: p.LambdaShare})
	}
	return out
}

// PartsFor gives the parts of composite templates by a recipe.
func PartsFor(r models.Recipe) []Part {
	c := r.Comparison
	return []Part{
		{Model: models.DlibModel, Dim: models.DlibDim, Weight: 1 - c.Weight},
		{Model: r.ID, Dim: r.Output.Dim, Keep: c.Keep, Weight: c.Weight, Lambda: c.Lambda},
	}
}

// spaces gives the parts of the input's templates of dim values: the input's, or
// the one that they are.
func (in Input) spaces(dim int) []Part {
	if len(in.Parts) == 0 {
		return []Part{{Model: in.Model, Dim: dim, Keep: dim, Weight: 1, Lambda: Lambda}}
	}
	out := make([]Part, len(in.Parts))
	for i, p := range in.Parts {
		if p.Keep == 0 {
			p.Keep = p.Dim
		}
		if p.Lambda == 0 {
			p.Lambda = Lambda
		}
		out[i] = p
	}
	return out
}

// checkParts refuses parts that do not make up templates of dim values.
func (in Input) checkParts(dim int) error {
	if len(in.Parts) == 0 {
		return nil
	}
	values, weight := 0, 0.0
	for _, p := range in.Parts {
		if p.Dim < 2 || p.Keep < 0 || p.Keep > p.Dim || !(p.Weight > 0) || p.Lambda < 0 {
			return errors.New("a part of the templates is malformed")
		}
		values, weight = values+p.Dim, weight+p.Weight
	}
	if values != dim || math.Abs(weight-1) > 1e-9 {
		return fmt.Errorf("the parts have %d values and weigh %v, for templates of %d", values, weight, dim)
	}
	return nil
}

// space projects whole templates: one transform for each part, at the length of
// the root of its weight.
type space struct {
	parts      []Part
	transforms []*transform
}

func fitSpace(groups []Group, weights []float64, parts []Part) (*space, error) {
	s := &space{parts: parts}
	from := 0
	for _, p := range parts {
		t, err := fitTransform(groups, weights, p, from)
		if err != nil {
			return nil, err
		}
		s.transforms = append(s.transforms, t)
		from += p.Dim
	}
	return s, nil
}

// apply projects one template.
func (s *space) apply(template []float32) ([]float64, error) {
	var out []float64
	for i, t := range s.transforms {
		z, err := t.apply(template[:t.dim])
		if err != nil {
			return nil, err
		}
		length := math.Sqrt(s.parts[i].Weight)
		for _, v := range z {
			out = append(out, float64(length*v))
		}
		template = template[t.dim:]
	}
	return out, nil
}

// describe writes the space into a calibration: as the parts of a composite one,
// or as the whole of one for a single encoder.
func (s *space) describe(d *models.CalibrationData, composite bool) {
	if !composite {
		t := s.transforms[0]
		d.Lambda, d.Mean, d.Whitening = t.lambda, t.mean, t.whitening
		return
	}
	for i, t := range s.transforms {
		p := s.parts[i]
		d.Parts = append(d.Parts, models.Part{
			Model: p.Model, Dim: p.Dim, Keep: p.Keep, Weight: p.Weight,
			LambdaShare: p.Lambda, Lambda: t.lambda, Mean: t.mean, Whitening: t.whitening,
		})
	}
}
