package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
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

	// Writer goroutine only.
	f   *os.File
	end position
	off int64

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
// Seq, Prev and Time of ev are set by the log. An error that wraps
// watchlist.ErrDiskFull leaves the log usable; after a failed sync every later
// Append fails, since nobody knows what the disk holds. When ctx ends first, the
// event may still be written.
func (l *Log) Append(ctx context.Context, ev watchlist.AuditEvent) (uint64, error) {
	r := request{ev: ev, done: make(chan response, 1)}
	select {
	case <-l.stop: // checked first: a closed log must not take the event
		return 0, ErrClosed
	default:
	}
	select {
	case l.reqs <- r:
	case <-l.stop:
		return 0, ErrClosed
	case <-ctx.Done():
		return 0, fmt.Errorf("queueing an audit event: %w", ctx.Err())
	}
	select {
	case resp := <-r.done:
		return resp.seq, resp.err
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for an audit event: %w", ctx.Err())
	}
}

// Close writes what is queued and the final head. Later Appends fail with
// ErrClosed.
func (l *Log) Close() error {
	var err error
	l.once.Do(func() {
		close(l.stop)
		l.wg.Wait()
		err = l.f.Close()
	})
	return err
}

// write is the writer goroutine.
func (l *Log) write() {
	batch := make([]request, 0, maxBatch)
	for {
		batch = batch[:0]
		select {
		case r := <-l.reqs:
			batch = append(batch, r)
		case <-l.stop:
			select {
			case r := <-l.reqs: // queued before Close
				batch = append(batch, r)
			default:
				close(l.headWake)
				return
			}
		}
	more:
		for len(batch) < maxBatch {
			select {
			case r := <-l.reqs:
				batch = append(batch, r)
			default:
				break more
			}
		}
		l.commit(batch)
	}
}

// commit writes a batch, syncs, and answers every request in it.
func (l *Log) commit(batch []request) {
	defer func() {
		if v := recover(); v != nil {
			l.opt.Logger.Error("audit log: writer panicked", "stack", string(debug.Stack()))
			l.fail(errors.New("audit log: writer panicked"))
			answer(batch, response{err: errors.New("audit log: writer panicked")})
		}
	}()
	l.mu.RLock()
	broken := l.broken
	l.mu.RUnlock()
	if broken != nil {
		answer(batch, response{err: broken})
		return
	}
	if l.off >= l.opt.SegmentSize {
		if err := l.rotate(); err != nil {
			answer(batch, response{err: err})
			return
		}
	}
	buf, next, seqs := l.encode(batch)
	if err := l.store(buf); err != nil {
		answer(batch, response{err: err})
		return
	}
	l.end = next
	l.off += int64(len(buf))
	l.mu.Lock()
	l.durable, l.tailOff = l.end, l.off
	l.mu.Unlock()
	for i, r := range batch {
		r.done <- seqs[i]
	}
	select {
	case l.headWake <- struct{}{}:
	default:
	}
}

func answer(batch []request, resp response) {
	for _, r := range batch {
		select {
		case r.done <- resp:
		default: // answered before a panic
		}
	}
}

// encode chains, seals and frames a batch. An event that can't be encoded gets
// its own error and no number.
func (l *Log) encode(batch []request) ([]byte, position, []response) {
	var buf []byte
	at := l.end
	out := make([]response, len(batch))
	for i, r := range batch {
		ev := r.ev
		ev.Seq, ev.Prev = at.seq+1, at.hash
		ev.Time = max(at.time, l.opt.Now().UnixMilli())
		plain, err := encMode.Marshal(ev)
		if err != nil {
			out[i].err = fmt.Errorf("encoding an audit event: %w", err)
			continue
		}
		sealed, err := l.opt.Sealer.Seal(plain, []byte(adEvent))
		if err != nil {
			out[i].err = fmt.Errorf("sealing an audit event: %w", err)
			continue
		}
		if len(sealed) > maxRecord {
			out[i].err = fmt.Errorf("audit event: %w", watchlist.ErrTooLarge)
			continue
		}
		buf = frame(buf, sealed)
		at = position{seq: ev.Seq, hash: chain(at.hash, plain), time: ev.Time}
		out[i].seq = ev.Seq
	}
	return buf, at, out
}

// store appends bytes and syncs them. A failed write is taken back; when that
// or the sync fails, the log is broken.
func (l *Log) store(buf []byte) error {
	if _, err := l.f.WriteAt(buf, l.off); err != nil {
		err = fmt.Errorf("writing audit events: %w", diskError(err))
		if terr := l.f.Truncate(l.off); terr != nil {
			l.fail(errors.Join(err, terr))
		}
		return err
	}
	if err := l.f.Sync(); err != nil {
		err = fmt.Errorf("syncing audit events: %w", diskError(err))
		l.fail(err)
		return err
	}
	return nil
}

func (l *Log) fail(err error) {
	l.mu.Lock()
	if l.broken == nil {
		l.broken = fmt.Errorf("audit log is out of service until a restart: %w", err)
	}
	l.mu.Unlock()
}

// writeHeads keeps the head file behind the log, beside the writer so that no
// Append waits for it.
func (l *Log) writeHeads(hf *headFile) {
	for range l.headWake {
		l.writeHead(hf)
	}
	l.writeHead(hf)
	if err := hf.f.Close(); err != nil {
		l.opt.Logger.Warn("audit log: closing the head failed", "error", err)
	}
}

func (l *Log) writeHead(hf *headFile) {
	l.mu.RLock()
	p := l.durable
	l.mu.RUnlock()
	if err := hf.write(p); err != nil {
		l.opt.Logger.Error("audit log: the head could not be written", "error", err)
	}
}

// diskError adds watchlist.ErrDiskFull to errors that mean it.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(watchlist.ErrDiskFull, err)
	}
	return err
}
