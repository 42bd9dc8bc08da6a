package disk

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vigie/watchlist"
)

const (
	// watchEvery is how often the state is judged, spaceEvery how often the free
	// space is read.
	watchEvery = 100 * time.Millisecond
	spaceEvery = 250 * time.Millisecond
)

// ErrHung: the disk does not answer, so a write can't be promised. It wraps
// watchlist.ErrDiskStuck.
var ErrHung = fmt.Errorf("a write has not come back: %w", watchlist.ErrDiskStuck)

// Monitor watches one file system. Close it to end its goroutines.
type Monitor struct {
	dir    string
	log    *slog.Logger
	limits Limits
	stop   chan struct{}
	kick   chan struct{} // asks for a look at the space now
	wg     sync.WaitGroup
	once   sync.Once
	full   atomic.Bool

	mu       sync.Mutex
	next     uint64
	pending  map[uint64]time.Time
	syncs    []time.Duration // the last ones, the oldest first
	lastSync time.Time
	noSpace  bool      // the kernel refused a write; until there is room again
	released bool      // the reserve was given up; until it is made again
	ioAt     time.Time // the last I/O error
	damage   map[string]string
	status   Status
}

// Watch begins to watch the file system of dir, which must exist, and makes the
// reserve file in it.
func Watch(dir string, limits Limits, log *slog.Logger) (*Monitor, error) {
	size, free, err := space(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the free space: %w", err)
	}
	limits.fill(size)
	m := &Monitor{
		dir: dir, log: log, limits: limits, stop: make(chan struct{}), kick: make(chan struct{}, 1),
		pending: make(map[uint64]time.Time), damage: make(map[string]string),
	}
	m.status = Status{Since: time.Now(), Size: size, Free: free}
	m.released = m.limits.Reserve > 0
	if err := os.Remove(m.path(probeFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing the probe of an earlier run: %w", err)
	}
	if free >= m.low() {
		m.refill(free)
	}
	m.judge()
	m.wg.Go(m.watch)
	m.wg.Go(m.probe)
	return m, nil
}

// unwatched is a Monitor for a log that is open for a moment only: it times, and
// nothing judges.
func unwatched() *Monitor {
	m := &Monitor{log: slog.New(slog.DiscardHandler), pending: make(map[uint64]time.Time), damage: make(map[string]string)}
	m.limits.fill(0)
	return m
}

// Close ends the watching. A probe that hangs is not waited for.
func (m *Monitor) Close() {
	m.once.Do(func() {
		close(m.stop)
		done := make(chan struct{})
		go func() {
			m.wg.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(m.limits.Slow):
		}
	})
}

// Begin says that a write or a sync begins; the returned function says how it
// ended and must be called once. syncs among them count for Slow. A refusal for
// want of space releases the reserve before that function returns.
func (m *Monitor) Begin(sync bool) (end func(error)) {
	if m == nil {
		return func(error) {}
	}
	begin := time.Now()
	m.mu.Lock()
	id := m.next
	m.next++
	m.pending[id] = begin
	m.mu.Unlock()
	return func(err error) {
		now := time.Now()
		m.mu.Lock()
		delete(m.pending, id)
		if sync {
			m.noteSync(now, now.Sub(begin))
		}
		release := m.noteError(now, err)
		m.mu.Unlock()
		if release {
			m.release()
		}
	}
}

// noteSync wants m.mu.
func (m *Monitor) noteSync(now time.Time, took time.Duration) {
	m.lastSync = now
	if m.syncs = append(m.syncs, took); len(m.syncs) > window {
		m.syncs = m.syncs[1:]
	}
}

// noteError wants m.mu; it reports whether the reserve is to be released.
func (m *Monitor) noteError(now time.Time, err error) (release bool) {
	if err == nil {
		return false
	}
	m.status.Errors++
	switch {
	case outOfSpace(err):
		m.noSpace = true
		release = !m.released && m.limits.Reserve > 0
		m.released = m.limits.Reserve > 0
		m.full.Store(true)
	case ioError(err):
		m.ioAt = now
	}
	return release
}

// Damage says that a part of the data was read back wrong; text is for the
// operator and says what to do. The disk stays Corrupt until Mended is called for
// every part.
func (m *Monitor) Damage(part, text string) {
	m.mu.Lock()
	_, known := m.damage[part]
	m.damage[part] = text
	m.mu.Unlock()
	if !known {
		m.log.Error("data on the disk is damaged", "event", "disk_damage", "part", part, "detail", text)
	}
	m.judge()
}

// Mended takes a Damage back.
func (m *Monitor) Mended(part string) {
	m.mu.Lock()
	_, known := m.damage[part]
	delete(m.damage, part)
	m.mu.Unlock()
	if known {
		m.log.Info("damaged data was mended", "event", "disk_mended", "part", part)
	}
	m.judge()
}

// Room is nil while there is room for new data, and an error that wraps
// watchlist.ErrDiskFull otherwise. It reads memory only.
func (m *Monitor) Room() error {
	if m == nil || !m.full.Load() {
		return nil
	}
	select {
	case m.kick <- struct{}{}: // there may be room again
	default:
	}
	s := m.Status()
	return fmt.Errorf("%w: %d MiB free of %d MiB", watchlist.ErrDiskFull, s.Free>>20, s.Size>>20)
}

// Answers is nil unless the disk hangs; then it is ErrHung.
func (m *Monitor) Answers() error {
	if m.State() == Hung {
		return ErrHung
	}
	return nil
}

// Writable is nil while a write can be promised: the disk answers and has room.
func (m *Monitor) Writable() error {
	if err := m.Answers(); err != nil {
		return err
	}
	return m.Room()
}

// State is Status().State.
func (m *Monitor) State() State {
	if m == nil {
		return Healthy
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status.State
}

// Limits are those in use.
func (m *Monitor) Limits() Limits { return m.limits }

// Status reports from memory.
func (m *Monitor) Status() Status {
	if m == nil {
		return Status{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.status
	s.Pending = m.oldest(time.Now())
	if n := len(m.syncs); n > 0 {
		sorted := slices.Sorted(slices.Values(m.syncs))
		s.Median, s.Worst = sorted[n/2], sorted[n-1]
	}
	if !m.released {
		s.Reserve = m.limits.Reserve
	}
	return s
}

// oldest is the age of the oldest write that is out; it wants m.mu.
func (m *Monitor) oldest(now time.Time) time.Duration {
	var age time.Duration
	for _, begin := range m.pending {
		age = max(age, now.Sub(begin))
	}
	return age
}

func (m *Monitor) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.judge()
		case <-m.stop:
			return
		}
	}
}

// judge brings the state up to date and tells the log of a change.
func (m *Monitor) judge() {
	now := time.Now()
	m.mu.Lock()
	old := m.status.State
	state, problem := m.assess(now)
	m.full.Store(m.noSpace || state == Full)
	m.status.Problem = problem
	if state != old {
		m.status.State, m.status.Since = state, now
		m.status.Changes++
	}
	free := m.status.Free
	m.mu.Unlock()
	switch {
	case state == old:
	case state == Healthy:
		m.log.Info("the disk is healthy again", "event", "disk_state", "from", old.String(), "to", state.String(), "free_bytes", free)
	default:
		m.log.Error("the disk is not healthy; matching goes on", "event", "disk_state", "from", old.String(), "to", state.String(), "problem", problem, "free_bytes", free)
	}
}

// assess wants m.mu. Each state is left later than it is entered: a disk on the
// edge must not make leadership wander.
func (m *Monitor) assess(now time.Time) (State, string) {
	was := m.status.State
	out := m.oldest(now)
	hung := m.limits.Hung
	if was == Hung {
		hung = m.limits.Slow
	}
	switch {
	case len(m.damage) > 0:
		parts := slices.Sorted(maps.Keys(m.damage))
		texts := make([]string, len(parts))
		for i, p := range parts {
			texts[i] = m.damage[p]
		}
		return Corrupt, strings.Join(texts, "; ")
	case out >= hung:
		return Hung, fmt.Sprintf("a write has been out for %s", out.Round(100*time.Millisecond))
	case !m.ioAt.IsZero() && now.Sub(m.ioAt) < failingFor:
		return Failing, "the kernel reports I/O errors: see dmesg"
	case m.noSpace || m.status.Free < m.lowFor(was):
		return Full, fmt.Sprintf("%d MiB free of %d MiB", m.status.Free>>20, m.status.Size>>20)
	case m.isSlow(was):
		return Slow, fmt.Sprintf("several of the last syncs took %s or longer", m.limits.Slow)
	}
	return Healthy, ""
}

// isSlow wants m.mu.
func (m *Monitor) isSlow(was State) bool {
	limit, enough := m.limits.Slow, slowEnter
	if was == Slow || was == Hung {
		limit, enough = limit/2, 1
	}
	over := 0
	for _, d := range m.syncs {
		if d >= limit {
			over++
		}
	}
	return over >= enough
}

func (m *Monitor) low() int64 { return m.limits.Low }

// lowFor is the watermark: half as much again must be free to leave Full, and the
// reserve besides once it was given up.
func (m *Monitor) lowFor(was State) int64 {
	if was != Full {
		return m.limits.Low
	}
	need := m.limits.Low + m.limits.Low/2
	if m.released {
		need += m.limits.Reserve
	}
	return need
}
