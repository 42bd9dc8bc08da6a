package fsm

import (
	"context"
	"fmt"
	"sync"
)

// position is what every index and the registry have in common.
type position struct {
	index uint64
	hash  string
}

// progress publishes the position and wakes those who wait for it.
type progress struct {
	mu  sync.Mutex
	now position
	// moved is closed at the next change of now; nil while nobody waits.
	moved chan struct{}
}

func (p *progress) set(to position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = to
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

func (p *progress) get() position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// watch gives the position and a channel that is closed when it changes.
func (p *progress) watch() (position, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.now, p.moved
}

// Applied is the highest raft index that the registry and every derived index
// cover.
func (f *FSM) Applied() uint64 { return f.progress.get().index }

// StateHash is the state hash at Applied, in hexadecimal.
func (f *FSM) StateHash() string { return f.progress.get().hash }

// Stamp gives Applied and the StateHash that belongs to it.
func (f *FSM) Stamp() (index uint64, stateHash string) {
	p := f.progress.get()
	return p.index, p.hash
}

// WaitApplied returns once Applied has reached index, or with the context's
// error. Raft hands over commands and membership changes only: the index of a
// barrier or of a new leader's first entry is never reached by itself, so wait
// for the index of a write.
func (f *FSM) WaitApplied(ctx context.Context, index uint64) error {
	if f.Applied() >= index {
		return nil
	}
	for {
		now, moved := f.progress.watch()
		if now.index >= index {
			return nil
		}
		select {
		case <-moved:
		case <-f.closed:
			return fmt.Errorf("wait for raft index %d: %w", index, ErrClosed)
		case <-ctx.Done():
			return fmt.Errorf("wait for raft index %d, applied %d: %w", index, now.index, ctx.Err())
		}
	}
}
