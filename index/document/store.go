package document

import (
	"hash/maphash"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/docnum"
)

// store is the writer's side: what the next view is made of.
type store struct {
	seed  maphash.Seed
	table records
	runs  []run
	// held lists the records of each entry.
	held map[watchlist.EntryID][]uint32
	seq  uint64
	live int
}

func newStore(seed maphash.Seed) store {
	return store{seed: seed, held: map[watchlist.EntryID][]uint32{}}
}

// put makes the index hold exactly e's documents under id, or none when e is nil
// or not active, and returns fresh with the keys of new records added.
func (w *store) put(id watchlist.EntryID, e *watchlist.Entry, fresh run) run {
	gone := w.held[id]
	var now []uint32
	if e != nil && e.Status == watchlist.StatusActive {
		for pos, d := range e.Documents {
			number := docnum.Normalise(d.Number)
			if number == "" {
				continue
			}
			if k := slices.IndexFunc(gone, func(i uint32) bool {
				r := w.table.at(i)
				return r.pos == pos && r.number == number && r.issuer == d.Issuer
			}); k >= 0 {
				now = append(now, gone[k])
				gone = slices.Delete(slices.Clone(gone), k, k+1)
				continue
			}
			r, i := w.table.next()
			r.entry, r.pos, r.number, r.folded, r.issuer = id, pos, number, docnum.Fold(number), d.Issuer
			w.live++
			now = append(now, i)
			fresh = keys(w.seed, r.folded, i, fresh)
		}
	}
	for _, i := range gone {
		w.table.at(i).died.Store(w.seq)
		w.live--
	}
	if len(now) == 0 {
		delete(w.held, id)
	} else {
		w.held[id] = now
	}
	return fresh
}

// push adds a sorted run and merges runs until each is at least twice as long as
// the next: a key is merged about log2(n) times in its life, and a search looks
// through about log2(n) runs.
func (w *store) push(fresh run) {
	if len(fresh) == 0 {
		return
	}
	w.runs = append(slices.Clone(w.runs), fresh) // the old slice belongs to a view
	for n := len(w.runs); n > 1 && len(w.runs[n-2]) < 2*len(w.runs[n-1]); n = len(w.runs) {
		joined := merge(w.runs[n-2], w.runs[n-1], func(i uint32) bool { return w.table.at(i).died.Load() == 0 })
		w.runs = append(w.runs[:n-2], joined)
	}
}

// compact copies the living into a new table and one run once a third of the
// records are dead. It is linear in the number of keys.
func (w *store) compact() {
	if dead := w.table.n - w.live; dead < chunkSize || dead*3 < w.table.n {
		return
	}
	var table records
	moved := make([]uint32, w.table.n) // new number plus one, 0 for the dead
	for id, list := range w.held {
		fresh := make([]uint32, len(list))
		for k, i := range list {
			old := w.table.at(i)
			r, j := table.next()
			r.entry, r.pos, r.number, r.folded, r.issuer = old.entry, old.pos, old.number, old.folded, old.issuer
			fresh[k], moved[i] = j, j+1
		}
		w.held[id] = fresh
	}
	var all run
	for _, r := range w.runs {
		for _, key := range r {
			if j := moved[uint32(key)]; j > 0 {
				all = append(all, key>>32<<32|uint64(j-1))
			}
		}
	}
	slices.Sort(all)
	w.table, w.runs = table, []run{all}
}

// view is what readers may see of the store now.
func (w *store) view(applied uint64) *view {
	return &view{table: w.table, runs: w.runs, seq: w.seq, live: w.live, applied: applied}
}
