package disk

import (
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func watchTest(t *testing.T, dir string, l Limits) *Monitor {
	t.Helper()
	m, err := Watch(dir, l, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(m.Close)
	return m
}

func TestHungAndBack(t *testing.T) {
	m := watchTest(t, t.TempDir(), Limits{Hung: 100 * time.Millisecond, Slow: 90 * time.Millisecond, Reserve: -1, Low: 1})
	if s := m.State(); s != Healthy {
		t.Fatalf("a new disk is %s", s)
	}
	end := m.Begin(true)
	eventually(t, "a write that stays out is not seen", func() bool { return m.State() == Hung })
	if err := m.Writable(); err == nil {
		t.Error("writes are promised on a hung disk")
	}
	end(nil)
	eventually(t, "the disk answers again", func() bool { return m.State() != Hung })
}

func TestSlowHasTwoEdges(t *testing.T) {
	m := unwatched()
	m.limits.Low = 0
	sync := func(n int, d time.Duration) {
		for range n {
			m.noteSync(time.Now(), d)
		}
		m.judge()
	}
	var got []State
	for _, step := range []struct {
		n int
		d time.Duration
	}{{8, time.Millisecond}, {2, time.Second}, {1, time.Second}, {5, time.Millisecond}, {2, time.Millisecond}, {1, time.Millisecond}} {
		sync(step.n, step.d)
		got = append(got, m.State())
	}
	if d := cmp.Diff([]State{Healthy, Healthy, Slow, Slow, Slow, Healthy}, got); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
}

func TestErrorsAndDamage(t *testing.T) {
	m := unwatched()
	m.limits.Low = 0
	m.Begin(false)(syscall.EIO)
	m.judge()
	if s := m.Status(); s.State != Failing || s.Errors != 1 {
		t.Errorf("after an I/O error: %+v", s)
	}
	m.Damage("log", "the log is damaged")
	m.Damage("registry", "the list is damaged")
	if s := m.Status(); s.State != Corrupt || s.Problem != "the log is damaged; the list is damaged" {
		t.Errorf("damaged: %+v", s)
	}
	m.Mended("log")
	m.Mended("registry")
	if s := m.State(); s != Failing {
		t.Errorf("mended: %s", s)
	}
}
