package name

import (
	"fmt"
	"iter"
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
	err        error
	folds      sync.WaitGroup

	scratch sync.Pool
	token   func(names.Raw) *names.Token
}

// writer is what only writers need of the current state.
type writer struct {
	current map[watchlist.EntryID]version
	words   map[names.Raw]uint32
	token   func(names.Raw) *names.Token
}

// version is the current write of an entry: its number and how many names it
// has.
type version struct {
	seq   uint32
	count int
}

// New makes an empty index. Close it to end its goroutine.
func New() (*Index, error) { return NewWith(names.NewToken) }

// NewWith is New with another way to compute the keys of a word, which must be a
// pure function; evaluations pass names.NewTokenByRules.
func NewWith(token func(names.Raw) *names.Token) (*Index, error) {
	x := &Index{token: token}
	x.state.Store(&state{})
	x.w = x.newWriter()
	return x, nil
}

func (x *Index) newWriter() writer {
	return writer{current: map[watchlist.EntryID]version{}, words: map[names.Raw]uint32{}, token: x.token}
}

// Applied is the raft index that searches include.
func (x *Index) Applied() uint64 { return x.applied.Load() }

// Size is the number of names that can be found.
func (x *Index) Size() int { return x.state.Load().size }

// Apply takes over changes in their order and makes them visible together before
// it returns. It fails when an earlier fold failed; the index then still answers
// from memory, but the node should stop and start again.
func (x *Index) Apply(changes []watchlist.Change, index uint64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return x.err
	}
	st := *x.state.Load()
	var on, off []uint32
	for _, c := range changes {
		if v, ok := x.w.current[c.ID]; ok {
			off = append(off, v.seq)
			delete(x.w.current, c.ID)
			st.size -= v.count
			st.dead += v.count
		}
		if c.Entry == nil || c.Entry.Status != watchlist.StatusActive {
			continue
		}
		docs := x.w.add(&st, c.ID, c.Entry)
		on = append(on, x.w.current[c.ID].seq)
		for _, d := range docs {
			st.delta = append(st.delta, deltaDoc{d, docTerms(tokensOf(d, st.lexicon))})
		}
	}
	st.live = st.live.with(on, off)
	x.state.Store(&st)
	x.applied.Store(index)
	x.foldIfNeeded()
	return nil
}

// add gives the entry a new version and its names as documents.
func (w *writer) add(st *state, id watchlist.EntryID, e *watchlist.Entry) []doc {
	seq := uint32(len(st.ids))
	st.ids = append(st.ids, id)
	var docs []doc
	for i, n := range e.Names {
		raws := names.Split(n)
		if len(raws) == 0 {
			continue
		}
		d := doc{seq: seq, name: uint16(i), weak: n.Kind == watchlist.NameWeak, tokens: make([]uint32, len(raws))}
		for k, r := range raws {
			word, ok := w.words[r]
			if !ok {
				word = uint32(len(st.lexicon))
				st.lexicon = append(st.lexicon, w.token(r))
				w.words[r] = word
			}
			d.tokens[k] = word
		}
		docs = append(docs, d)
	}
	w.current[id] = version{seq, len(docs)}
	st.size += len(docs)
	return docs
}

// Rebuild replaces the contents by entries. It builds aside: searches answer
// from the old contents until the new ones are whole, and go on with the old ones
// when entries ends in an error.
func (x *Index) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	st, w := &state{}, x.newWriter()
	var docs []doc
	var on []uint32
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("name index: rebuild: %w", err)
		}
		if e.Status != watchlist.StatusActive {
			continue
		}
		docs = append(docs, w.add(st, e.ID, e)...)
		on = append(on, w.current[e.ID].seq)
	}
	st.live = st.live.with(on, nil)
	for start := 0; start < len(docs); start += maxSegment {
		s, err := buildSegment(docs[start:min(start+maxSegment, len(docs))], st.lexicon)
		if err != nil {
			return fmt.Errorf("name index: rebuild: %w", err)
		}
		st.segments = append(st.segments, s)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.generation++
	x.w, x.err = w, nil
	x.state.Store(st)
	x.applied.Store(index)
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
