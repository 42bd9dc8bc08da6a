package name

import "slices"

const (
	// foldAt is how many names the delta may hold before it is folded.
	foldAt = 1024
	// compactAt is how many numbers of entry versions may be spent beyond twice the
	// living ones. Words and ids of what is gone stay until a compaction drops them:
	// with this they are never much more than what is alive.
	compactAt = 8192
)

// wasted reports whether a compaction is due. The caller holds mu.
func (x *Index) wasted(st *state) bool { return len(st.ids) > 2*len(x.w.current)+x.slack }

// ripe reports whether a fold is due.
func (st *state) ripe() bool { return len(st.delta) >= foldAt || st.dead > st.size+foldAt }

// foldIfNeeded starts a fold when the delta is full or the dead outnumber the
// living. The caller holds mu.
func (x *Index) foldIfNeeded() {
	st := x.state.Load()
	if x.folding || x.closed || !st.ripe() && !x.wasted(st) {
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
		wasted := x.wasted(st)
		if x.closed || x.generation != generation || !st.ripe() && !wasted {
			x.folding = false
			x.foldIfNeeded()
			x.mu.Unlock()
			return
		}
		x.recording = wasted
		x.mu.Unlock()
		if wasted {
			x.compact(st, generation)
			continue
		}
		from, docs, dropped := plan(st)
		built := buildSegment(docs)
		kept, words := planWords(st)
		x.mu.Lock()
		if x.generation == generation {
			n := *x.state.Load()
			n.segments = slices.Clone(n.segments[:from])
			if len(docs) > 0 {
				n.segments = append(n.segments, built)
			}
			if words != nil {
				n.blocks = append(slices.Clone(n.blocks[:kept]), words)
			}
			n.delta = slices.Clone(n.delta[len(st.delta):])
			n.dead -= dropped
			x.state.Store(&n)
		}
		x.mu.Unlock()
	}
}

// compact puts what is alive in st in the place of everything, aside, and then what
// changed meanwhile. Apply records that since before st was read.
func (x *Index) compact(st *state, generation int) {
	n, w := draftOf(st).build(st.token, st.table)
	for {
		x.mu.Lock()
		missed := x.recorded
		x.recorded = nil
		over := x.generation != generation
		if !over && len(missed) >= foldAt {
			x.mu.Unlock()
			w.take(n, missed)
			continue
		}
		x.recording = false
		if !over {
			w.take(n, missed)
			x.w = w
			x.state.Store(n)
		}
		x.mu.Unlock()
		return
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
		if st.dead <= st.size && len(s.seqs) > 2*weight {
			break
		}
		weight += len(s.seqs)
		from--
	}
	keep := func(d doc) {
		if st.live.has(d.seq[0]) {
			docs = append(docs, d)
		} else {
			dropped++
		}
	}
	for _, s := range st.segments[from:] {
		s.docs(keep)
	}
	for _, d := range st.delta {
		keep(d)
	}
	return from, docs, dropped
}

// planWords makes the dictionary of the words that no block covers, and of the
// blocks that are no larger than twice what follows them; kept is how many blocks
// stay. It makes none when all words are covered.
func planWords(st *state) (kept int, words *block) {
	kept = len(st.blocks)
	from, to := st.covered(), uint32(len(st.lexicon))
	if from == to {
		return kept, nil
	}
	for kept > 0 && st.blocks[kept-1].to-st.blocks[kept-1].first <= 2*(to-from) {
		kept--
		from = st.blocks[kept].first
	}
	return kept, buildBlock(st.lexicon, from, to)
}
