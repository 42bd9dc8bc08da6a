package cluster

import (
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/watchlist"
)

// freshness keeps when the node last knew that its list was current. Age is on
// the monotonic clock; the wall clock only bridges a restart.
type freshness struct {
	path   string
	start  time.Time // of this run, monotonic
	before time.Duration

	mu      sync.Mutex
	rep     *replica
	timing  timing
	current time.Time // zero: not since start
	// pending is what the leader had committed at a moment, not yet applied here.
	pending   uint64
	pendingAt time.Time
}

// newFreshness reads when the last run was current; an unknown or impossible
// time counts as "just before the start", which Connected tells apart.
func newFreshness(dir layout, now time.Time) *freshness {
	f := &freshness{path: dir.in(currentFile), start: time.Now()}
	b, err := os.ReadFile(f.path)
	if err != nil {
		return f
	}
	ms, err := strconv.ParseInt(string(b), 10, 64)
	if err == nil {
		f.before = max(0, now.Sub(time.UnixMilli(ms)))
	}
	return f
}

func (f *freshness) attach(r *replica, t timing) {
	f.mu.Lock()
	f.rep, f.timing = r, t
	f.mu.Unlock()
}

// observe is called for each AppendEntries request that arrives. A request of an
// old leader says nothing.
func (f *freshness) observe(term, commit uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rep == nil || commit == 0 || term < f.rep.raft.CurrentTerm() {
		return
	}
	f.settle()
	if f.pendingAt.IsZero() {
		f.pending, f.pendingAt = commit, time.Now()
		f.settle()
	}
}

// settle moves current to the pending moment once all that was committed then
// is applied here.
func (f *freshness) settle() {
	if !f.pendingAt.IsZero() && f.rep.caughtUp(f.pending) {
		f.current, f.pendingAt = f.pendingAt, time.Time{}
	}
}

// age is the time since the node last knew that its list was current, and
// whether it is connected to a leader that has a quorum.
func (f *freshness) age() (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rep == nil {
		return f.before + time.Since(f.start), false
	}
	switch f.rep.raft.State() {
	case raft.Leader:
		// A leader without a quorum steps down after the lease.
		if f.rep.settled() && f.rep.caughtUp(f.rep.raft.CommitIndex()) {
			f.current = time.Now()
			return 0, true
		}
		return f.since(), true
	case raft.Follower:
		f.settle()
		_, leader := f.rep.raft.LeaderWithID()
		heard := time.Since(f.rep.raft.LastContact()) < 2*f.timing.heartbeat
		return f.since(), leader != "" && heard
	default:
		return f.since(), false
	}
}

func (f *freshness) since() time.Duration {
	if f.current.IsZero() {
		return f.before + time.Since(f.start)
	}
	return time.Since(f.current)
}

// save notes on disk, as wall time, when the list was last current, so that the
// age survives a restart. It is best effort: losing it makes the age too small
// by the time that the node was off, never the list wrong.
func (f *freshness) save(now time.Time) {
	age, _ := f.age()
	_ = writeFile(f.path, strconv.AppendInt(nil, now.Add(-age).UnixMilli(), 10))
}

// Stamp says which list this node's answers are from and how old it is.
// AppliedIndex and StateHash belong together.
func (n *Node) Stamp() watchlist.ListStamp {
	index, hash := n.rep.fsm.Stamp()
	age, connected := n.fresh.age()
	return watchlist.ListStamp{
		Node: n.id.Node, AppliedIndex: index, StateHash: hash,
		AgeMillis: age.Milliseconds(), Connected: connected, Entries: n.rep.reg.Count(),
	}
}
