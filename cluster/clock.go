package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/watchlist"
)

// processStart is where uptime counts from when there is no boot clock.
var processStart = time.Now()

const (
	// maxClockOffset is how far the leader's clock may lie off the median of the
	// voters' clocks. Clocks without NTP drift by seconds a day; a wrong year,
	// month or time zone is more than this.
	maxClockOffset = 10 * time.Minute
	// maxLoneJump is how far the wall clock may run ahead of the machine's uptime
	// while no other voter's clock is known. A machine that was paused, not
	// suspended, comes back with such a jump, a mistyped year with a longer one.
	maxLoneJump = 7 * 24 * time.Hour
	// maxIdleTime is the default of Config.MaxClockJump: longer than a cluster is
	// off, or without a write, between two seasons.
	maxIdleTime = 400 * 24 * time.Hour
)

// ErrClock: the leader does not stamp commands, because its clock is far from the
// other voters' or has jumped. Nothing was committed. It wraps
// watchlist.ErrNoLeader: leadership goes to a voter with a good clock if there
// is one, so another try may succeed.
var ErrClock = fmt.Errorf("the leader's clock is not trusted, set it right: %w", watchlist.ErrNoLeader)

// clockGuard decides whether this node's wall clock may stamp commands. A stamp
// can't be taken back: the cluster's time never falls, and entries, sessions and
// tokens end by it.
type clockGuard struct {
	now    func() time.Time
	uptime func() time.Duration
	// peers gives the clocks of the other voters as they should be now, Unix
	// milliseconds, as far as they are known.
	peers func() []int64
	jump  time.Duration // Config.MaxClockJump

	mu       sync.Mutex
	goodWall int64 // a wall time that was accepted, Unix ms
	goodUp   time.Duration
}

func newClockGuard(cfg *Config, peers func() []int64) *clockGuard {
	return &clockGuard{
		now: cfg.Now, uptime: cfg.uptime, peers: peers, jump: cfg.MaxClockJump,
		goodWall: cfg.Now().UnixMilli(), goodUp: cfg.uptime(),
	}
}

// stamp returns the wall time for a command, Unix milliseconds, or an error that
// wraps ErrClock. last is the time of the command before.
func (g *clockGuard) stamp(last int64) (int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	own := g.now().UnixMilli()
	up := g.uptime()
	if _, err := g.check(own, up, last); err != nil {
		return 0, err
	}
	g.goodWall, g.goodUp = own, up
	return own, nil
}

// judge is stamp without a command: how far the clock lies off the voters'
// median (0 when no other clock is known), and what is wrong with it.
func (g *clockGuard) judge(last int64) (time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.check(g.now().UnixMilli(), g.uptime(), last)
}

func (g *clockGuard) check(own int64, up time.Duration, last int64) (time.Duration, error) {
	middle, known := clockMedian(own, last, g.peers())
	if known {
		off := millis(own - middle)
		if off.Abs() > maxClockOffset {
			return off, fmt.Errorf("%w: it is %s off the voters' median", ErrClock, off.Round(time.Second))
		}
		return off, g.checkPause(own, last)
	}
	jump := millis(own-g.goodWall) - (up - g.goodUp)
	// A clock that said less than the last write was wrong, and may be set right.
	if jump > maxLoneJump && !wrongClock(g.goodWall, last) {
		return 0, fmt.Errorf("%w: it jumped ahead by %s; if it is right now, start the node again", ErrClock, jump.Round(time.Second))
	}
	return 0, g.checkPause(own, last)
}

// checkPause bounds the time between two commands, whatever other clocks say: all
// may follow one wrong time server.
func (g *clockGuard) checkPause(own, last int64) error {
	if ahead := millis(own - last); last > 0 && ahead > g.jump {
		return fmt.Errorf("%w: it is %s past the last write; if it is right, raise node.max_clock_jump", ErrClock, ahead.Round(time.Second))
	}
	return nil
}

// wrongClock reports whether a clock contradicts the time of a committed
// command: a dead clock battery. It counts for nothing.
func wrongClock(wall, last int64) bool { return wall < last-maxClockOffset.Milliseconds() }

// clockMedian is the median of the voters' clocks, this node's included, and
// whether another one than this node's is known. Of two in the middle it takes
// the earlier: time that stands still does less harm than time that ran ahead.
func clockMedian(own, last int64, others []int64) (int64, bool) {
	var all []int64
	for _, c := range others {
		if !wrongClock(c, last) {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	if !wrongClock(own, last) {
		all = append(all, own)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], true
}

func millis(ms int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(max(-most, min(ms, most))) * time.Millisecond
}

// peerClocks gives what the other voters' clocks should say now, from their last
// answers, as long as those are not too old.
func (n *Node) peerClocks() []int64 {
	var out []int64
	now := n.cfg.uptime()
	for _, s := range n.servers() {
		if s.Suffrage != raft.Voter || s.ID == raft.ServerID(n.id.Node) {
			continue
		}
		p := n.progress.get(watchlist.NodeID(s.ID))
		if age := now - p.up; p.Clock != 0 && age < 10*n.timing.poll {
			out = append(out, p.Clock+age.Milliseconds())
		}
	}
	return out
}

// learnClocks waits, for a short time, until enough of the other voters' clocks
// are known to make a majority with this node's. A leader does so before the
// first stamp of its term.
func (n *Node) learnClocks(ctx context.Context) {
	voters := 0
	for _, s := range n.servers() {
		if s.Suffrage == raft.Voter {
			voters++
		}
	}
	enough := func() bool { return len(n.peerClocks()) >= voters/2 }
	if enough() {
		return
	}
	select {
	case n.pollNow <- struct{}{}:
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, n.askTimeout())
	defer cancel()
	_ = n.until(ctx, enough) // stamp decides with what is known
}

// watchClock tells the operator about a wrong clock, and as the leader gives way
// to a voter whose clock is right.
func (n *Node) watchClock(ctx context.Context) {
	last, err := n.rep.reg.Clock()
	if err != nil {
		n.log.Warn("the cluster's clock could not be read", "error", err)
		return
	}
	off, err := n.clock.judge(last)
	if was := n.clockBad.Swap(err != nil); err == nil {
		if was {
			n.log.Info("this node's clock is right again")
		}
		return
	} else if !was {
		n.log.Error("this node's clock is wrong; it stamps no commands", "offset", off.String(), "error", err)
	}
	if !n.leads() || off == 0 {
		return
	}
	right := n.cfg.Now().Add(-off).UnixMilli()
	fit := func(p progressReply) bool { return millis(p.Clock-right).Abs() <= maxClockOffset }
	ctx, cancel := context.WithTimeout(ctx, n.electionWait())
	defer cancel()
	if err := n.handOver(ctx, fit); err != nil {
		n.log.Warn("leadership could not be given to a voter with a right clock", "error", err)
	}
}
