package face

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"vigie/watchlist"
)

// Compare scores the probe against each entry's best reference, whether or not the
// gallery holds the entry: the one that Search would return under q.MinScore and
// q.LowQualityMin, or the best of all when none meets them. Face names the photo of
// the reference that is nearest to the probe by itself. Entries without a
// comparable photo are left out of the answer, and photos that Options.Elsewhere
// leaves to another gallery are not compared. K and AsOf of q do not matter. It
// fails like Search.
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
		if m, ok := compare(g.space, probe, q, e); ok {
			out = append(out, m)
		}
	}
	return out, nil
}

// compare scores a projected probe against an entry; ok is false when the entry
// has nothing to compare.
func compare(space Space, probe []float32, q watchlist.FaceQuery, e *watchlist.Entry) (m watchlist.FaceMatch, ok bool) {
	best, top, ok := nearestOf(e.ID, referencesOf(space, e.Faces).list, probe, q)
	if !ok {
		return m, false
	}
	m = matchOf(top.id, top.label, top.score)
	if len(best.photos) > 1 {
		nearestFirst(space, probe, e.Faces, best.photos, &m)
	}
	return m, true
}

// nearestOf gives the best of an entry's references, one that meets the query's
// bounds before one that does not; ok is false when there is none to compare.
func nearestOf(id watchlist.EntryID, list []reference, probe []float32, q watchlist.FaceQuery) (best reference, top hit, ok bool) {
	topMeets := false
	for _, r := range list {
		if len(r.x) != len(probe) {
			continue
		}
		h := hit{id: id, label: r.label, score: score(probe, r.x)}
		meets := q.Meets(h.score, isLow(h.label))
		if !ok || meets && !topMeets || meets == topMeets && top.worse(h) {
			best, top, topMeets, ok = r, h, meets, true
		}
	}
	return best, top, ok
}

// Against prepares the comparison of one entry with many probes of one photo each:
// the entry's references are made once. The function that it returns gives the
// match that Compare gives for the query with that template, with the same bits,
// except that Face is the reference's first photo, as in Search; it is safe for
// concurrent use and fails like Compare. ok is false when the entry has nothing to
// compare. Template, More, K and AsOf of q do not matter.
func (g *Gallery) Against(q watchlist.FaceQuery, e *watchlist.Entry) (score func(template []float32) (watchlist.FaceMatch, error), ok bool) {
	list := referencesOf(g.space, e.Faces).list
	return func(template []float32) (watchlist.FaceMatch, error) {
		probe := q
		probe.Template, probe.More = template, nil
		x, err := g.project(probe)
		if err != nil {
			return watchlist.FaceMatch{}, err
		}
		_, top, ok := nearestOf(e.ID, list, x, q)
		if !ok {
			return watchlist.FaceMatch{}, errors.New("face comparison: the probe's length is not the references'")
		}
		return matchOf(top.id, top.label, top.score), nil
	}, len(list) > 0
}

// nearestFirst makes the photo that scores highest by itself the match's Face, the
// first of equals, and the rest its Others.
func nearestFirst(space Space, probe []float32, faces []watchlist.Face, photos []int, m *watchlist.FaceMatch) {
	nearest, best := 0, math.Inf(-1)
	ids := make([]string, len(photos))
	for i, at := range photos {
		ids[i] = faces[at].ID
		if x, ok := projectFace(space, faces[at]); ok {
			if s := score(probe, x); s > best {
				nearest, best = i, s
			}
		}
	}
	m.Face = ids[nearest]
	m.Others = watchlist.JoinFaceIDs(slices.Delete(ids, nearest, nearest+1))
}

// Apart lists the places of an entry's faces that look like none of the others: each
// would be compared alone, while others of the entry can be compared too. An entry
// with one comparable face has none. Faces that Options.Elsewhere leaves to another
// gallery are held against the others too, by the part that this space projects.
func (g *Gallery) Apart(faces []watchlist.Face) []int {
	refs := referencesOf(whole(g.space), faces)
	if len(refs.list) < 2 {
		return nil
	}
	var out []int
	for _, r := range refs.list {
		if len(r.photos) == 1 {
			out = append(out, r.photos[0])
		}
	}
	return out
}

// project checks a query and takes its templates into the space: the mean of
// several.
func (g *Gallery) project(q watchlist.FaceQuery) ([]float32, error) {
	if q.Model != g.space.Model() {
		return nil, &watchlist.FaceError{
			Code:   watchlist.FaceModelMismatch,
			Detail: "the template comes from another model than this node's gallery; encode the photo again here",
		}
	}
	all := make([][]float32, 0, 1+len(q.More))
	for i := range 1 + len(q.More) {
		t := q.Template
		if i > 0 {
			t = q.More[i-1]
		}
		p, err := projectTemplate(g.space, t)
		if err != nil {
			return nil, &watchlist.FaceError{
				Code:   watchlist.FaceBadTemplate,
				Detail: "the template must hold " + watchlist.TemplateDims + " finite values of the node's model",
				Err:    err,
			}
		}
		all = append(all, p)
	}
	for _, p := range all[1:] {
		if len(p) != len(all[0]) {
			return nil, errors.New("face search: the templates of one probe differ in length")
		}
	}
	mean := Mean(all)
	if mean == nil {
		return nil, errors.New("face search: the templates of one probe cancel out")
	}
	return mean, nil
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
