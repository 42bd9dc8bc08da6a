package face

import (
	"fmt"
	"runtime"
	"slices"

	"vigie/index/face/codes"
)

// yieldRows is how many rows the background copies before it gives way to others.
const yieldRows = 16

// merged is what a merge made: a segment, nil when no row is left, and for each
// old segment where its rows went.
type merged struct {
	to     *segment
	at     [][]uint32
	basis  *codes.Basis
	fitted int // rows the basis was fitted for, 0 when it is not new
}

// build copies the rows that are still needed into a new segment. Every few rows it
// calls stop, which may let others have the processor, and returns nil when that
// says so. An error says that no basis could be fitted; the result is
// good all the same. It reads only what never changes, and deaths: those that
// happen meanwhile are swap's business.
func (t *task) build(stop func() bool) (*merged, error) {
	defer runtime.KeepAlive(t)
	m := &merged{basis: t.basis}
	var died [][]uint64
	keep := 0
	for _, s := range t.from {
		d := make([]uint64, s.n)
		at := make([]uint32, s.n)
		for i := range d {
			if d[i] = s.died[i].Load(); d[i] != 0 && d[i] <= t.horizon {
				at[i] = gone
				continue
			}
			at[i] = uint32(keep)
			keep++
		}
		died, m.at = append(died, d), append(m.at, at)
	}
	if keep == 0 {
		return m, nil
	}
	var err error
	if t.fit {
		var b *codes.Basis
		if b, err = fit(t.from); err == nil {
			m.basis, m.fitted = b, keep
		}
	}
	m.to = newSegment(0, t.from[0].stride, upToBlock(keep))
	m.to.encode(m.basis, t.store.kernel)
	m.to.names = make([]byte, 0, t.namesOf(keep))
	m.to.populate(stop)
	for k, s := range t.from {
		for i, at := range m.at[k] {
			if at == gone {
				continue
			}
			if at%yieldRows == 0 {
				if stop() {
					return nil, err
				}
			}
			m.to.copyRow(s, i, died[k][i])
		}
	}
	return m, err
}

// namesOf is about how many bytes the names of so many of the rows take.
func (t *task) namesOf(keep int) int {
	names := 0
	for _, s := range t.from {
		names += len(s.names)
	}
	return names * keep / rowsOf(t.from)
}

// fit fits a basis to the segments' rows, and to how many there are.
func fit(segs []*segment) (*codes.Basis, error) {
	defer runtime.KeepAlive(segs)
	ends, rows := make([]int, len(segs)), 0
	for k, s := range segs {
		rows += s.n
		ends[k] = rows
	}
	b, err := codes.Fit(segs[0].stride, rows, func(i int) []float32 {
		k, _ := slices.BinarySearch(ends, i+1)
		return segs[k].vector(i - ends[k] + segs[k].n)
	})
	if err != nil {
		return nil, fmt.Errorf("fit a basis: %w", err)
	}
	return b, nil
}

// swap puts the outcome of a merge in place of its sources.
func (w *store) swap(t *task, m *merged) {
	if m.to != nil {
		w.lastID++
		m.to.id = w.lastID
		w.segs[m.to.id] = m.to
	}
	for k, s := range t.from {
		delete(w.segs, s.id)
		w.rows -= s.n
		w.dead -= s.dead
		if m.to != nil {
			w.moved[s.id] = moved{to: m.to.id, at: m.at[k]}
			w.movedRows += s.n
		}
	}
	if m.to != nil {
		w.carryDeaths(t, m)
		w.rows += m.to.n
		w.dead += m.to.dead
	}
	w.killed = nil
	first := true
	sealed := make([]part, 0, len(w.sealed))
	for _, p := range w.sealed {
		switch {
		case !slices.Contains(t.from, p.seg):
			sealed = append(sealed, p)
		case first && m.to != nil:
			sealed = append(sealed, cover(m.to))
			first = false
		}
	}
	w.sealed = sealed
	if m.fitted > 0 {
		w.basis, w.fitted = m.basis, m.fitted
	} else if t.fit {
		w.tried = w.rows
	}
}

// carryDeaths ends the new rows whose old ones died since the merge began.
func (w *store) carryDeaths(t *task, m *merged) {
	for _, dead := range w.killed {
		k := slices.IndexFunc(t.from, func(s *segment) bool { return s.id == dead.seg })
		at := m.at[k][dead.pos]
		stamp := t.from[k].died[dead.pos].Load()
		if at != gone && m.to.died[at].Swap(stamp) == 0 {
			m.to.dead++
		}
	}
}

// enough reports whether a third of the rows can be dropped.
func (t *task) enough() bool {
	n, rows := 0, 0
	for _, s := range t.from {
		rows += s.n
		for i := range s.n {
			if d := s.died[i].Load(); d != 0 && d <= t.horizon {
				n++
			}
		}
	}
	return n*3 > rows
}

// medianDeath is the raft index by which half of the rows that died after the
// horizon were dead, or 0.
func (t *task) medianDeath() uint64 {
	var died []uint64
	for _, s := range t.from {
		for i := range s.n {
			if d := s.died[i].Load(); d > t.horizon {
				died = append(died, d)
			}
		}
	}
	if len(died) == 0 {
		return 0
	}
	slices.Sort(died)
	return died[len(died)/2] >> stampBits
}
