package face

import "vigie/index/face/codes"

// sizes say how segments grow. Answers don't depend on them.
type sizes struct {
	// least and tail are the fewest and the most rows of a growing segment.
	least, tail int
	// fanIn segments of a tier make one of the next.
	fanIn int
	// fit is how many rows the first fitted basis needs.
	fit int
	// history is how many dead rows are kept in any case, for queries as of an
	// earlier index; beyond that as many as there are living ones.
	history int
}

func defaultSizes() sizes {
	return sizes{least: 256, tail: 4096, fanIn: 8, fit: 1024, history: 1 << 16}
}

const (
	// mergeTiers tiers are merged, so that no merge copies more than
	// fanIn^(mergeTiers+1) tails.
	mergeTiers = 2
	// refit is how much larger a merge must be than what the newest basis was
	// fitted for to fit another.
	refit = 4
	// fewDead dead rows are not worth compacting a segment.
	fewDead = 64
)

// task is one piece of background work.
type task struct {
	store *store
	from  []*segment // sealed
	// horizon is a stamp: rows that died by it are dropped.
	horizon uint64
	// fit asks for a new basis; otherwise basis is used.
	fit   bool
	basis *codes.Basis
	// compact asks to go on only when a third of the rows can be dropped.
	compact bool
	// forget asks to give up history instead of merging.
	forget bool
}

// plan picks what to do next, or nil. Segments that it takes count as merging
// until swap or abandon.
func (w *store) plan() *task {
	w.nextCheck = ^uint64(0)
	if w.dead > max(w.sizes.history, w.live) {
		if w.applied >= w.forgetAt {
			return &task{store: w, forget: true, from: segmentsOf(w.sealed), horizon: lastStamp(w.oldest())}
		}
		w.nextCheck = w.forgetAt
	}
	if w.fitted == 0 && w.tried < w.rows/2 {
		if from := segmentsOf(w.sealed); rowsOf(from) >= w.sizes.fit {
			return w.merge(from, true)
		}
	}
	var tiers [mergeTiers][]*segment
	for _, p := range w.sealed {
		if t := w.sizes.tier(p.n); t < mergeTiers {
			tiers[t] = append(tiers[t], p.seg)
		}
	}
	for _, from := range tiers {
		if len(from) < w.sizes.fanIn {
			continue
		}
		if t := w.merge(from, rowsOf(from) >= refit*w.fitted); len(t.from) > 1 {
			return t
		} else { // their names fill a segment
			w.abandon(t)
		}
	}
	for _, p := range w.sealed {
		if worthALook(p.seg, w.applied) {
			t := w.merge([]*segment{p.seg}, false)
			t.compact = true
			return t
		}
		if p.seg.dead*3 > p.seg.n {
			w.nextCheck = min(w.nextCheck, p.seg.checkAt)
		}
	}
	return nil
}

// merge is the task to make one segment of several, as far as they fit into one.
func (w *store) merge(from []*segment, fit bool) *task {
	rows, names := 0, 0
	for i, s := range from {
		rows += s.n
		names += len(s.names)
		if i > 0 && (rows > maxRows || names > maxNames) {
			from = from[:i]
			break
		}
	}
	for _, s := range from {
		s.merging = true
	}
	w.killed = w.killed[:0]
	return &task{store: w, from: from, horizon: lastStamp(w.oldest()), fit: fit, basis: w.newest()}
}

// abandon takes back what merge did. A segment that was not worth compacting is
// left alone for a while.
func (w *store) abandon(t *task) {
	for _, s := range t.from {
		s.merging = false
	}
	w.killed = nil
	if t.compact {
		t.from[0].checkAt = w.applied + w.history/8 + 1
	}
}

// forgetBefore gives up history before an index, and lets segments be looked at
// anew.
func (w *store) forgetBefore(index uint64) {
	w.base = max(w.base, min(index, w.applied))
	w.forgetAt = w.applied + w.history/8 + 1
	for _, p := range w.sealed {
		p.seg.checkAt = 0
	}
}

func segmentsOf(parts []part) []*segment {
	out := make([]*segment, len(parts))
	for i, p := range parts {
		out[i] = p.seg
	}
	return out
}

func rowsOf(segs []*segment) (n int) {
	for _, s := range segs {
		n += s.n
	}
	return n
}

// tier is the tier of a segment with n rows: 0 for tails, each next fanIn times
// larger.
func (z sizes) tier(n int) int {
	t := 0
	for ; n >= z.tail*z.fanIn; n /= z.fanIn {
		t++
	}
	return t
}

// worthALook reports whether a third of a segment's rows, and no mere handful,
// are dead, and whether it is time to see how many of them can be dropped.
func worthALook(s *segment, applied uint64) bool {
	return s.dead*3 > s.n && (s.dead >= fewDead || s.dead == s.n) && applied >= s.checkAt
}
