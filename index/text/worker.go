package text

import (
	"errors"
	"time"

	"vigie/watchlist"
)

const (
	// page entries are read at a time, and at most as many changes taken over at
	// once. While everything is read, the worker rests after each page for as long as
	// the page took, so that at most about half of the processors' time goes there.
	page = 256
	// gatherFor is how long changes are let come together, at least, between two
	// batches, and share how many times longer than a batch took the worker rests
	// while more keep coming: writing entries goes before finding them by text.
	gatherFor, share = 250 * time.Millisecond, 19
	// retryAfter is how long the worker waits after a failure.
	retryAfter = 10 * time.Second
)

// worker is the goroutine that fills an index.
type worker struct {
	*Index
	src Source
	// paused is the last raft index that was told when the last rest began.
	paused uint64
}

// run goes on until the index is closed.
func (w *worker) run() {
	for {
		select {
		case <-w.stop:
			return
		case <-w.wake:
		}
		for w.step() {
		}
	}
}

// step does what is to be done next and reports whether there may be more.
func (w *worker) step() bool {
	w.mu.Lock()
	stale, closed := w.stale, w.closed
	w.mu.Unlock()
	var err error
	switch {
	case closed:
		return false
	case stale || w.core.worn():
		err = w.build()
	default:
		begun, told := time.Now(), w.Applied()
		if _, err = w.take(nil); err == nil && !w.pause(time.Since(begun), told) {
			return false
		}
	}
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		return !w.closed && (w.stale || len(w.dirty) > 0)
	}
	if errors.Is(err, errClosed) {
		return false
	}
	w.mu.Lock()
	w.failures++
	w.stale, w.ready = true, false
	w.signal()
	w.mu.Unlock()
	w.log.Warn("the text index failed and is built anew", "error", err)
	return w.rest(w.retry)
}

// pause rests after changes were taken over in that time, with told the last raft
// index when that began, and reports whether the index is still open. Nobody who
// waits for the index waits for the rest. When no change came in the rest before,
// this one is as short as the work.
func (w *worker) pause(took time.Duration, told uint64) bool {
	rest := max(w.gather, share*took)
	if told == w.paused {
		rest = took
	}
	w.paused = w.Applied()
	return w.restFor(rest, w.hurried())
}

// rest waits and reports whether the index is still open.
func (w *worker) rest(d time.Duration) bool { return w.restFor(d, nil) }

// restFor is rest that also ends when something comes by early.
func (w *worker) restFor(d time.Duration, early <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-early:
		return true
	case <-w.stop:
		return false
	}
}

// taken takes at most page changed entries off the list; upTo is the raft index that
// is reached with them, 0 when more are left.
func (w *worker) taken() (ids []watchlist.EntryID, upTo uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.dirty {
		if len(ids) == page {
			return ids, 0
		}
		ids = append(ids, id)
		delete(w.dirty, id)
	}
	return ids, w.told
}

// read gives the present state of entries.
func (w *worker) read(ids []watchlist.EntryID) ([]watchlist.Change, error) {
	out := make([]watchlist.Change, len(ids))
	for i, id := range ids {
		e, err := w.src.Entry(id)
		if err != nil && !errors.Is(err, watchlist.ErrNotFound) {
			return nil, err
		}
		out[i] = watchlist.Change{ID: id, Entry: e}
		if err != nil {
			out[i].Entry = nil
		}
	}
	return out, nil
}

// take takes over some changed entries and adds their ids to seen.
func (w *worker) take(seen []watchlist.EntryID) ([]watchlist.EntryID, error) {
	ids, upTo := w.taken()
	changes, err := w.read(ids)
	if err == nil {
		err = w.core.Apply(changes, max(upTo, w.core.Applied()))
	}
	w.mu.Lock()
	w.signal()
	w.mu.Unlock()
	return append(seen, ids...), err
}
