package face

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"vigie/watchlist"
)

// store is the writer's side: what the next view is made of.
type store struct {
	space   Space
	segs    []*segment
	who     map[watchlist.EntryID]*identity
	dim     int // of the space, 0 until the first projection
	seq     uint64
	live    int
	skipped int
	// dirty says that a segment may have enough dead rows to be compacted.
	dirty bool
}

func newStore(space Space) store {
	return store{space: space, who: map[watchlist.EntryID]*identity{}}
}

// Apply takes over changed entries, in order, and publishes them all at once:
// no search sees a part of them, or misses an entry that is being replaced. A
// face whose id, model and template are unchanged is not moved. It fails when
// index lies before Applied.
func (g *Gallery) Apply(changes []watchlist.Change, index uint64) error {
	if now := g.Applied(); index < now {
		return fmt.Errorf("face gallery: change at index %d, but %d is applied", index, now)
	}
	g.w.seq++
	for _, c := range changes {
		g.w.put(c.ID, c.Entry, nil)
	}
	if g.w.dirty {
		g.w.compact()
	}
	g.view.Store(g.w.view(index))
	return nil
}

// Rebuild replaces the gallery by the active entries of a registry, as of
// index. Searches go on with the old one until the new one is whole. When
// entries yields an error, nothing changes and the error is returned, wrapped.
func (g *Gallery) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	w := newStore(g.space)
	w.seq = g.w.seq + 1
	batch := make([]*watchlist.Entry, 0, 512)
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("rebuild the face gallery: %w", err)
		}
		if batch = append(batch, e); len(batch) == cap(batch) {
			w.putAll(batch)
			batch = batch[:0]
		}
	}
	w.putAll(batch)
	g.w = w
	g.view.Store(w.view(index))
	return nil
}

// putAll puts entries in order, after projecting their faces on all cores.
func (w *store) putAll(entries []*watchlist.Entry) {
	projected := make([]map[int][]float32, len(entries))
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		wg.Go(func() {
			for i := k; i < len(entries); i += workers {
				projected[i] = w.projectAll(entries[i])
			}
		})
	}
	wg.Wait()
	for i, e := range entries {
		w.put(e.ID, e, projected[i])
	}
}

func (w *store) projectAll(e *watchlist.Entry) map[int][]float32 {
	if e.Status != watchlist.StatusActive {
		return nil
	}
	m := make(map[int][]float32, len(e.Faces))
	for i, f := range e.Faces {
		m[i], _ = projectFace(w.space, f)
	}
	return m
}

// put makes the gallery hold exactly e's faces under id, or none when e is nil
// or not active. projected may hold faces that are already projected, by their
// position; nil stands for a refused one.
func (w *store) put(id watchlist.EntryID, e *watchlist.Entry, projected map[int][]float32) {
	old := w.who[id]
	if e == nil || e.Status != watchlist.StatusActive || len(e.Faces) == 0 {
		if old != nil {
			w.killAll(old.rows)
			w.skipped -= old.skipped
			delete(w.who, id)
		}
		return
	}
	who := old
	if who == nil {
		who = &identity{id: id}
		w.who[id] = who
	}
	gone := who.rows
	who.rows = make([]slot, 0, len(e.Faces))
	w.skipped -= who.skipped
	who.skipped = 0
	for i, f := range e.Faces {
		sum := fingerprint(f)
		if k := indexOf(gone, f.ID, sum); k >= 0 {
			who.rows = append(who.rows, gone[k])
			gone = append(gone[:k:k], gone[k+1:]...)
			continue
		}
		p, ok := projected[i]
		if !ok {
			p, _ = projectFace(w.space, f)
		}
		if !w.fits(p) {
			who.skipped++
			continue
		}
		who.rows = append(who.rows, w.add(p, rowMeta{who: who, face: f.ID}, sum))
	}
	w.skipped += who.skipped
	w.killAll(gone)
}

// fits reports whether a projection has the length that all others have.
func (w *store) fits(p []float32) bool {
	if p != nil && w.dim == 0 {
		w.dim = len(p)
	}
	return p != nil && len(p) == w.dim
}

func (w *store) add(p []float32, m rowMeta, sum [16]byte) slot {
	if len(w.segs) == 0 || w.segs[len(w.segs)-1].full() {
		// Each new segment doubles the gallery until segments are full-sized, so a
		// small gallery stays small and a large one has few segments.
		w.segs = append(w.segs, newSegment(stride(w.dim), max(minRows, min(maxRows, w.live))))
	}
	seg := w.segs[len(w.segs)-1]
	w.live++
	return slot{seg: seg, pos: seg.add(padded(p), m), sum: sum}
}

func (w *store) killAll(rows []slot) {
	for _, r := range rows {
		r.seg.kill(r.pos, w.seq)
		w.live--
		w.dirty = w.dirty || worthCompacting(r.seg)
	}
}

// view is what readers may see of the store now.
func (w *store) view(applied uint64) *view {
	v := &view{dim: w.dim, seq: w.seq, live: w.live, skipped: w.skipped, applied: applied}
	v.parts = make([]part, len(w.segs))
	for i, s := range w.segs {
		v.parts[i] = part{seg: s, n: s.n}
	}
	return v
}

// fingerprint tells two versions of a face apart.
func fingerprint(f watchlist.Face) (sum [16]byte) {
	h := sha256.New()
	h.Write(f.Template)
	h.Write([]byte(f.Model))
	copy(sum[:], h.Sum(nil))
	return sum
}

func indexOf(rows []slot, face string, sum [16]byte) int {
	for i, r := range rows {
		if r.sum == sum && r.seg.meta[r.pos].face == face {
			return i
		}
	}
	return -1
}
