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
	agree float64 // the score from which photos are compared as one
}

const toZero = 4242

func (s rawSpace) Model() string { return s.model }

func (s rawSpace) Agreement() float64 { return s.agree }

func (s rawSpace) Project(t []float32) ([]float32, error) {
	switch t[0] {
	case refused:
		return nil, errors.New("refused")
	case toZero:
		return make([]float32, s.dim), nil
	}
	return slices.Clone(t[:min(s.dim, len(t))]), nil
}

// modelRow is one reference of one entry, from an index on and up to before
// another (0: still there).
type modelRow struct {
	entry      watchlist.EntryID
	label      string // for ties
	match      watchlist.FaceMatch
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
	for _, r := range m.references(e) {
		r.born = index
		m.alive[id] = append(m.alive[id], len(m.rows))
		m.rows = append(m.rows, r)
	}
}

// references is the definition of an entry's references, written down once more:
// photos are joined as long as two sets hold photos that agree.
func (m *model) references(e *watchlist.Entry) (rows []modelRow) {
	var xs [][]float32
	var sets [][]int
	for i, f := range e.Faces {
		t, err := watchlist.DecodeTemplate(f.Template)
		xs = append(xs, nil)
		if err != nil || f.Model != m.space.Model() {
			continue
		}
		if x, err := m.space.Project(t); err == nil {
			xs[i] = x
			sets = append(sets, []int{i})
		}
	}
	for joined := true; joined; {
		joined = false
		for a := range sets {
			for b := a + 1; b < len(sets) && !joined; b++ {
				for _, i := range sets[a] {
					joined = joined || slices.ContainsFunc(sets[b], func(k int) bool { return modelScore(xs[i], xs[k]) >= m.space.Agreement() })
				}
				if joined {
					sets[a] = append(sets[a], sets[b]...)
					sets = slices.Delete(sets, b, b+1)
				}
			}
			if joined {
				break
			}
		}
	}
	for _, s := range sets {
		slices.Sort(s)
		if x := modelMean(xs, s); x != nil {
			rows = append(rows, modelReference(e, s, x))
			continue
		}
		for _, i := range s {
			rows = append(rows, modelReference(e, []int{i}, xs[i]))
		}
	}
	return rows
}

func modelReference(e *watchlist.Entry, photos []int, x []float32) modelRow {
	match := watchlist.FaceMatch{Entry: e.ID, Face: e.Faces[photos[0]].ID, LowQuality: true}
	var ids []string
	for _, i := range photos {
		ids = append(ids, e.Faces[i].ID)
		match.LowQuality = match.LowQuality && slices.Contains(e.Faces[i].Quality.Flags, "low_quality_reference")
	}
	match.Others = watchlist.JoinFaceIDs(ids[1:])
	label := strings.Join(ids, ",")
	if match.LowQuality {
		label = "!" + label
	}
	return modelRow{entry: e.ID, label: label, match: match, x: x}
}

// modelMean is the unit mean, nil when there is none.
func modelMean(xs [][]float32, photos []int) []float32 {
	if len(photos) == 1 {
		return xs[photos[0]]
	}
	mean, squares := make([]float64, len(xs[photos[0]])), 0.0
	for k := range mean {
		for _, i := range photos {
			mean[k] += float64(xs[i][k])
		}
		squares += float64(mean[k] * mean[k])
	}
	if n := math.Sqrt(squares); n <= 1e-9 {
		return nil
	}
	x := make([]float32, len(mean))
	for k, v := range mean {
		x[k] = float32(v / math.Sqrt(squares))
	}
	return x
}

// probe is what a query compares.
func (m *model) probe(q watchlist.FaceQuery) []float32 {
	var xs [][]float32
	var all []int
	for i, t := range append([][]float32{q.Template}, q.More...) {
		x, err := m.space.Project(t)
		if err != nil {
			panic(err)
		}
		xs, all = append(xs, x), append(all, i)
	}
	return modelMean(xs, all)
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

// search is the definition of Search: every reference, float64, sort.
func (m *model) search(q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool) {
	probe := m.probe(q)
	best, labels := map[watchlist.EntryID]watchlist.FaceMatch{}, map[watchlist.EntryID]string{}
	for r := range m.living(q.AsOf) {
		s := modelScore(probe, r.x)
		if s < q.MinScore && q.MinScore > -1 || filter != nil && !filter(r.entry) {
			continue
		}
		if r.match.LowQuality && q.LowQualityMin != 0 && s < q.LowQualityMin {
			continue
		}
		b, ok := best[r.entry]
		if !ok || s > b.Score || s == b.Score && r.label < labels[r.entry] {
			b = r.match
			b.Score = s
			best[r.entry], labels[r.entry] = b, r.label
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

// score picks a score that occurs, at a query, or one near it.
func (m *model) scoreAt(pick int, q watchlist.FaceQuery) float64 {
	rows := slices.Collect(m.living(q.AsOf))
	if len(rows) == 0 {
		return 0
	}
	s := modelScore(m.probe(q), rows[pick%len(rows)].x)
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
