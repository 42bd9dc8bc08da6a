package cluster

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

const day = 24 * time.Hour

func TestClockGuard(t *testing.T) {
	base := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) int64 { return base.Add(d).UnixMilli() }
	year := 365 * day
	for name, c := range map[string]struct {
		own, last time.Duration // past base
		others    []time.Duration
		first     time.Duration // what the clock said when the node started
		running   time.Duration // since the start
		refused   bool
		offset    time.Duration
	}{
		"alone":                              {own: time.Hour, running: time.Hour},
		"alone, clock set back":              {own: -time.Hour, running: time.Minute},
		"alone, paused over a weekend":       {own: 3 * day, running: time.Minute},
		"alone, a year too many":             {own: year, running: time.Minute, refused: true},
		"alone, suspended for a year":        {own: year, running: year},
		"alone, dead battery set right":      {first: -56 * year, own: 20 * day, running: time.Minute},
		"alone, started after two years":     {first: 2 * year, own: 2 * year, refused: true},
		"alone, started after a year":        {first: year, own: year},
		"two agree":                          {others: []time.Duration{0, time.Minute}, own: 2 * time.Minute, offset: time.Minute},
		"far ahead of two":                   {others: []time.Duration{0, time.Minute}, first: 80 * year, own: 80 * year, refused: true, offset: 80*year - time.Minute},
		"one hour behind two":                {others: []time.Duration{time.Hour, time.Hour}, own: 0, refused: true, offset: -time.Hour},
		"ahead of the only other":            {others: []time.Duration{0}, own: time.Hour, refused: true, offset: time.Hour},
		"behind the only other":              {others: []time.Duration{time.Hour}, own: 0},
		"the only other has a dead battery":  {others: []time.Duration{-56 * year}, own: time.Minute},
		"one of two has a dead battery":      {others: []time.Duration{-56 * year, 0}, own: time.Minute, offset: time.Minute},
		"one of two far ahead":               {others: []time.Duration{80 * year, 0}, own: time.Minute},
		"own battery dead, others right":     {others: []time.Duration{0, 0}, first: -56 * year, own: -56 * year, refused: true, offset: -56 * year},
		"a weekend's pause, others agree":    {others: []time.Duration{20 * day, 20 * day}, own: 20 * day, running: time.Minute},
		"all ahead by two years":             {others: []time.Duration{2 * year, 2 * year}, own: 2 * year, refused: true},
		"own battery dead and alone: stands": {first: -56 * year, own: -56 * year},
	} {
		t.Run(name, func(t *testing.T) {
			wall, up := base.Add(c.first), time.Hour
			cfg := &Config{Now: func() time.Time { return wall }, uptime: func() time.Duration { return up }, MaxClockJump: maxIdleTime}
			g := newClockGuard(cfg, func() (out []int64) {
				for _, o := range c.others {
					out = append(out, at(o))
				}
				return out
			})
			wall, up = base.Add(c.own), up+c.running
			off, err := g.judge(at(c.last))
			if errors.Is(err, ErrClock) != c.refused || errors.Is(err, watchlist.ErrNoLeader) != c.refused {
				t.Errorf("judge: %v, want refused %v", err, c.refused)
			}
			if off != c.offset {
				t.Errorf("offset %s, want %s", off, c.offset)
			}
			if _, err := g.stamp(at(c.last)); (err != nil) != c.refused {
				t.Errorf("stamp: %v, want refused %v", err, c.refused)
			}
		})
	}
}

// TestLeaderWithWrongClockGivesWay: no command gets a time far ahead, writes go
// on under a leader with a right clock, and the operator is told.
func TestLeaderWithWrongClockGivesWay(t *testing.T) {
	t.Parallel()
	var next atomic.Int64
	skew := make([]atomic.Int64, 3)
	c := newCluster(t, 3, func(cfg *Config) {
		mine := &skew[next.Add(1)-1]
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(mine.Load())) }
	})
	old := c.leader()
	old.mustPut(1)
	c.eventually("the leader knows the others' clocks", func() bool { return len(old.node.peerClocks()) == 2 })
	for i, n := range c.nodes {
		if n == old {
			skew[i].Store(int64(90 * day)) // within the life of the certificates
		}
	}
	env := command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(2)})
	// ErrNoLeader if it has given way already.
	if _, err := old.node.proposals.apply(ctxFor(t), env); !errors.Is(err, watchlist.ErrNoLeader) {
		t.Errorf("a write with a time 90 days ahead: %v, want ErrClock", err)
	}
	c.eventually("a node with a right clock leads", func() bool { return c.leader() != old })
	old.mustPut(3) // forwarded
	clock, err := c.leader().node.Registry().Clock()
	if err != nil || time.UnixMilli(clock).After(time.Now().Add(time.Hour)) {
		t.Errorf("the cluster's time is %s, %v", time.UnixMilli(clock), err)
	}
	if st := old.node.Status(); st.ClockProblem == "" || st.ClockOffsetMillis < (89*day).Milliseconds() {
		t.Errorf("status: offset %d ms, problem %q", st.ClockOffsetMillis, st.ClockProblem)
	}
}

// TestLoneClockJump: a single node refuses a jump, and goes on once its clock is
// right.
func TestLoneClockJump(t *testing.T) {
	var skew atomic.Int64
	c := newCluster(t, 1, func(cfg *Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
	})
	n := c.leader()
	n.mustPut(1)
	skew.Store(int64(80 * 365 * day))
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	env := command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(2)})
	if _, err := n.node.Propose(ctx, env); !errors.Is(err, ErrClock) {
		t.Errorf("a jump of 80 years: %v, want ErrClock", err)
	}
	skew.Store(0)
	n.mustPut(3)
}
