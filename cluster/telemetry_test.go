package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"vigie/watchlist"
)

func TestQuantilesOfTheLast(t *testing.T) {
	d := &newTelemetry().commit
	if p50, p99 := d.quantiles(); p50 != 0 || p99 != 0 {
		t.Errorf("of nothing: %v, %v", p50, p99)
	}
	d.took(time.Second)
	if p50, p99 := d.quantiles(); p50 != time.Second || p99 != time.Second {
		t.Errorf("of one: %v, %v", p50, p99)
	}
	for i := range kept {
		d.took(time.Duration(i+1) * time.Millisecond) // the second is forgotten
	}
	if p50, p99 := d.quantiles(); p50 != 128*time.Millisecond || p99 != 254*time.Millisecond {
		t.Errorf("%v, %v", p50, p99)
	}
}

func TestOutcomes(t *testing.T) {
	for _, x := range []struct {
		err  error
		want string
	}{
		{nil, outcomeCommitted},
		{fmt.Errorf("x: %w", watchlist.ErrNoLeader), outcomeNoLeader},
		{fmt.Errorf("%w: %w", watchlist.ErrNoLeader, watchlist.ErrDiskFull), outcomeDisk},
		{watchlist.ErrDiskStuck, outcomeDisk},
		{watchlist.ErrOverloaded, outcomeOverloaded},
		{fmt.Errorf("%w: %w", watchlist.ErrOutcomeUnknown, context.Canceled), outcomeUnknown},
		{errors.New("x"), outcomeOther},
	} {
		tel := newTelemetry()
		tel.proposed(time.Millisecond, x.err)
		for name, n := range tel.proposals {
			if got := n.Load(); (name == x.want) != (got == 1) {
				t.Errorf("%v: %d of %s, want one of %s", x.err, got, name, x.want)
			}
		}
		if p50, _ := tel.commit.quantiles(); (p50 > 0) != (x.err == nil) {
			t.Errorf("%v: timed %v", x.err, p50)
		}
	}
}

// TestTimeWithoutALeader counts gaps, each once, and the one that is on.
func TestTimeWithoutALeader(t *testing.T) {
	tel := newTelemetry()
	zero := tel.since
	at := func(s int) time.Time { return zero.Add(time.Duration(s) * time.Second) }
	type step struct {
		by   watchlist.NodeID
		s    int
		news bool
		gap  time.Duration
	}
	for _, x := range []step{{"", 1, false, 0}, {"a", 2, true, 2 * time.Second}, {"a", 3, false, 0}, {"b", 4, true, 0}, {"", 10, true, 0}, {"b", 11, true, time.Second}, {"", 20, true, 0}} {
		if news, gap := tel.led(x.by, at(x.s)); news != x.news || gap != x.gap {
			t.Errorf("%+v: %v, %v", x, news, gap)
		}
	}
	r := tel.report(at(25))
	if r.LeaderChanges != 3 || r.Leaderless != 8*time.Second || !r.LeaderSince.Equal(at(20)) {
		t.Errorf("%+v", r)
	}
}

// lockedBuffer is a log that several nodes write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestCountsOfACluster writes, takes snapshots and moves leadership; metrics,
// status and events tell of it.
func TestCountsOfACluster(t *testing.T) {
	var log lockedBuffer
	var mu sync.Mutex
	regs := map[string]*prometheus.Registry{} // by data folder
	c := newCluster(t, 3, func(cfg *Config) {
		cfg.SnapshotThreshold, cfg.SnapshotInterval, cfg.TrailingLogs = 5, 20*time.Millisecond, 1000
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		reg := prometheus.NewPedanticRegistry()
		mu.Lock()
		defer mu.Unlock()
		cfg.Registerer, regs[cfg.DataDir] = reg, reg
	})
	leader := c.leader()
	const writes = 20
	for i := range writes {
		leader.mustPut(i)
	}
	c.sameState()
	c.eventually("no snapshot was written", func() bool { return leader.node.Status().Replication.Snapshots > 0 })
	leader = c.leader()
	if err := leader.node.TransferLeadership(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	c.eventually("the old leader hears of no other one", func() bool { return leader.node.Status().Replication.LeaderChanges >= 2 })
	got := map[string]float64{} // of all nodes together
	mu.Lock()
	for _, reg := range regs {
		for name, v := range samples(t, reg) {
			got[name] += v
		}
	}
	mu.Unlock()
	for name, least := range map[string]float64{
		"elections_won_total": 1, "leader_changes_total": 2, "applied_entries_total": writes, "snapshots_total": 1, "snapshot_bytes": 1000,
		"snapshot_index": 5, `proposals_total{outcome="committed"}`: writes, "commit_seconds_count": writes, "apply_seconds_count": 5, "snapshot_freeze_seconds_count": 1,
		"leaderless_seconds_total": 0.0001,
	} {
		if got["vigie_cluster_"+name] < least {
			t.Errorf("%s is %v, want at least %v", name, got["vigie_cluster_"+name], least)
		}
	}
	c.eventually("the members' lists don't become current", func() bool {
		for _, m := range leader.node.Status().Members {
			if m.ListAge < 0 || m.ListAge > time.Minute {
				return false
			}
		}
		return true
	})
	for _, m := range leader.node.Status().Members {
		if _, ok := got[fmt.Sprintf(`vigie_cluster_member_lag_entries{name=%q,node=%q}`, m.Name, m.ID)]; !ok {
			t.Errorf("no metrics of %s", m.Name)
		}
	}
	for _, n := range c.nodes {
		r := n.node.Status().Replication
		if (r.Commits > 0) != (r.CommitP50 > 0) || r.CommitP99 < r.CommitP50 || r.ApplyP50 <= 0 || r.LeaderSince.IsZero() || r.NotWritten != 0 {
			t.Errorf("%+v", r)
		}
	}
	for _, event := range []string{"event=election_won", "event=leader ", "event=snapshot "} {
		if !strings.Contains(log.String(), event) {
			t.Errorf("the log has no %s", event)
		}
	}
	if strings.Contains(log.String(), "PLANTED") {
		t.Error("the log names somebody")
	}
}

// samples gives every sample by its name with labels, of histograms the count.
func samples(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			if h := m.GetHistogram(); h != nil {
				out[name+"_count"] = float64(h.GetSampleCount())
				continue
			}
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			out[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}

// TestEveryMetricIsDescribed: the collector sends what it describes, all of it.
func TestEveryMetricIsDescribed(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	newCluster(t, 1, func(cfg *Config) { cfg.Registerer = reg })
	got := map[string]bool{}
	for name := range samples(t, reg) {
		name, _, _ = strings.Cut(name, "{")
		got[strings.TrimPrefix(strings.TrimSuffix(name, "_count"), "vigie_cluster_")] = true
	}
	want := map[string]bool{"proposals_total": true}
	for _, list := range []map[string]string{metricHelp, counterHelp, memberHelp} {
		for name, help := range list {
			want[name] = help != ""
		}
	}
	for name, help := range durationHelp {
		want[name+"_seconds"] = help != ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestListAge: a member that is silent has a list that grows older.
func TestListAge(t *testing.T) {
	p := progressSeen{progressReply: progressReply{AgeMs: 1500}, ok: true}
	if got := listAge(p, time.Minute); got != 1500*time.Millisecond {
		t.Errorf("heard: %v", got)
	}
	p.ok = false
	if got := listAge(p, time.Minute); got != 61500*time.Millisecond {
		t.Errorf("silent: %v", got)
	}
}
