package face

import "vigie/index/face/codes"

// room is the segment that takes the next row, whose names need that many bytes
// at most.
func (w *store) room(names int) *segment {
	if w.tail != nil && !w.tail.full(names) {
		return w.tail
	}
	w.seal()
	// Each new segment doubles the gallery up to a size, so a small gallery stays
	// small.
	most := w.sizes.tail
	if w.gathering {
		most = maxRows
	}
	capacity := upToBlock(max(w.sizes.least, min(most, w.live)))
	w.tail = w.takeSpare(capacity)
	if w.tail == nil {
		w.tail = newSegment(0, stride(w.dim), capacity)
	}
	if !w.gathering && w.tail.basis != w.newest() {
		w.tail.encode(w.newest(), w.kernel)
	}
	w.lastID++
	w.tail.id = w.lastID
	w.segs[w.tail.id] = w.tail
	return w.tail
}

// upToBlock is n, or the next multiple of a block.
func upToBlock(n int) int { return (n + codes.Lanes - 1) / codes.Lanes * codes.Lanes }

// takeSpare takes the segment that was made ahead, if it has that capacity.
func (w *store) takeSpare(capacity int) *segment {
	s := w.spare
	if s == nil || w.gathering || s.stride != stride(w.dim) || len(s.who) != capacity {
		return nil
	}
	w.spare = nil
	return s
}

// wantsSpare reports whether it is time to make the next tail ahead: once the tail is
// as large as tails get and half full.
func (w *store) wantsSpare() bool {
	return w.tail != nil && w.spare == nil && !w.sparing && !w.gathering &&
		len(w.tail.who) == upToBlock(w.sizes.tail) && w.tail.n >= len(w.tail.who)/2
}

// seal turns the tail into a sealed segment.
func (w *store) seal() {
	if w.tail == nil {
		return
	}
	p := part{seg: w.tail}
	if !w.gathering {
		p = cover(w.tail)
	}
	w.sealed = append(w.sealed[:len(w.sealed):len(w.sealed)], p)
	w.tail = nil
	w.changed = true
}

// newest is the basis for new codes.
func (w *store) newest() *codes.Basis {
	if w.basis == nil {
		w.basis = codes.DefaultBasis(stride(w.dim), defaultSpread)
	}
	return w.basis
}

// defaultSpread is the root mean square distance from the origin that the basis
// of a gallery too small to fit one assumes: that of a space of unit norm.
const defaultSpread = 1

// view is what readers may see of the store now.
func (w *store) view() *view {
	v := &view{
		sealed: w.sealed, dim: w.dim, stamp: w.stamp, rows: w.rows, live: w.live, photos: w.photos,
		skipped: w.skipped, applied: w.applied, oldest: w.oldest(),
	}
	if w.tail != nil {
		v.tail = cover(w.tail)
	}
	return v
}
