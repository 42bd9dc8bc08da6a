package name

import (
	"fmt"
	"slices"
)

// The shape of the levels: the delta is folded at foldAt names, and no segment
// is built larger than maxSegment, which bounds the memory of one build.
const (
	foldAt     = 1024
	maxSegment = 1 << 16
)

// foldIfNeeded starts a fold when the delta is full or the dead outnumber the
// living. The caller holds mu.
func (x *Index) foldIfNeeded() {
	st := x.state.Load()
	if x.folding || x.closed || x.err != nil || len(st.delta) < foldAt && st.dead <= st.size+foldAt {
		return
	}
	x.folding = true
	x.folds.Add(1)
	go x.fold(x.generation)
}

// fold builds segments aside until there is nothing left to fold.
func (x *Index) fold(generation int) {
	defer x.folds.Done()
	for {
		x.mu.Lock()
		st := x.state.Load()
		if x.closed || x.generation != generation || len(st.delta) < foldAt && st.dead <= st.size+foldAt {
			x.folding = false
			x.foldIfNeeded()
			x.mu.Unlock()
			return
		}
		x.mu.Unlock()
		from, docs, dropped := plan(st)
		built, err := build(docs, st)
		x.mu.Lock()
		if err != nil {
			x.err = fmt.Errorf("name index: fold: %w", err)
			x.folding = false
			x.mu.Unlock()
			return
		}
		if x.generation == generation {
			n := *x.state.Load()
			n.segments = append(slices.Clone(n.segments[:from]), built...)
			n.delta = slices.Clone(n.delta[len(st.delta):])
			n.dead -= dropped
			x.state.Store(&n)
		}
		x.mu.Unlock()
	}
}

// plan picks what to fold: the delta, and every segment from the place on where
// they are no larger than twice what follows; all of them when the dead
// outnumber the living. It returns the place, the live names and how many dead
// ones go.
func plan(st *state) (from int, docs []doc, dropped int) {
	from = len(st.segments)
	weight := len(st.delta)
	for from > 0 {
		s := st.segments[from-1]
		if st.dead <= st.size && (len(s.docs) > 2*weight || len(s.docs) >= maxSegment) {
			break
		}
		weight += len(s.docs)
		from--
	}
	keep := func(d doc) {
		if st.live.has(d.seq) {
			docs = append(docs, d)
		} else {
			dropped++
		}
	}
	for _, s := range st.segments[from:] {
		for _, d := range s.docs {
			keep(d)
		}
	}
	for _, d := range st.delta {
		keep(d.doc)
	}
	return from, docs, dropped
}

// build makes segments of at most maxSegment names.
func build(docs []doc, st *state) ([]*segment, error) {
	var out []*segment
	for part := range slices.Chunk(docs, maxSegment) {
		s, err := buildSegment(part, st.lexicon)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
