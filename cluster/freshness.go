package cluster

import (
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/watchlist"
)

// unknownAge stands for an age that nobody can tell: no list is older.
const unknownAge = 100 * 365 * 24 * time.Hour

// freshness keeps when the node last knew that its list was current. Within a
// run it counts in uptime, which goes on while the machine is suspended; the wall
// clock only bridges a restart.
type freshness struct {
	path    string
	uptime  func() time.Duration
	applied func() uint64 // the index that the node's answers cover

	start  time.Duration // of this run
	before time.Duration // the age at start

	mu      sync.Mutex
	known   bool // current was set in this run
	current time.Duration
	// waits is the earliest confirmation that is not applied yet.
	waits   confirmation
	waiting bool
}

// confirmation says that everything committed at the moment at, in this node's
// uptime, has an index of at most index.
type confirmation struct {
	index, term uint64
	at          time.Duration
}

// newFreshness reads when the last run was current. last is the time of the last
// command in the registry, Unix milliseconds. The age at start is never
// flattering: without a note it is the time since that command, and unknownAge
// when the clock contradicts what is on the disk.
func newFreshness(dir layout, now time.Time, last int64, uptime func() time.Duration, applied func() uint64) *freshness {
	f := &freshness{path: dir.in(currentFile), uptime: uptime, applied: applied, start: uptime(), before: unknownAge}
	wall := now.UnixMilli()
	if last == 0 || wall < last {
		return f // no list yet, or a clock that is behind
	}
	noted := last
	if b, err := os.ReadFile(f.path); err == nil {
		if ms, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			noted = ms
		}
	}
	if noted <= wall {
		f.before = min(unknownAge, millis(wall-noted))
	}
	return f
}

// confirmed takes a confirmation, from this node as the leader or from the
// leader's answer.
func (f *freshness) confirmed(c confirmation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	if c.index <= f.applied() {
		f.advance(c.at)
		return
	}
	if !f.waiting {
		f.waits, f.waiting = c, true
	}
}

// settle uses the waiting confirmation once its index is applied.
func (f *freshness) settle() {
	if f.waiting && f.waits.index <= f.applied() {
		f.waiting = false
		f.advance(f.waits.at)
	}
}

func (f *freshness) advance(to time.Duration) {
	if !f.known || to > f.current {
		f.current, f.known = to, true
	}
}

// age is the time since the node last knew that its list was current.
func (f *freshness) age() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	if f.known {
		return f.uptime() - f.current
	}
	return f.before + f.uptime() - f.start
}

// save notes on disk, as wall time, when the list was last current, so that the
// age survives a restart. It is best effort: without it, or with a clock that was
// wrong, the next run shows too high an age. Before the list was current in this
// run, the note of the last one stays.
func (f *freshness) save(now time.Time) {
	f.mu.Lock()
	known := f.known
	f.mu.Unlock()
	if known {
		_ = writeFile(f.path, strconv.AppendInt(nil, now.Add(-f.age()).UnixMilli(), 10))
	}
}

// connected reports whether this node hears a leader, or leads.
func (n *Node) connected() bool {
	switch n.rep.raft.State() {
	case raft.Leader:
		return true // without a quorum it steps down after the lease
	case raft.Follower:
		return n.leader() != "" && time.Since(n.rep.raft.LastContact()) < 2*n.timing.heartbeat
	default:
		return false
	}
}

// Stamp says which list this node's answers are from and how old it is.
// AppliedIndex and StateHash belong together. AgeMillis is an upper bound: at
// that time before the call, everything committed anywhere was in the list. An
// age of 100 years means unknown.
func (n *Node) Stamp() watchlist.ListStamp {
	// The age first: the list is at least as new as when its age was taken.
	age, connected := n.listAge(), n.connected()
	index, hash := n.rep.fsm.Stamp()
	return watchlist.ListStamp{
		Node: n.id.Node, AppliedIndex: index, StateHash: hash,
		AgeMillis: age.Milliseconds(), Connected: connected, Diverged: n.diverged(), Entries: n.rep.reg.Count(),
	}
}

// listAge is 0 for the only voter of a cluster: nobody else can commit anything.
func (n *Node) listAge() time.Duration {
	term := n.rep.raft.CurrentTerm()
	if n.leads() && !n.hasOtherVoter() && n.barrier.Load() == term {
		n.fresh.confirmed(confirmation{index: n.rep.fsm.Applied(), term: term, at: n.cfg.uptime()})
	}
	return n.fresh.age()
}
