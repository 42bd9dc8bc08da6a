package face

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"vigie/watchlist"
)

// Space is the calibrated space that templates of one model are compared in.
// Its methods are pure and safe for concurrent use.
type Space interface {
	// Project returns the template in the space: unit norm, the same bits on
	// every node, always of the same length. It fails on a template that does
	// not fit the model.
	Project(template []float32) ([]float32, error)
	// Model names the encoder and recipe whose templates it projects.
	Model() string
}

// Gallery is the exact face index. Apply and Rebuild belong to one goroutine;
// all other methods are safe for concurrent use and never wait for it.
type Gallery struct {
	space Space
	view  atomic.Pointer[view]
	// parallel is the size from which a search uses two goroutines.
	parallel int

	w store // the writer's
}

// view is one consistent state of the gallery. Nothing in it changes, save that
// rows die; seq tells which deaths it has seen.
type view struct {
	parts   []part
	dim     int
	seq     uint64
	live    int
	skipped int
	applied uint64
}

// part is a segment and how many of its rows the view covers.
type part struct {
	seg *segment
	n   int
}

// New makes an empty gallery over space.
func New(space Space) *Gallery {
	g := &Gallery{space: space, parallel: parallelRows, w: newStore(space)}
	g.view.Store(&view{})
	return g
}

// Applied is the raft index that searches include.
func (g *Gallery) Applied() uint64 { return g.view.Load().applied }

// Size is the number of templates that can be found: those of active entries,
// expired ones among them, whose model is the space's.
func (g *Gallery) Size() int { return g.view.Load().live }

// Skipped is the number of templates of active entries that can't be found,
// because another model made them or the space refuses them.
func (g *Gallery) Skipped() int { return g.view.Load().skipped }

// Model names the encoder and recipe whose templates the gallery compares.
func (g *Gallery) Model() string { return g.space.Model() }

// Compare scores the probe against each entry's best photo, whether or not the
// gallery holds the entry. Entries without a comparable photo are left out of
// the answer. K and MinScore of q do not matter. It fails like Search.
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
	p, err := projectUnit(g.space, q.Template)
	if err != nil {
		return nil, &watchlist.FaceError{
			Code:   watchlist.FaceBadTemplate,
			Detail: "the template must hold 128 or 512 finite values of the node's model",
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
	p, err = projectUnit(space, t)
	return p, err == nil
}

// projectUnit projects a template and holds the space to its word: unit norm.
func projectUnit(space Space, t []float32) ([]float32, error) {
	if err := watchlist.CheckTemplate(t); err != nil {
		return nil, fmt.Errorf("check template: %w", err)
	}
	p, err := space.Project(t)
	if err != nil {
		return nil, fmt.Errorf("project template: %w", err)
	}
	s := 0.0
	for _, v := range p {
		s += float64(float64(v) * float64(v))
	}
	if d := math.Abs(math.Sqrt(s) - 1); !(d <= normTolerance) { // true for NaN as well
		return nil, fmt.Errorf("the projected template is not of unit norm")
	}
	return p, nil
}
