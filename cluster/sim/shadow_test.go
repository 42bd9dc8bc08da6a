package sim

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"vigie/cluster/registry"
	"vigie/watchlist"
)

// shadow is the derived index of one run of a node: what a match would find.
type shadow struct {
	slow time.Duration
	reg  atomic.Pointer[registry.Store]
	// moved is told the position and hash after every change.
	moved func(index uint64, hash string)

	mu      sync.Mutex
	rng     *rand.Rand
	applied uint64
	entries map[watchlist.EntryID]*watchlist.Entry
}

func newShadow(rng *rand.Rand, slow time.Duration, moved func(uint64, string)) *shadow {
	return &shadow{rng: rng, slow: slow, moved: moved, entries: make(map[watchlist.EntryID]*watchlist.Entry)}
}

// Apply implements fsm.Index. It is slow now and then.
func (s *shadow) Apply(changes []watchlist.Change, index uint64) error {
	s.mu.Lock()
	var pause time.Duration
	if s.slow > 0 && s.rng.IntN(4) == 0 {
		pause = time.Duration(s.rng.Int64N(int64(s.slow)))
	}
	s.mu.Unlock()
	time.Sleep(pause)
	s.mu.Lock()
	defer s.mu.Unlock()
	if index <= s.applied {
		return fmt.Errorf("index %d after %d", index, s.applied)
	}
	for _, c := range changes {
		s.entries[c.ID] = c.Entry.Clone()
	}
	s.applied = index
	s.report()
	return nil
}

// Rebuild implements fsm.Index.
func (s *shadow) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	m := make(map[watchlist.EntryID]*watchlist.Entry)
	for e, err := range entries {
		if err != nil {
			return err
		}
		m[e.ID] = e.Clone()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries, s.applied = m, index
	s.report()
	return nil
}

// report tells the position; with the lock held.
func (s *shadow) report() {
	if reg := s.reg.Load(); reg != nil {
		if index, _, hash := reg.Position(); index > 0 {
			s.moved(index, hash)
		}
	}
}

// Applied implements fsm.Index.
func (s *shadow) Applied() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// get is what a match finds of an entry.
func (s *shadow) get(id watchlist.EntryID) (value, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return valueOf(s.entries[id]), s.applied
}

// value is the part of an entry that the histories are about.
type value struct {
	Rev       uint64
	Text      string
	Withdrawn bool
}

func valueOf(e *watchlist.Entry) value {
	if e == nil {
		return value{}
	}
	return value{Rev: e.Revision, Text: e.Offence, Withdrawn: e.Status == watchlist.StatusWithdrawn}
}
