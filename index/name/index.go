package name

import (
	"sync"
	"sync/atomic"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// Index is the name index. Apply and Rebuild belong to one goroutine; Search and
// the rest are safe for concurrent use and never wait for it.
type Index struct {
	state   atomic.Pointer[state]
	applied atomic.Uint64

	mu sync.Mutex // guards the writer's side below
	w  writer
	// generation counts rebuilds: a fold of an older one is thrown away.
	generation int
	folding    bool
	closed     bool
	// recorded are the changes since a compaction began, while recording.
	recording bool
	recorded  []watchlist.Change
	slack     int // compactAt, less in tests
	folds     sync.WaitGroup

	scratch sync.Pool
}

// New makes an empty index under the table of the release. Close it to end its
// goroutine.
func New() (*Index, error) {
	x, err := NewWith(names.NewToken)
	if err == nil {
		x.SetTable(names.Shipped())
	}
	return x, err
}

// NewWith is New with another way to compute the keys of a word, which must be a
// pure function; evaluations pass names.NewTokenByRules.
func NewWith(token func(names.Raw) *names.Token) (*Index, error) {
	x := &Index{slack: compactAt}
	x.state.Store(&state{token: token})
	x.w = newWriter(token)
	return x, nil
}

// Applied is the raft index that searches include.
func (x *Index) Applied() uint64 { return x.applied.Load() }

// Size is the number of names that can be found.
func (x *Index) Size() int { return x.state.Load().size }

// Apply takes over changes in their order and makes them visible together before
// it returns. It never fails.
func (x *Index) Apply(changes []watchlist.Change, index uint64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	st := *x.state.Load()
	x.w.take(&st, changes)
	if x.recording {
		x.recorded = append(x.recorded, changes...)
	}
	x.state.Store(&st)
	x.applied.Store(index)
	x.foldIfNeeded()
	return nil
}

// Close waits for a fold in flight and ends. Searches go on answering; Apply
// starts no more folds.
func (x *Index) Close() error {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.folds.Wait()
	return nil
}
