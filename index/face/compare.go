package face

import (
	"context"
	"fmt"
	"math"

	"vigie/watchlist"
)

// Compare scores the probe against each entry's best photo, whether or not the
// gallery holds the entry. Entries without a comparable photo are left out of
// the answer. K, MinScore and AsOf of q do not matter. It fails like Search.
func (g *Gallery) Compare(ctx context.Context, q watchlist.FaceQuery, entries []*watchlist.Entry) ([]watchlist.FaceMatch, error) {
	probe, err := g.project(q)
	if err != nil {
		return nil, err
	}
	var out []watchlist.FaceMatch
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("compare faces: %w", err)
		}
		best := watchlist.FaceMatch{Entry: e.ID, Score: math.Inf(-1)}
		for _, f := range e.Faces {
			p, ok := projectFace(g.space, f)
			if !ok || len(p) != len(probe) {
				continue
			}
			if s := score(probe, p); s > best.Score || s == best.Score && f.ID < best.Face {
				best.Score, best.Face = s, f.ID
			}
		}
		if !math.IsInf(best.Score, -1) {
			out = append(out, best)
		}
	}
	return out, nil
}

// project checks a query and takes its template into the space.
func (g *Gallery) project(q watchlist.FaceQuery) ([]float32, error) {
	if q.Model != g.space.Model() {
		return nil, &watchlist.FaceError{
			Code:   watchlist.FaceModelMismatch,
			Detail: "the template comes from another model than this node's gallery; encode the photo again here",
		}
	}
	p, err := projectTemplate(g.space, q.Template)
	if err != nil {
		return nil, &watchlist.FaceError{
			Code:   watchlist.FaceBadTemplate,
			Detail: "the template must hold " + watchlist.TemplateDims + " finite values of the node's model",
			Err:    err,
		}
	}
	return p, nil
}

// projectFace takes an enrolled template into the space; ok is false when
// another model made it or the space refuses it.
func projectFace(space Space, f watchlist.Face) (p []float32, ok bool) {
	if f.Model != space.Model() {
		return nil, false
	}
	t, err := watchlist.DecodeTemplate(f.Template)
	if err != nil {
		return nil, false
	}
	p, err = projectTemplate(space, t)
	return p, err == nil
}

// projectTemplate projects a template and holds the space to its word: finite
// values.
func projectTemplate(space Space, t []float32) ([]float32, error) {
	if err := watchlist.CheckTemplate(t); err != nil {
		return nil, fmt.Errorf("check template: %w", err)
	}
	p, err := space.Project(t)
	if err != nil {
		return nil, fmt.Errorf("project template: %w", err)
	}
	if len(p) == 0 || len(p) > maxDim {
		return nil, fmt.Errorf("the projected template has %d values", len(p))
	}
	for _, v := range p {
		if v-v != 0 { // NaN or infinite
			return nil, fmt.Errorf("the projected template is not finite")
		}
	}
	return p, nil
}
