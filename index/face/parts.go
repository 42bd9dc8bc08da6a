package face

import (
	"vigie/watchlist"
)

// Parts is what a Space may offer besides: what it projects of templates that
// another model made. Part is pure, like the methods of Space.
type Parts interface {
	// Part gives the values of a template that the space projects; ok is false
	// when it projects none of a template of that model.
	Part(model string, template []float32) (part []float32, ok bool)
}

// divided is a Space beside that of another gallery of the node (Options.Elsewhere):
// it leaves that one's templates alone, so that every photo is compared once.
type divided struct {
	Space
	elsewhere string
}

// divide makes a space leave the templates of a model to another gallery; "" leaves
// it as it is.
func divide(space Space, elsewhere string) Space {
	if elsewhere == "" {
		return space
	}
	return divided{space, elsewhere}
}

// Part implements Parts.
func (d divided) Part(model string, template []float32) (part []float32, ok bool) {
	p, can := d.Space.(Parts)
	if !can || d.leaves(model) {
		return nil, false
	}
	return p.Part(model, template)
}

// leaves reports whether another gallery compares the templates of a model.
func (d divided) leaves(model string) bool {
	return model != d.Model() && (model == d.elsewhere || watchlist.ModelHasPart(model, d.elsewhere))
}

// whole is the space without the division.
func whole(space Space) Space {
	if d, ok := space.(divided); ok {
		return d.Space
	}
	return space
}

// projectFace takes an enrolled template, or the part of it that the space
// projects, into the space; ok is false when there is none or the space refuses
// it.
func projectFace(space Space, f watchlist.Face) (p []float32, ok bool) {
	parts, can := space.(Parts)
	if f.Model != space.Model() && !can {
		return nil, false
	}
	t, err := watchlist.DecodeTemplate(f.Template)
	if err != nil {
		return nil, false
	}
	if f.Model != space.Model() {
		if t, ok = parts.Part(f.Model, t); !ok {
			return nil, false
		}
	}
	p, err = projectTemplate(space, t)
	return p, err == nil
}

// elsewhere reports whether another gallery of the node compares a face, so that
// it is no loss here.
func elsewhere(space Space, f watchlist.Face) bool {
	d, ok := space.(divided)
	return ok && d.leaves(f.Model)
}
