package face

import (
	"errors"
	"iter"
	"math"
	"slices"
	"strings"

	"vigie/watchlist"
)

// rawSpace takes templates as they are, cut to dim values. A template that begins
// with toZero becomes the zero vector, one that begins with refused is refused.
type rawSpace struct {
	model string
	dim   int
}

const toZero = 4242

func (s rawSpace) Model() string { return s.model }

func (s rawSpace) Project(t []float32) ([]float32, error) {
	switch t[0] {
	case refused:
		return nil, errors.New("refused")
	case toZero:
		return make([]float32, s.dim), nil
	}
	return slices.Clone(t[:min(s.dim, len(t))]), nil
}

// modelRow is one template of one entry, from an index on and up to before
// another (0: still there).
type modelRow struct {
	entry      watchlist.EntryID
	face       string
	x          []float32
	born, died uint64
}

// model is the definition of the gallery: all rows there ever were.
type model struct {
	space Space
	rows  []modelRow
	// alive lists the rows of every entry that live.
	alive map[watchlist.EntryID][]int
	index uint64
}

func newModel(space Space) *model {
	return &model{space: space, alive: map[watchlist.EntryID][]int{}}
}

// apply takes a change over.
func (m *model) apply(id watchlist.EntryID, e *watchlist.Entry, index uint64) {
	m.index = index
	for _, i := range m.alive[id] {
		m.rows[i].died = index
	}
	delete(m.alive, id)
	if e == nil || e.Status != watchlist.StatusActive {
		return
	}
	for _, f := range e.Faces {
		t, err := watchlist.DecodeTemplate(f.Template)
		if err != nil || f.Model != m.space.Model() {
			continue
		}
		if x, err := m.space.Project(t); err == nil {
			m.alive[id] = append(m.alive[id], len(m.rows))
			m.rows = append(m.rows, modelRow{entry: id, face: f.ID, x: x, born: index})
		}
	}
}

// living lists the rows as of an index; 0 asks for the newest.
func (m *model) living(asOf uint64) iter.Seq[*modelRow] {
	return func(yield func(*modelRow) bool) {
		for i := range m.rows {
			r := &m.rows[i]
			now := asOf == 0 || asOf == m.index
			if now && r.died == 0 || !now && r.born <= asOf && (r.died == 0 || r.died > asOf) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// modelScore is the score, written down once more.
func modelScore(a, b []float32) float64 {
	d2 := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		d2 += float64(d * d)
	}
	return 1 - float64(d2/2)
}

// search is the definition of Search: every template, float64, sort.
func (m *model) search(q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool) {
	probe, err := m.space.Project(q.Template)
	if err != nil {
		panic(err)
	}
	best := map[watchlist.EntryID]watchlist.FaceMatch{}
	for r := range m.living(q.AsOf) {
		s := modelScore(probe, r.x)
		if s < q.MinScore && q.MinScore > -1 || filter != nil && !filter(r.entry) {
			continue
		}
		b, ok := best[r.entry]
		if !ok || s > b.Score || s == b.Score && r.face < b.Face {
			best[r.entry] = watchlist.FaceMatch{Entry: r.entry, Face: r.face, Score: s}
		}
	}
	var all []watchlist.FaceMatch
	for _, b := range best {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b watchlist.FaceMatch) int {
		if a.Score != b.Score {
			if a.Score > b.Score {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.Entry), string(b.Entry))
	})
	if len(all) > q.K {
		return all[:q.K], true
	}
	return all, false
}

// score picks a score that occurs, at a template, or one near it.
func (m *model) scoreAt(pick int, template []float32, asOf uint64) float64 {
	rows := slices.Collect(m.living(asOf))
	if len(rows) == 0 {
		return 0
	}
	probe, err := m.space.Project(template)
	if err != nil {
		panic(err)
	}
	s := modelScore(probe, rows[pick%len(rows)].x)
	switch pick % 3 {
	case 0:
		return math.Nextafter(s, 2)
	case 1:
		return math.Nextafter(s, -2)
	}
	return s
}

// listed yields entries without an error.
func listed(entries []*watchlist.Entry) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}
