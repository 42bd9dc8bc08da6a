package cluster

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/watchlist"
)

// telemetry counts what can't be read off the node's state when it is asked. It is
// safe for concurrent use.
type telemetry struct {
	// commit times proposals of this node as the leader, until they were applied
	// here; apply times batches of entries, with the sync of the registry and all
	// indexes; freeze times taking the view that a snapshot is written from.
	commit, apply, freeze durations
	proposals             map[string]*atomic.Uint64 // by outcome
	entries               atomic.Uint64             // applied

	candidacies, wins, changes, heartbeats atomic.Uint64
	snapshots, snapshotFailures, restores  atomic.Uint64

	mu     sync.Mutex
	leader watchlist.NodeID
	since  time.Time     // of leader, or of there being none
	alone  time.Duration // without a leader, before since
	last   SnapshotStatus
}

// The outcomes of proposals. A label has no other values.
const (
	outcomeCommitted  = "committed"
	outcomeNoLeader   = "no_leader"
	outcomeOverloaded = "overloaded"
	outcomeDisk       = "disk"
	outcomeUnknown    = "unknown"
	outcomeOther      = "other"
)

func newTelemetry() *telemetry {
	t := &telemetry{since: time.Now(), proposals: map[string]*atomic.Uint64{}}
	for _, o := range []string{outcomeCommitted, outcomeNoLeader, outcomeOverloaded, outcomeDisk, outcomeUnknown, outcomeOther} {
		t.proposals[o] = &atomic.Uint64{}
	}
	// From half a millisecond to 16 seconds.
	buckets := prometheus.ExponentialBuckets(0.0005, 2, 16)
	for name, at := range map[string]*durations{"commit": &t.commit, "apply": &t.apply, "snapshot_freeze": &t.freeze} {
		at.all = prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "vigie", Subsystem: "cluster", Name: name + "_seconds", Buckets: buckets, Help: durationHelp[name],
		})
	}
	return t
}

var durationHelp = map[string]string{
	"commit":          "Time of a write on this node as the leader, until it was applied here.",
	"apply":           "Time to apply a batch of log entries: registry, its sync, all indexes.",
	"snapshot_freeze": "Time for which taking a snapshot's view held up log entries.",
}

// durations is a histogram for Prometheus and the last durations for people.
type durations struct {
	all prometheus.Histogram

	mu   sync.Mutex
	last [kept]time.Duration
	n    int
}

// kept is how many of the last durations the quantiles for people rest on.
const kept = 256

func (t *durations) took(d time.Duration) {
	t.all.Observe(d.Seconds())
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last[t.n%kept] = d
	t.n++
}

// quantiles gives p50 and p99 (nearest rank) of the last durations, 0 for none.
func (t *durations) quantiles() (p50, p99 time.Duration) {
	t.mu.Lock()
	list := slices.Clone(t.last[:min(t.n, kept)])
	t.mu.Unlock()
	if len(list) == 0 {
		return 0, 0
	}
	slices.Sort(list)
	at := func(percent int) time.Duration { return list[(len(list)*percent+99)/100-1] }
	return at(50), at(99)
}

// proposed counts a proposal on this node as the leader.
func (t *telemetry) proposed(took time.Duration, err error) {
	t.proposals[outcome(err)].Add(1)
	if err == nil {
		t.commit.took(took)
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return outcomeCommitted
	case errors.Is(err, watchlist.ErrDiskFull), errors.Is(err, watchlist.ErrDiskStuck):
		return outcomeDisk
	case errors.Is(err, watchlist.ErrNoLeader):
		return outcomeNoLeader
	case errors.Is(err, watchlist.ErrOverloaded):
		return outcomeOverloaded
	case errors.Is(err, watchlist.ErrOutcomeUnknown):
		return outcomeUnknown
	}
	return outcomeOther
}

// led notes who leads now, "" for nobody; it reports whether that is news, and how
// long there was nobody before.
func (t *telemetry) led(by watchlist.NodeID, now time.Time) (news bool, gap time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if by == t.leader {
		return false, 0
	}
	if t.leader == "" {
		gap = now.Sub(t.since)
		t.alone += gap
	}
	if by != "" {
		t.changes.Add(1)
	}
	t.leader, t.since = by, now
	return true, gap
}

// snapshotted notes a snapshot that was written, or the try that failed.
func (t *telemetry) snapshotted(s SnapshotStatus, err error) {
	if err != nil {
		t.snapshotFailures.Add(1)
		return
	}
	t.snapshots.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = s
}

// SnapshotStatus is a snapshot that this node wrote since it started.
type SnapshotStatus struct {
	// Index is the raft index of its state, 0 when none was written.
	Index uint64    `json:"index"`
	At    time.Time `json:"at"`
	// Took is how long it was written, beside all else, and Bytes its size.
	Took  time.Duration `json:"took_ns"`
	Bytes int64         `json:"bytes"`
}

// Replication is how replication does on a node, counted since it started.
type Replication struct {
	// Elections counts the candidacies of this node, Won those that it won;
	// LeaderChanges the leaders that it came to know.
	Elections, Won, LeaderChanges uint64
	// LeaderSince is when it came to know the present leader or, without one, when
	// it lost the last; Leaderless how long it knew none, in all.
	LeaderSince time.Time
	Leaderless  time.Duration
	// Commits counts the writes that it committed as the leader. The quantiles are
	// those of the last 256, of writes and of batches of entries applied.
	Commits                uint64
	CommitP50, CommitP99   time.Duration
	Applied                uint64
	ApplyP50, ApplyP99     time.Duration
	Lag                    uint64 // committed entries that are not applied here
	Snapshots, NotWritten  uint64 // snapshots written, and tries that failed
	Restored               uint64 // snapshots received from another node
	Last                   SnapshotStatus
	Wanted                 int // photos and files to be fetched
	Fetched, FetchFailures uint64
	FetchedBytes           uint64
}

// report gives all that t knows; the rest is left to the caller.
func (t *telemetry) report(now time.Time) Replication {
	r := Replication{
		Elections: t.candidacies.Load(), Won: t.wins.Load(), LeaderChanges: t.changes.Load(),
		Commits: t.proposals[outcomeCommitted].Load(), Applied: t.entries.Load(),
		Snapshots: t.snapshots.Load(), NotWritten: t.snapshotFailures.Load(), Restored: t.restores.Load(),
	}
	r.CommitP50, r.CommitP99 = t.commit.quantiles()
	r.ApplyP50, r.ApplyP99 = t.apply.quantiles()
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Last, r.LeaderSince, r.Leaderless = t.last, t.since, t.alone
	if t.leader == "" {
		r.Leaderless += now.Sub(t.since)
	}
	return r
}

func (t *telemetry) histograms() []prometheus.Histogram {
	return []prometheus.Histogram{t.commit.all, t.apply.all, t.freeze.all}
}

// replication is what Status tells of replication.
func (n *Node) replication(applied, commit uint64) Replication {
	r := n.tel.report(time.Now())
	r.Lag = n.lag(applied, commit)
	b := n.blobs.Stats()
	r.Wanted, r.Fetched, r.FetchFailures, r.FetchedBytes = b.Wanted, b.Fetched, b.Failures, b.Bytes
	return r
}

// tellLeader writes an event when another leader, or none, is known.
func (n *Node) tellLeader(id watchlist.NodeID) {
	news, gap := n.tel.led(id, time.Now())
	switch {
	case !news:
	case id == "":
		n.log.Warn("no leader is known", "event", "leader_lost", "term", n.rep.raft.CurrentTerm())
	default:
		n.log.Info("a leader is known", "event", "leader", "leader", string(id), "own", id == n.id.Node, "term", n.rep.raft.CurrentTerm(), "without_ms", gap.Milliseconds())
	}
}
