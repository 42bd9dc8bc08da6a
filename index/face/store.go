package face

import (
	"fmt"
	"math"
	"sync/atomic"

	"vigie/index/face/codes"
	"vigie/index/face/kernel"
	"vigie/watchlist"
)

// store is the writer's side: what the next view is made of. Its methods need
// Gallery.mu, or a store that nobody else knows yet.
type store struct {
	space   Space
	kernel  *kernel.Set
	history uint64
	sizes   sizes

	sealed []part // never changed in place: views share it
	tail   *segment
	// spare is a segment to be the next tail, with its memory, sparing says that one
	// is being made.
	spare   *segment
	sparing bool
	// segs holds the segments of sealed and the tail by id, moved those that slots
	// may still name.
	segs      map[uint32]*segment
	moved     map[uint32]moved
	movedRows int
	lastID    uint32

	owners  map[ownerKey]owner
	ids     map[ownerKey]watchlist.EntryID // of owners with skipped templates
	slots   slots
	lastWho uint32

	dim     int // of the space, 0 until the first projection
	basis   *codes.Basis
	fitted  int // rows that basis was fitted for, 0 for a default one
	tried   int // rows when a fit failed last
	stamp   uint64
	base    uint64 // oldest index that can be answered, whatever the history
	applied uint64
	rows    int // of all segments
	live    int // rows
	photos  int // of living rows
	dead    int
	skipped int

	// gathering says that new segments get no codes yet.
	gathering bool
	// killed lists rows of merging segments that died since the merge began.
	killed []slot
	// changed says that the background may have something to do; at raft index
	// nextCheck it may in any case. History is not given up before forgetAt.
	changed   bool
	nextCheck uint64
	forgetAt  uint64
	// replaced tells a background task that its work is for nobody.
	replaced atomic.Bool
}

func newStore(space Space, k *kernel.Set, history uint64, z sizes) *store {
	return &store{
		space: space, kernel: k, history: history, sizes: z,
		segs: map[uint32]*segment{}, moved: map[uint32]moved{},
		owners: map[ownerKey]owner{}, ids: map[ownerKey]watchlist.EntryID{},
		nextCheck: ^uint64(0),
	}
}

// begin makes a new stamp for a change at a raft index.
func (w *store) begin(index uint64) error {
	next := max(w.stamp+1, firstStamp(index))
	if next > lastStamp(index) {
		return fmt.Errorf("face gallery: too many changes at index %d", index)
	}
	w.stamp = next
	return nil
}

// takeOver puts changed entries in, each with the stamp of its own raft index: a
// batch of several must be the same to queries as of one of them on every node,
// however its log entries came.
func (w *store) takeOver(changes []watchlist.Change, index uint64) error {
	before, at := w.applied, uint64(0)
	w.applied = index
	for i, c := range changes {
		was := at
		if at = c.Index; at <= before || at > index {
			at = index
		}
		if at = max(at, was); i == 0 || at != was {
			if err := w.begin(at); err != nil {
				return err
			}
		}
		if err := w.put(c.ID, c.Entry, nil); err != nil {
			return err
		}
	}
	return nil
}

// oldest is the first raft index that can be answered once applied is reached.
func (w *store) oldest() uint64 {
	if w.applied > w.history {
		return max(w.base, w.applied-w.history)
	}
	return w.base
}

// put makes the gallery hold exactly e's references under id, or none when e is
// nil or not active. refs may hold them; without it they are made here.
func (w *store) put(id watchlist.EntryID, e *watchlist.Entry, refs *references) error {
	key := keyOf(id)
	o, known := w.owners[key]
	if e == nil || e.Status != watchlist.StatusActive || len(e.Faces) == 0 {
		if known {
			w.killAll(o.first)
			w.skipped -= int(o.skipped)
			delete(w.owners, key)
			delete(w.ids, key)
		}
		return nil
	}
	if !known {
		// No number may come twice: searches would take two entries for one.
		if w.lastWho == math.MaxUint32 {
			return fmt.Errorf("face gallery: out of identity numbers: restart the node")
		}
		w.lastWho++
		o.who = w.lastWho
	}
	if refs == nil {
		made := referencesOf(w.space, e.Faces)
		refs = &made
	}
	old := o.first
	w.skipped -= int(o.skipped)
	o.first, o.skipped = 0, uint32(refs.refused)
	for _, r := range refs.list {
		if !w.fits(r.x) {
			o.skipped += uint32(len(r.photos))
			continue
		}
		x := padded(r.x)
		if kept := w.take(&old, r.label, x); kept != 0 {
			w.slots.at(kept).next = o.first
			o.first = kept
			continue
		}
		seg := w.room(len(id) + len(r.label) + 20)
		pos := seg.add(x, w.stamp, o.who, id, r.label)
		w.rows++
		w.live++
		w.photos += len(r.photos)
		o.first = w.slots.add(slot{seg: seg.id, pos: uint32(pos), next: o.first})
	}
	w.killAll(old)
	w.skipped += int(o.skipped)
	w.owners[key] = o
	if o.skipped > 0 {
		w.ids[key] = id
	} else {
		delete(w.ids, key)
	}
	return nil
}

// fits reports whether a projection has the length that all others have.
func (w *store) fits(x []float32) bool {
	if x != nil && w.dim == 0 {
		w.dim = len(x)
	}
	return x != nil && len(x) == w.dim
}

// take unlinks the first slot of a list whose row has that label and that vector
// and gives its number, or 0.
func (w *store) take(list *uint32, label string, x []float32) uint32 {
	for at := list; *at != 0; {
		i := *at
		s := w.slots.at(i)
		if seg, pos := w.locate(s); seg.holds(pos, label, x) {
			*at = s.next
			return i
		}
		at = &s.next
	}
	return 0
}

// killAll ends the rows of a list of slots and gives the slots back.
func (w *store) killAll(first uint32) {
	for i := first; i != 0; {
		s := w.slots.at(i)
		seg, pos := w.locate(s)
		seg.kill(pos, w.stamp)
		if seg.merging {
			w.killed = append(w.killed, *s)
		}
		w.live--
		w.photos -= photosAt(seg.names, seg.name[pos])
		w.dead++
		w.changed = w.changed || worthALook(seg, w.applied)
		next := s.next
		w.slots.drop(i)
		i = next
	}
}
