package fsm

import (
	"sync"

	"github.com/hashicorp/raft"
)

const (
	// checkEvery is the distance of the raft indexes at which every node knows its
	// state hash, however raft cuts its log into batches. A batch is applied in two
	// transactions when such an index lies in it.
	checkEvery = 256
	// keptPositions and keptChecks bound what is remembered: what a node that is
	// asked a few seconds later still needs.
	keptPositions = 4096
	keptChecks    = 256
)

// history remembers state hashes by raft index, so that nodes can compare theirs.
type history struct {
	mu        sync.Mutex
	positions recent
	checks    recent
	lastCheck position
}

// recent keeps the last few hashes by index.
type recent struct {
	most  int
	order []uint64
	hash  map[uint64]string
}

func (r *recent) put(index uint64, hash string) {
	if _, ok := r.hash[index]; ok {
		return
	}
	if r.hash == nil {
		r.hash = make(map[uint64]string)
	}
	if len(r.order) >= r.most {
		delete(r.hash, r.order[0])
		r.order = r.order[1:]
	}
	r.order = append(r.order, index)
	r.hash[index] = hash
}

// reset forgets all: another state took the place of the one that was noted.
func (h *history) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.positions, h.checks = recent{most: keptPositions}, recent{most: keptChecks}
	h.lastCheck = position{}
}

func (h *history) published(p position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.positions.put(p.index, p.hash)
}

// passed notes the state as of a checkpoint: p is the position before the first entry
// behind it.
func (h *history) passed(check uint64, p position) {
	if check == 0 || p.index > check {
		return // passed in an earlier life of the node
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks.put(check, p.hash)
	h.lastCheck = position{index: check, hash: p.hash}
}

// HashAt gives the state hash of this node when its registry stood at raft index
// index, as Applied counts; ok is false when it never stood there, or long ago.
func (f *FSM) HashAt(index uint64) (hash string, ok bool) {
	f.history.mu.Lock()
	defer f.history.mu.Unlock()
	hash, ok = f.history.positions.hash[index]
	return hash, ok
}

// CheckAt gives the state hash after all entries up to a checkpoint, a multiple of
// 256; ok is false when this node has not passed it, or long ago.
func (f *FSM) CheckAt(check uint64) (hash string, ok bool) {
	f.history.mu.Lock()
	defer f.history.mu.Unlock()
	hash, ok = f.history.checks.hash[check]
	return hash, ok
}

// LastCheck gives the newest checkpoint that this node has passed and its hash, zeros
// for none.
func (f *FSM) LastCheck() (check uint64, hash string) {
	f.history.mu.Lock()
	defer f.history.mu.Unlock()
	return f.history.lastCheck.index, f.history.lastCheck.hash
}

// upToCheck counts the entries that come before the next checkpoint or are it.
func upToCheck(logs []*raft.Log) int {
	end := (logs[0].Index + checkEvery - 1) / checkEvery * checkEvery
	n := 1
	for n < len(logs) && logs[n].Index <= end {
		n++
	}
	return n
}
