package text

import (
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2"

	"vigie/watchlist"
)

// limits say when parts are moved, see DESIGN.md.
type limits struct {
	// flush is how many entries the small part may hold, and how many go into the big
	// one at once.
	flush int
	// batches is how many batches the small part takes before it is made anew in one:
	// scorch merges nothing in memory, and a search goes over every batch.
	batches int
	// slackBatches and slackDead are what a rebuild is not worth.
	slackBatches, slackDead int
}

func defaultLimits() limits {
	return limits{flush: 2048, batches: 64, slackBatches: 64, slackDead: 4096}
}

// core is the index that takes changes over when it is told to. One goroutine
// writes (apply, rebuild), any number search.
type core struct {
	limits
	view atomic.Pointer[view]
	w    writer
}

// view is what a search goes over. An entry lies in big, in small, or for a moment
// in both; small's is the newer then.
type view struct {
	big, small bleve.Index
	applied    uint64
}

// writer is what the writing goroutine knows besides.
type writer struct {
	// recent is what small holds.
	recent map[watchlist.EntryID]contents
	// batches were written to small, flushed to big, with written entries in all.
	batches, flushed, written int
}

func newCore() (*core, error) {
	c := &core{limits: defaultLimits()}
	v, err := newView(0)
	if err != nil {
		return nil, err
	}
	c.w.recent = map[watchlist.EntryID]contents{}
	c.view.Store(v)
	return c, nil
}

func newView(applied uint64) (*view, error) {
	big, err := newBleve()
	if err != nil {
		return nil, err
	}
	small, err := newBleve()
	if err != nil {
		return nil, errors.Join(err, closeAll(big))
	}
	return &view{big: big, small: small, applied: applied}, nil
}

// Applied is the raft index that searches include.
func (c *core) Applied() uint64 { return c.view.Load().applied }

// Apply takes over changed entries, in order. When it fails, the index must be
// rebuilt.
func (c *core) Apply(changes []watchlist.Change, index uint64) error {
	v := c.view.Load()
	if index < v.applied {
		return fmt.Errorf("text index: change at index %d, but %d is applied", index, v.applied)
	}
	put := map[watchlist.EntryID]contents{}
	ids := make([]watchlist.EntryID, 0, len(changes))
	var gone []watchlist.EntryID
	for _, ch := range changes {
		if ch.Entry != nil {
			put[ch.ID] = contentsOf(ch.Entry)
		} else {
			delete(put, ch.ID)
		}
		ids = append(ids, ch.ID)
	}
	for _, id := range ids {
		if d, ok := put[id]; ok {
			c.w.recent[id] = d
		} else {
			delete(c.w.recent, id)
			gone = append(gone, id)
		}
	}
	// Small first: a search reads big first, so it misses no entry in between.
	if err := write(v.small, put, gone); err != nil {
		return err
	}
	if err := write(v.big, nil, ids); err != nil {
		return err
	}
	if len(ids) > 0 {
		c.w.batches++
	}
	next := *v
	next.applied = index
	if len(c.w.recent) < c.flush && c.w.batches < c.batches {
		c.view.Store(&next)
		return nil
	}
	return c.fold(&next)
}

// fold moves what is recent to big, or makes small anew in one batch.
func (c *core) fold(next *view) error {
	fresh, err := newBleve()
	if err != nil {
		return err
	}
	into := fresh
	if len(c.w.recent) >= c.flush {
		into = next.big
	}
	if err := write(into, c.w.recent, nil); err != nil {
		return errors.Join(err, closeAll(fresh))
	}
	c.w.batches = 1
	if into == next.big {
		c.w.flushed, c.w.written = c.w.flushed+1, c.w.written+len(c.w.recent)
		c.w.recent, c.w.batches = map[watchlist.EntryID]contents{}, 0
	}
	old := next.small
	next.small = fresh
	c.view.Store(next)
	return closeAll(old)
}

// worn reports whether a rebuild would make the index much smaller or quicker:
// more is dead than alive, or the batches are far more than the entries need.
func (c *core) worn() bool {
	alive := count(c.view.Load().big)
	return c.w.written-alive > alive+c.slackDead || c.w.flushed > 2*(alive/c.flush)+c.slackBatches
}

// size gives the number of entries that can be found.
func (c *core) size() int {
	v := c.view.Load()
	return count(v.big) + count(v.small)
}

// Rebuild replaces the index by all entries of a registry, as of index. Searches go
// on with the old state until the new one is whole. When entries yields an error,
// nothing changes and the error is returned, wrapped.
func (c *core) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	return c.rebuild(func(yield func(watchlist.Change, error) bool) {
		for e, err := range entries {
			if err != nil {
				yield(watchlist.Change{}, err)
				return
			}
			if !yield(watchlist.Change{ID: e.ID, Entry: e}, nil) {
				return
			}
		}
	}, func() uint64 { return index })
}

// rebuild is Rebuild from changes, the last of an entry counting, and an index that
// is known when they end. Apply may be called between two of them.
func (c *core) rebuild(changes iter.Seq2[watchlist.Change, error], index func() uint64) (err error) {
	fresh, err := newView(0)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(fresh.big, fresh.small))
		}
	}()
	w := writer{recent: map[watchlist.EntryID]contents{}}
	put := map[watchlist.EntryID]contents{}
	flushed := func() error {
		if len(put) == 0 {
			return nil
		}
		w.flushed, w.written = w.flushed+1, w.written+len(put)
		err := write(fresh.big, put, nil)
		clear(put)
		return err
	}
	for ch, err := range changes {
		if err != nil {
			return fmt.Errorf("rebuild the text index: %w", err)
		}
		if ch.Entry != nil {
			put[ch.ID] = contentsOf(ch.Entry)
		} else {
			delete(put, ch.ID)
			if err := write(fresh.big, nil, []watchlist.EntryID{ch.ID}); err != nil {
				return err
			}
		}
		if len(put) == c.flush {
			if err := flushed(); err != nil {
				return err
			}
		}
	}
	if err := flushed(); err != nil {
		return err
	}
	fresh.applied = index()
	old := c.view.Swap(fresh)
	c.w = w
	// What fails here can't be searched any more either way.
	_ = closeAll(old.big, old.small)
	return nil
}

// Close frees the memory. No search runs afterwards.
func (c *core) Close() error {
	v := c.view.Load()
	return closeAll(v.big, v.small)
}

func closeAll(list ...bleve.Index) (err error) {
	defer guard(&err)
	for _, ix := range list {
		if ix.Close() != nil {
			err = errBleve
		}
	}
	return err
}
