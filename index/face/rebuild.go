package face

import (
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"

	"vigie/watchlist"
)

// rebuildBatch is how many entries are projected at a time.
const rebuildBatch = 512

// Rebuild replaces the gallery by the active entries of a registry, as of
// index, and its history by that one state. Searches go on with the old one
// until the new one is whole. When entries yields an error, nothing changes and
// the error is returned, wrapped.
func (g *Gallery) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	defer runtime.KeepAlive(g)
	g.mu.Lock()
	w := newStore(g.space, g.kernel, g.w.history, g.w.sizes)
	g.mu.Unlock()
	w.base, w.applied, w.gathering = index, index, true
	w.stamp = firstStamp(index) + 1 // never 0, which stands for no death
	if err := w.gather(entries); err != nil {
		return fmt.Errorf("rebuild the face gallery: %w", err)
	}
	if err := w.finish(); err != nil {
		// Searches are exact on any basis.
		g.log.Warn("face gallery: no basis fitted", "error", err)
	}
	g.replace(w)
	return nil
}

// replace puts a store that was made aside in place of the present one. Searches
// under way end on the old one.
func (g *Gallery) replace(w *store) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.w.replaced.Store(true)
	g.w = w
	g.publish()
	g.kick()
}

// gather puts all entries in. While one batch is projected on all cores, the one
// before is put.
func (w *store) gather(entries iter.Seq2[*watchlist.Entry, error]) error {
	var failed error
	var wg sync.WaitGroup
	put := func(batch []*watchlist.Entry) {
		refs := w.referAll(batch)
		wg.Wait()
		wg.Go(func() {
			for i, e := range batch {
				if failed == nil {
					failed = w.put(e.ID, e, refs[i])
				}
			}
		})
	}
	defer wg.Wait()
	batch := make([]*watchlist.Entry, 0, rebuildBatch)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if batch = append(batch, e); len(batch) == rebuildBatch {
			put(batch)
			batch = make([]*watchlist.Entry, 0, rebuildBatch)
		}
	}
	put(batch)
	wg.Wait()
	return failed
}

// referAll makes the references of entries, nil for those that have none.
func (w *store) referAll(entries []*watchlist.Entry) []*references {
	all := make([]*references, len(entries))
	each(len(entries), func(i int) {
		if e := entries[i]; e.Status == watchlist.StatusActive {
			made := referencesOf(w.space, e.Faces)
			all[i] = &made
		}
	})
	return all
}

// finish fits a basis, encodes the gathered segments and ends gathering. An
// error says that a default basis had to do.
func (w *store) finish() error {
	w.seal()
	w.gathering = false
	segs := segmentsOf(w.sealed)
	var err error
	if rows := rowsOf(segs); rows >= w.sizes.fit {
		b, fail := fit(segs)
		if err = fail; err == nil {
			w.basis, w.fitted = b, rows
		} else {
			w.tried = rows
		}
	}
	if len(segs) > 0 {
		b := w.newest()
		each(len(segs), func(i int) { segs[len(segs)-1-i].encode(b, w.kernel) })
	}
	w.sealed = make([]part, len(segs))
	for i, s := range segs {
		w.sealed[i] = cover(s)
	}
	return err
}

// each calls f for 0 to n-1, on all cores.
func each(n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}
