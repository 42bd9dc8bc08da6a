package cluster

import (
	"net/http/httptrace"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigie/watchlist"
)

func TestAgeAtStart(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for name, c := range map[string]struct {
		last int64
		note string
		want time.Duration
	}{
		"note":                     {ago(10 * day), strconv.FormatInt(ago(time.Hour), 10), time.Hour},
		"no note":                  {ago(10 * day), "", 10 * day},
		"damaged note":             {ago(10 * day), "x", 10 * day},
		"note from the future":     {ago(10 * day), strconv.FormatInt(ago(-time.Hour), 10), unknownAge},
		"clock behind the list":    {ago(-time.Hour), strconv.FormatInt(ago(time.Hour), 10), unknownAge},
		"no list yet":              {0, "", unknownAge},
		"note before any calendar": {ago(day), strconv.FormatInt(-1<<62, 10), unknownAge},
	} {
		dir := layout(t.TempDir())
		if err := os.Mkdir(dir.identity(), 0o700); err != nil {
			t.Fatal(err)
		}
		if c.note != "" {
			if err := os.WriteFile(dir.in(currentFile), []byte(c.note), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		up := time.Minute
		f := newFreshness(dir, now, c.last, func() time.Duration { return up }, func() uint64 { return 0 })
		up += time.Second
		if got := f.age(); got != c.want+time.Second {
			t.Errorf("%s: age %s, want %s", name, got, c.want+time.Second)
		}
		// The next run must not take this one's start for a moment of currency.
		f.save(now)
		if b, _ := os.ReadFile(dir.in(currentFile)); string(b) != c.note {
			t.Errorf("%s: the note became %q", name, b)
		}
	}
}

func TestAgeFollowsConfirmations(t *testing.T) {
	dir := layout(t.TempDir())
	if err := os.Mkdir(dir.identity(), 0o700); err != nil {
		t.Fatal(err)
	}
	up, applied := time.Hour, uint64(5)
	f := newFreshness(dir, time.Now(), 0, func() time.Duration { return up }, func() uint64 { return applied })
	want := func(step string, age time.Duration) {
		t.Helper()
		if got := f.age(); got != age {
			t.Errorf("%s: age %s, want %s", step, got, age)
		}
	}
	f.confirmed(confirmation{index: 5, at: up - time.Second})
	want("applied already", time.Second)
	up += 10 * time.Second
	f.confirmed(confirmation{index: 7, at: up - time.Second})
	want("not applied yet", 11*time.Second)
	up += time.Second
	f.confirmed(confirmation{index: 9, at: up})
	applied = 7
	want("the first of two applied", 2*time.Second)
	f.confirmed(confirmation{index: 7, at: up - time.Minute})
	want("an old one comes late", 2*time.Second)
	up += 8 * time.Hour // suspended
	want("suspended", 8*time.Hour+2*time.Second)
}

// TestResumedLeaderShowsItsAge: a leader that was suspended believes for a moment
// that it leads; its list must not look current.
func TestResumedLeaderShowsItsAge(t *testing.T) {
	var next atomic.Int64
	slept := make([]atomic.Int64, 3)
	c := newCluster(t, 3, func(cfg *Config) {
		mine := &slept[next.Add(1)-1]
		cfg.uptime = func() time.Duration { return uptime() + time.Duration(mine.Load()) }
	})
	c.leader().mustPut(1)
	for _, n := range []*testNode{c.leader(), c.followers()[0]} {
		c.eventually("current", func() bool { return n.node.Stamp().AgeMillis < 400 })
		c.net.isolate(n.addr)
		for i := range c.nodes {
			if c.nodes[i] == n {
				slept[i].Store(int64(time.Hour))
			}
		}
		if st := n.node.Stamp(); st.AgeMillis < time.Hour.Milliseconds() {
			t.Errorf("state %s after an hour of sleep: age %d ms", n.node.Status().State, st.AgeMillis)
		}
		c.net.heal(n.addr)
		c.eventually("current again", func() bool { return n.node.Stamp().AgeMillis < 600 })
	}
}

// TestSlowAnswerIsOld: the leader's answer counts from the question, however
// long it was under way.
func TestSlowAnswerIsOld(t *testing.T) {
	var slept atomic.Int64
	c := newCluster(t, 1, nil)
	leader := c.leader().node
	c.tune = func(cfg *Config) {
		cfg.Profile = ProfileSatellite // asks by itself once a minute only
		cfg.uptime = func() time.Duration { return uptime() + time.Duration(slept.Load()) }
	}
	f := c.join(watchlist.NodeNonvoter).node
	c.eventually("the follower is current", func() bool {
		_, err := f.askIndex(ctxFor(t), leader.ID(), indexRequest{})
		return err == nil && f.fresh.age() < 10*time.Second
	})
	sent := make(chan struct{})
	var once sync.Once
	ctx := httptrace.WithClientTrace(ctxFor(t), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { once.Do(func() { close(sent) }) }})
	leader.confirms.mu.Lock() // the leader's answer waits
	done := make(chan error, 1)
	go func() {
		_, err := f.askIndex(ctx, leader.ID(), indexRequest{Recent: true})
		done <- err
	}()
	<-sent
	slept.Store(int64(time.Hour))
	leader.confirms.mu.Unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if age := f.fresh.age(); age < time.Hour {
		t.Errorf("age %s after an answer that took an hour", age)
	}
}

// TestDeposedLeaderCannotProveItsTerm: what a paused leader still believes, and
// acknowledgements that were under way, prove nothing: voters are asked.
func TestDeposedLeaderCannotProveItsTerm(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	old := c.leader()
	term := old.node.rep.raft.CurrentTerm()
	if err := old.node.proveTerm(ctxFor(t), term); err != nil {
		t.Fatalf("the leader: %v", err)
	}
	if err := old.node.TransferLeadership(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	now := c.leader()
	if err := old.node.proveTerm(ctxFor(t), term); err == nil {
		t.Error("the former leader proved its old term")
	}
	if err := now.node.proveTerm(ctxFor(t), now.node.rep.raft.CurrentTerm()); err != nil {
		t.Errorf("the new leader: %v", err)
	}
	c.net.isolate(now.addr)
	if err := now.node.proveTerm(ctxFor(t), now.node.rep.raft.CurrentTerm()); err == nil {
		t.Error("a leader that is cut off proved its term")
	}
	c.net.heal(now.addr)
}
