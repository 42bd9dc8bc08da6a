package text

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"vigie/watchlist"
)

// Source is the registry that the index follows. It is safe for concurrent use.
type Source interface {
	// Entry returns watchlist.ErrNotFound for an unknown id.
	Entry(id watchlist.EntryID) (*watchlist.Entry, error)
	// Entries returns at most limit entries after the given id, and the id to go on
	// after, "" at the end.
	Entries(after watchlist.EntryID, limit int, keep func(*watchlist.Entry) bool) ([]*watchlist.Entry, watchlist.EntryID, error)
	// Count gives the number of entries.
	Count() int
}

// errClosed: the index was closed.
var errClosed = errors.New("text index: closed")

// Index follows the registry by a goroutine of its own. Apply and Rebuild belong to
// the goroutine that applies commands, and only note what changed; all other methods
// are safe for concurrent use.
type Index struct {
	core *core
	log  *slog.Logger
	// retry is the wait after a failure, gather the least rest after changes; only
	// tests change them.
	retry, gather time.Duration

	mu sync.Mutex // guards the fields below
	// dirty are the entries that changed up to told and were not read since.
	dirty map[watchlist.EntryID]struct{}
	told  uint64
	// stale: everything must be read anew. ready: searches are answered.
	stale, ready, closed bool
	building             bool
	done, total          int
	failures             uint64
	// moved is closed and replaced when there is something new to be seen.
	moved chan struct{}
	// waiting are those who wait for the index; hurry is closed while there are any.
	waiting int
	hurry   chan struct{}

	// wake has room for one call.
	wake chan struct{}
	stop chan struct{}
	wg   sync.WaitGroup
}

// Status tells how an index stands.
type Status struct {
	// Ready tells that searches are answered, Building that all entries are being
	// read: Done of Total.
	Ready, Building bool
	Done, Total     int
	// Entries can be found, as of raft index Applied; Lag is how many raft indexes
	// that is behind the registry, Waiting how many entries changed meanwhile.
	Entries, Waiting int
	Applied, Lag     uint64
	// Failures counts what went wrong in bleve or in reading the registry; each made
	// the index be built anew.
	Failures uint64
}

// New makes an index that answers nothing before Start.
func New(log *slog.Logger) (*Index, error) {
	c, err := newCore()
	if err != nil {
		return nil, err
	}
	return &Index{
		core: c, log: log, retry: retryAfter, gather: gatherFor, dirty: map[watchlist.EntryID]struct{}{}, stale: true,
		moved: make(chan struct{}), hurry: make(chan struct{}), wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}, nil
}

// Start reads the source from now on, in the background. It is called once.
func (x *Index) Start(src Source) {
	w := &worker{Index: x, src: src}
	x.poke()
	x.wg.Go(w.run)
}

// Close ends the background work and frees the memory.
func (x *Index) Close() error {
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return nil
	}
	x.closed, x.ready = true, false
	close(x.stop)
	x.signal()
	x.mu.Unlock()
	x.wg.Wait()
	return x.core.Close()
}

// Apply notes which entries changed up to a raft index. It never waits.
func (x *Index) Apply(changes []watchlist.Change, index uint64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if index < x.told {
		return fmt.Errorf("text index: change at index %d, but %d is told", index, x.told)
	}
	for _, c := range changes {
		x.dirty[c.ID] = struct{}{}
	}
	x.told = index
	x.poke()
	return nil
}

// Rebuild notes that the registry's whole content may be another, as of index. It
// never waits and reads nothing of entries: the source is read in the background,
// and searches are refused until that is done.
func (x *Index) Rebuild(_ iter.Seq2[*watchlist.Entry, error], index uint64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stale, x.ready, x.told = true, false, index
	x.poke()
	return nil
}

// Applied is the raft index of the last Apply or Rebuild; Status tells what searches
// include.
func (x *Index) Applied() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.told
}

// poke wakes the worker.
func (x *Index) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// signal tells those who wait to look again. The caller holds mu.
func (x *Index) signal() {
	close(x.moved)
	x.moved = make(chan struct{})
}

// Wait returns once searches include a raft index. It fails with
// watchlist.ErrTextBuilding at once while nothing can be searched, and when ctx
// ends.
//
// The worker rests between changes; it doesn't while somebody waits here.
func (x *Index) Wait(ctx context.Context, index uint64) error {
	waits := false
	defer func() {
		if waits {
			x.wait(-1)
		}
	}()
	for {
		x.mu.Lock()
		ready, moved := x.ready, x.moved
		x.mu.Unlock()
		switch {
		case !ready:
			return watchlist.ErrTextBuilding
		case x.core.Applied() >= index:
			return nil
		}
		if !waits {
			waits = true
			x.wait(1)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for the text index: %w", ctx.Err())
		}
	}
}

// wait counts one who waits more or less.
func (x *Index) wait(one int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch x.waiting += one; {
	case x.waiting == 1 && one > 0:
		close(x.hurry)
	case x.waiting == 0:
		x.hurry = make(chan struct{})
	}
}

// hurried is closed while somebody waits.
func (x *Index) hurried() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.hurry
}

// Search finds entries by a query; see parse for its language. The answer's Index is
// what it saw. Errors: watchlist.FieldError with the pointer /text,
// watchlist.ErrTextBuilding, context.DeadlineExceeded when it took too long.
func (x *Index) Search(ctx context.Context, q watchlist.TextQuery) (watchlist.TextResult, error) {
	if err := Check(q.Text); err != nil {
		return watchlist.TextResult{}, err
	}
	x.mu.Lock()
	ready := x.ready
	x.mu.Unlock()
	if !ready {
		return watchlist.TextResult{}, watchlist.ErrTextBuilding
	}
	return x.core.Search(ctx, q)
}

// Status tells how the index stands.
func (x *Index) Status() Status {
	x.mu.Lock()
	defer x.mu.Unlock()
	st := Status{Ready: x.ready, Building: x.building, Done: x.done, Total: x.total, Waiting: len(x.dirty), Failures: x.failures}
	if x.ready {
		st.Entries, st.Applied = x.core.size(), x.core.Applied()
	}
	if x.told > st.Applied {
		st.Lag = x.told - st.Applied
	}
	return st
}
