package text

import (
	"errors"
	"time"

	"vigie/watchlist"
)

// errAnew: the registry became another while it was read.
var errAnew = errors.New("text index: the registry was replaced")

// build reads everything. What changes meanwhile is read again at the end; where
// searches are answered, it is taken over at once as well.
func (w *worker) build() error {
	begun := time.Now()
	w.mu.Lock()
	w.stale, w.building = false, true
	w.done, w.total = 0, w.src.Count()
	answering := w.ready
	w.mu.Unlock()
	var upTo uint64
	err := w.core.rebuild(func(yield func(watchlist.Change, error) bool) {
		if changed, ok := w.pages(answering, yield); ok {
			upTo = w.tail(changed, yield)
		}
	}, func() uint64 { return upTo })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.building = false
	if errors.Is(err, errAnew) {
		return nil // it is stale, the next step builds again
	}
	if err != nil {
		return err
	}
	w.ready = !w.stale && !w.closed
	w.signal()
	w.log.Info("text index is built", "entries", w.done, "index", upTo, "took", time.Since(begun).Round(time.Millisecond).String())
	return nil
}

// interrupted gives the reason to read no further, nil for none.
func (w *worker) interrupted() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return errClosed
	case w.stale:
		return errAnew
	}
	return nil
}

// pages yields all entries, page by page and with rests between, so that no view of
// the registry is held long. It gives the entries that it took over meanwhile, and
// false when it ended early.
func (w *worker) pages(answering bool, yield func(watchlist.Change, error) bool) (changed []watchlist.EntryID, ok bool) {
	for after := watchlist.EntryID(""); ; {
		begun := time.Now()
		list, next, err := w.src.Entries(after, page, nil)
		if err == nil {
			err = w.interrupted()
		}
		if err != nil {
			yield(watchlist.Change{}, err)
			return nil, false
		}
		for _, e := range list {
			if !yield(watchlist.Change{ID: e.ID, Entry: e}, nil) {
				return nil, false
			}
		}
		w.mu.Lock()
		w.done += len(list)
		w.mu.Unlock()
		if next == "" {
			return changed, true
		}
		after = next
		if answering {
			if changed, err = w.take(changed); err != nil {
				yield(watchlist.Change{}, err)
				return nil, false
			}
		}
		if !w.rest(time.Since(begun)) {
			yield(watchlist.Change{}, errClosed)
			return nil, false
		}
	}
}

// tail yields what changed since the pages were begun, as it is now, and gives the
// raft index that is reached.
func (w *worker) tail(changed []watchlist.EntryID, yield func(watchlist.Change, error) bool) uint64 {
	send := func(ids []watchlist.EntryID) bool {
		changes, err := w.read(ids)
		if err == nil {
			err = w.interrupted()
		}
		if err != nil {
			yield(watchlist.Change{}, err)
			return false
		}
		for _, c := range changes {
			if !yield(c, nil) {
				return false
			}
		}
		return true
	}
	for len(changed) > 0 {
		n := min(page, len(changed))
		if !send(changed[:n]) {
			return 0
		}
		changed = changed[n:]
	}
	for {
		ids, upTo := w.taken()
		if !send(ids) {
			return 0
		}
		if upTo != 0 || len(ids) == 0 {
			return upTo
		}
	}
}
