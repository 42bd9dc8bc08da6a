package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"vigie/cluster"
)

// schedule is everything that a seed decides beforehand. What happens within one
// virtual instant is up to Go's scheduler, so a seed brings back the same
// faults at the same times, not the same interleaving.
type schedule struct {
	Seed    uint64
	Profile cluster.Profile
	// Nodes run from the start; Spares have joined and never started.
	Nodes, Spares int
	Length        time.Duration
	// SnapshotEvery, Trailing and SnapshotCheck are the node's settings.
	SnapshotEvery, Trailing uint64
	SnapshotCheck           time.Duration
	SegmentSize             int
	Clients, Entries        int
	// Think is how long a client pauses on average.
	Think           time.Duration
	Latency, Jitter time.Duration
	Loss            float64
	// SlowIndex is how long a derived index takes at most to follow.
	SlowIndex time.Duration
	Events    []event
}

// event is one fault, from At on for For. A and B are nodes; leader means the
// one that leads when it happens.
type event struct {
	At, For time.Duration
	Kind    kind
	A, B    int
	Amount  float64
}

const leader = -1

type kind string

// The kinds of events.
const (
	isolate   kind = "isolate"    // A hears and reaches nobody
	split     kind = "split"      // the nodes before B and the others, from A on
	oneWay    kind = "one-way"    // nothing passes from A to B
	deaf      kind = "deaf"       // A hears nobody, and is heard
	mute      kind = "mute"       // A hears late and then is not heard, while it is asked a lot
	slowLinks kind = "slow-links" // all that A sends takes Amount seconds more
	lossy     kind = "lossy"      // a share of Amount is lost on A's links
	crash     kind = "crash"      // A is killed with what its disk has not synced
	tornWrite kind = "torn-write" // the same, at the Amount-th write from now
	powerCut  kind = "power-cut"  // all nodes at once
	restart   kind = "restart"    // A is stopped in good order
	clockJump kind = "clock-jump" // A's wall clock jumps by Amount seconds
	diskError kind = "disk-error" // A's log can't be written
	diskFull  kind = "disk-full"  // A's log gets no new files
	slowDisk  kind = "slow-disk"  // writes of A's log take up to Amount seconds
	transfer  kind = "transfer"   // leadership is given away
	join      kind = "join"       // the A-th spare starts
	remove    kind = "remove"     // A leaves the cluster for good
)

// unit is the time that an election takes under a profile.
func unit(p cluster.Profile) time.Duration {
	switch p {
	case cluster.ProfileRegional:
		return time.Second
	case cluster.ProfileSatellite:
		return 5 * time.Second
	default:
		return 300 * time.Millisecond
	}
}

// plan draws the schedule of a seed.
func plan(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 0x7669676965))
	s := schedule{Seed: seed, Nodes: 3, Spares: 2, Entries: 4 + r.IntN(6), Clients: 3 + r.IntN(4)}
	if r.IntN(4) == 0 {
		s.Nodes, s.Spares = 5, 1
	}
	between := func(lo, hi time.Duration) time.Duration { return lo + time.Duration(r.Int64N(int64(hi-lo)+1)) }
	switch r.IntN(10) {
	case 0, 1, 2:
		s.Profile, s.Length = cluster.ProfileLAN, between(40*time.Second, 90*time.Second)
		s.Latency, s.Jitter = between(100*time.Microsecond, 2*time.Millisecond), between(0, 3*time.Millisecond)
	case 3, 4, 5:
		s.Profile, s.Length = cluster.ProfileRegional, between(5*time.Minute, 15*time.Minute)
		s.Latency, s.Jitter = between(5*time.Millisecond, 50*time.Millisecond), between(0, 20*time.Millisecond)
	default:
		s.Profile, s.Length = cluster.ProfileSatellite, between(time.Hour, 3*time.Hour)
		s.Latency, s.Jitter = between(250*time.Millisecond, 350*time.Millisecond), between(0, 100*time.Millisecond)
	}
	if r.IntN(2) == 0 {
		s.Loss = 0.02 * r.Float64()
	}
	u := unit(s.Profile)
	s.SnapshotEvery, s.Trailing = uint64(8+r.IntN(40)), uint64(2+r.IntN(12))
	s.SnapshotCheck = between(2*u, 20*u)
	s.SegmentSize = 64 << 10 << r.IntN(3)
	s.SlowIndex = between(0, u/4)
	// About 160 operations of the clients in all, in bursts.
	s.Think = s.Length * time.Duration(s.Clients) / 160
	s.plan(r, u, between)
	return s
}

func (s *schedule) plan(r *rand.Rand, u time.Duration, between func(lo, hi time.Duration) time.Duration) {
	kinds := []kind{
		isolate, isolate, split, oneWay, deaf, mute, mute, slowLinks, slowLinks, lossy, crash, crash, tornWrite, tornWrite, powerCut,
		restart, clockJump, diskError, diskFull, slowDisk, transfer, transfer, join, remove,
	}
	removed, joined := false, 0
	for range 6 + r.IntN(14) {
		e := event{
			At: between(s.Length/20, s.Length*17/20), Kind: kinds[r.IntN(len(kinds))],
			A: leader, B: r.IntN(s.Nodes), Amount: r.Float64(),
		}
		if r.IntN(2) == 0 {
			e.A = r.IntN(s.Nodes)
		}
		e.For = between(u, 20*u)
		if r.IntN(4) == 0 {
			e.For = between(20*u, max(21*u, s.Length/4))
		}
		switch e.Kind {
		case slowLinks:
			e.Amount *= 4 * u.Seconds()
		case mute:
			e.A = leader
			e.Amount = (0.6 + 0.8*e.Amount) * u.Seconds()
			e.For = between(2*u, 6*u)
		case lossy:
			e.Amount *= 0.5
		case tornWrite:
			e.Amount = float64(1 + r.IntN(12))
		case clockJump:
			e.Amount = []float64{-1, 1}[r.IntN(2)] * []float64{1, 60, 500, 3600, 86400, 40 * 365 * 86400}[r.IntN(6)]
		case slowDisk:
			e.Amount *= 2 * u.Seconds()
		case split:
			e.B = 1 + r.IntN(s.Nodes-1)
			e.A = r.IntN(s.Nodes)
		case join:
			if joined == s.Spares {
				continue
			}
			e.A = joined
			joined++
		case remove:
			// One at most, so that three voters always are left to agree.
			if removed || s.Nodes < 5 {
				continue
			}
			removed = true
		}
		s.Events = append(s.Events, e)
	}
	slices.SortStableFunc(s.Events, func(a, b event) int { return int(a.At - b.At) })
}

// String is the schedule for people.
func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d nodes, %s, %s, snapshot each %d keeping %d, %d clients on %d entries\n",
		s.Seed, s.Nodes, s.Profile, s.Length.Round(time.Second), s.SnapshotEvery, s.Trailing, s.Clients, s.Entries)
	for _, e := range s.Events {
		a := fmt.Sprint(e.A)
		if e.A == leader {
			a = "leader"
		}
		fmt.Fprintf(&b, "  %9s %-10s A=%s B=%d amount=%.3g for %s\n", e.At.Round(time.Millisecond), e.Kind, a, e.B, e.Amount, e.For.Round(time.Millisecond))
	}
	return b.String()
}
