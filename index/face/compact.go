package face

// worthCompacting reports whether a third of a segment's rows, and no mere
// handful, are dead.
func worthCompacting(s *segment) bool {
	return s.dead*3 > s.n && (s.dead >= minRows/4 || s.dead == s.n && s.full())
}

// compact copies the live rows of every segment that is worth it into new
// segments, together with neighbours as long as these are small. Old segments
// are left as they are for the searches that still read them. At most maxRows
// rows are copied per segment, so the writer is never held up for long.
func (w *store) compact() {
	w.dirty = false
	var out []*segment
	for i := 0; i < len(w.segs); {
		if !worthCompacting(w.segs[i]) {
			out = append(out, w.segs[i])
			i++
			continue
		}
		group := []*segment{w.segs[i]}
		live := w.segs[i].live()
		fits := func(s *segment) bool { return s.live() <= 2*live && live+s.live() <= maxRows }
		for len(out) > 0 && fits(out[len(out)-1]) {
			last := out[len(out)-1]
			out = out[:len(out)-1]
			group = append([]*segment{last}, group...)
			live += last.live()
		}
		for i++; i < len(w.segs) && (worthCompacting(w.segs[i]) && live+w.segs[i].live() <= maxRows || fits(w.segs[i])); i++ {
			group = append(group, w.segs[i])
			live += w.segs[i].live()
		}
		if live > 0 {
			out = append(out, merge(group, live))
		}
	}
	w.segs = out
}

// merge copies the live rows of group into one new, full segment and tells
// their owners where they lie now.
func merge(group []*segment, live int) *segment {
	to := newSegment(group[0].stride, live)
	for _, from := range group {
		for i := range from.n {
			if from.died[i].Load() != 0 {
				continue
			}
			pos := to.copyRow(from, i)
			who := from.meta[i].who
			for k := range who.rows {
				if r := &who.rows[k]; r.seg == from && r.pos == i {
					r.seg, r.pos = to, pos
					break
				}
			}
		}
	}
	return to
}
