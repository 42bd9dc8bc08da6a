package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"vigie/watchlist"
)

// Sizes and counts.
const (
	defaultSegment = 8 << 20
	queueLen       = 1024
	// maxBatch bounds how many events share one write.
	maxBatch = 1024
)

// ErrClosed: the log was closed.
var ErrClosed = errors.New("audit log is closed")

// Options sets up a Log.
type Options struct {
	Sealer Sealer
	// Node is noted in each segment.
	Node   watchlist.NodeID
	Logger *slog.Logger
	// Watch, when not nil, is called before each write of events, with true since
	// it is synced; what it returns is called after. Ready, when not nil, refuses
	// events that the disk would not take in time.
	Watch func(sync bool) (end func(error))
	Ready func() error
	// SegmentSize is where a new segment begins, bytes; 0 means 8 MiB.
	SegmentSize int64
	// Now is the clock; nil means time.Now. Stamped times never fall.
	Now func() time.Time
}

// Log is an open audit log. One process at a time may hold a folder open.
type Log struct {
	dir  string
	opt  Options
	reqs chan request
	stop chan struct{}
	wg   sync.WaitGroup
	once sync.Once

	gate   sync.RWMutex // held for reading while an event is queued
	closed bool

	// Writer goroutine only.
	f         *os.File
	end       position
	off       int64
	unsettled bool // what follows off was never confirmed and must go first

	headWake chan struct{}

	mu      sync.RWMutex
	durable position // what Append has promised
	tailOff int64    // its end in the last segment
	firsts  []uint64 // first event of each segment
	broken  error    // set once a write can't be taken back
	cut     int64
}

type request struct {
	ev   watchlist.AuditEvent
	done chan response
}

type response struct {
	seq uint64
	err error
}

// Open opens or makes the log in dir. It verifies the last segment and the
// head; Verify checks all. Bytes of a record that was never acknowledged (power
// cut) are cut off, logged and counted by Cut; any other damage is a
// *CorruptError, and the log does not open.
func Open(dir string, opt Options) (*Log, error) {
	if opt.SegmentSize == 0 {
		opt.SegmentSize = defaultSegment
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Watch == nil {
		opt.Watch = func(bool) func(error) { return func(error) {} }
	}
	if opt.Ready == nil {
		opt.Ready = func() error { return nil }
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the audit folder: %w", diskError(err))
	}
	l := &Log{
		dir: dir, opt: opt,
		reqs: make(chan request, queueLen), stop: make(chan struct{}), headWake: make(chan struct{}, 1),
	}
	hf, err := l.recover()
	if err != nil {
		return nil, err
	}
	l.stockUp()
	l.wg.Go(l.write)
	l.wg.Go(func() { l.writeHeads(hf) })
	return l, nil
}

// Cut is how many bytes of an unacknowledged record Open removed.
func (l *Log) Cut() int64 { return l.cut }

// Count is the number of the last durable event.
func (l *Log) Count() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.durable.seq
}

// Head returns the number and the chain hash of the last durable event.
func (l *Log) Head() (uint64, []byte) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.durable.seq, append([]byte(nil), l.durable.hash...)
}

// Append adds an event and returns its number once it is on disk and chained.
// Seq, Prev and Time of ev are set by the log. An error leaves the log usable: what
// was written for it is taken back before the next event, which fails as long as
// that does. When ctx ends first, the event may still be written.
func (l *Log) Append(ctx context.Context, ev watchlist.AuditEvent) (uint64, error) {
	if err := l.opt.Ready(); err != nil {
		return 0, fmt.Errorf("appending an audit event: %w", err)
	}
	r := request{ev: ev, done: make(chan response, 1)}
	if err := l.enqueue(ctx, r); err != nil {
		return 0, err
	}
	select {
	case resp := <-r.done:
		return resp.seq, resp.err
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for an audit event: %w", ctx.Err())
	}
}

// enqueue gives an event to the writer, which answers every one that it got:
// Close stops the writer only when no event is on its way.
func (l *Log) enqueue(ctx context.Context, r request) error {
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.closed {
		return ErrClosed
	}
	select {
	case l.reqs <- r:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("queueing an audit event: %w", ctx.Err())
	}
}

// Close writes what is queued and the final head. Later Appends fail with
// ErrClosed.
func (l *Log) Close() error {
	var err error
	l.once.Do(func() {
		l.gate.Lock()
		l.closed = true
		l.gate.Unlock()
		close(l.stop)
		l.wg.Wait()
		err = l.f.Close()
	})
	return err
}
