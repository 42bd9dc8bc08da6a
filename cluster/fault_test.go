package cluster

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestAgeBridgesRestart: a node that starts alone must not present an old list
// as new.
func TestAgeBridgesRestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, nil)
	n := c.followers()[0]
	c.eventually("current", func() bool { return n.node.Stamp().AgeMillis < 500 })
	c.stopAll()
	if _, err := os.ReadFile(layout(n.dir).in(currentFile)); err != nil {
		t.Fatal(err)
	}
	off := 3 * time.Hour
	c.tune = func(cfg *Config) { cfg.Now = func() time.Time { return time.Now().Add(off) } }
	n.start()
	st := n.node.Stamp()
	if st.Connected || st.AgeMillis < off.Milliseconds() {
		t.Errorf("age %d ms, connected %v; want at least %d and false", st.AgeMillis, st.Connected, off.Milliseconds())
	}
	n.stop()
	// A clock that went backwards must not make the age negative.
	ahead := strconv.FormatInt(time.Now().Add(24*365*time.Hour).UnixMilli(), 10)
	if err := os.WriteFile(layout(n.dir).in(currentFile), []byte(ahead), 0o600); err != nil {
		t.Fatal(err)
	}
	n.start()
	if got := n.node.Stamp().AgeMillis; got < unknownAge.Milliseconds() {
		t.Errorf("age %d ms with a note from the future; want unknown", got)
	}
	n.stop()
	// Without a note the age is that of the last command at least.
	if err := os.Remove(layout(n.dir).in(currentFile)); err != nil {
		t.Fatal(err)
	}
	n.start()
	if got := n.node.Stamp().AgeMillis; got < off.Milliseconds() {
		t.Errorf("age %d ms without a note; want at least %d", got, off.Milliseconds())
	}
}

// TestStampedTimeNeverFalls: a leader whose clock is behind goes on from the
// cluster's time.
func TestStampedTimeNeverFalls(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	n := c.nodes[0]
	n.mustPut(1)
	first, err := n.node.Registry().Entry(testEntry(1).ID)
	if err != nil {
		t.Fatal(err)
	}
	n.stop()
	c.tune = func(cfg *Config) { cfg.Now = func() time.Time { return time.Unix(1000, 0) } }
	n.start()
	c.leader()
	n.mustPut(2)
	second, err := n.node.Registry().Entry(testEntry(2).ID)
	if err != nil {
		t.Fatal(err)
	}
	if second.CreatedAt < first.CreatedAt {
		t.Errorf("stamped %d after %d", second.CreatedAt, first.CreatedAt)
	}
}

func TestBackgroundPanicIsSurvived(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[0].node
	if n.survive(t.Context(), "test", func(context.Context) { panic("boom") }) {
		t.Error("a panic counted as the end of the work")
	}
	c.nodes[0].mustPut(1)
}
