package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"

	"vigie/cluster/planted"
)

// ErrLost: the log ends before entries that this node has acknowledged. Its vote
// could elect a leader that lacks them, so it must not have one.
var ErrLost = errors.New("the raft log lost entries that this node had acknowledged")

// errClosed is what a Log gives once it is released.
var errClosed = errors.New("the raft log is closed")

// markFile lies beside the segments; metaRoom is set aside for raft-wal's own
// notes and raft's vote, so that a full disk can't keep raft from writing a term.
const (
	markFile = "acknowledged"
	metaRoom = 1 << 20
)

// Log is raft's log store and stable store over raft-wal. See DESIGN.md for what
// it promises on a bad disk.
type Log struct {
	dir     string
	m       *Monitor
	logger  hclog.Logger
	size    int
	fs      types.VFS
	meta    types.MetaStore // nil: raft-wal's own
	closing chan struct{}
	once    sync.Once
	mark    mark

	swap sync.RWMutex // held for writing while wal is replaced
	wal  *wal.WAL

	mu  sync.Mutex
	out bool   // an append that raft no longer waits for is still under way, or being taken back
	cut uint64 // entries from here on are to be dropped with the next append; 0: none
}

// Options say how to open a Log.
type Options struct {
	// Dir holds the files; it must exist.
	Dir string
	// Monitor is told of every write; nil for a log that nobody watches.
	Monitor *Monitor
	// Segment is the size of one file, bytes.
	Segment int
	Logger  hclog.Logger

	// Files and Meta replace the system's files, nil for those; for cluster/sim.
	Files types.VFS
	Meta  types.MetaStore
}

// OpenLog opens or makes the log and reads all of it. The error wraps ErrCorrupt
// when an entry is damaged, and ErrLost when entries are missing at the end.
func OpenLog(opt Options) (*Log, error) {
	l := &Log{dir: opt.Dir, m: opt.Monitor, logger: opt.Logger, size: opt.Segment, fs: planted.Files(opt.Files), meta: opt.Meta, closing: make(chan struct{})}
	if l.m == nil {
		l.m = unwatched()
	}
	if l.fs == nil {
		l.fs = fs.New()
	}
	var err error
	if l.mark, err = openMark(filepath.Join(opt.Dir, markFile)); err != nil {
		return nil, err
	}
	if l.wal, err = l.open(); err != nil {
		return nil, errors.Join(err, l.mark.f.Close())
	}
	if err := l.check(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Log) open() (*wal.WAL, error) {
	meta := l.meta
	if meta == nil {
		meta = &metadb.BoltMetaDB{}
	}
	w, err := wal.Open(l.dir, wal.WithSegmentSize(l.size), wal.WithLogger(l.logger), wal.WithMetaStore(meta),
		wal.WithSegmentFiler(segment.NewFiler(l.dir, files{l.fs, l.m})))
	if errors.Is(err, types.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil {
		// raft-wal leaves its notes open, and locked.
		return nil, fmt.Errorf("opening the raft log: %w", errors.Join(err, meta.Close()))
	}
	if l.meta != nil {
		return w, nil
	}
	f, err := os.OpenFile(filepath.Join(l.dir, metadb.FileName), os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(Preallocate(f, metaRoom), f.Close())
	}
	if err != nil {
		l.logger.Warn("no room could be set aside for raft's votes", "error", err)
	}
	return w, nil
}

// check holds the end of the log against the mark and reads every entry.
func (l *Log) check() error {
	last, err := l.LastIndex()
	if err != nil {
		return err
	}
	acked, err := l.mark.get()
	if err != nil {
		return err
	}
	if last < acked {
		return fmt.Errorf("it ends at %d, acknowledged were %d: %w", last, acked, ErrLost)
	}
	if err := l.mark.raise(last); err != nil && !outOfSpace(err) {
		return err
	}
	return l.Verify(context.Background())
}

// Verify reads every entry and compares it with its checksum. The error wraps
// ErrCorrupt when one is damaged. It may run beside everything else.
func (l *Log) Verify(ctx context.Context) error {
	first, err := l.FirstIndex()
	if err != nil {
		return err
	}
	last, err := l.LastIndex()
	if err != nil || last == 0 {
		return err
	}
	var entry raft.Log
	for i := first; i <= last; i++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("reading the raft log: %w", err)
		}
		err := l.GetLog(i, &entry)
		if errors.Is(err, raft.ErrLogNotFound) {
			first, ferr := l.FirstIndex()
			if ferr == nil && i < first {
				continue // compacted meanwhile
			}
			if end, lerr := l.LastIndex(); lerr == nil && i > end {
				return nil // cut meanwhile
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Release lets go of whoever waits in the Log; appends and votes fail from then on.
// Call it before raft's shutdown, and Close after it.
func (l *Log) Release() { l.once.Do(func() { close(l.closing) }) }

func (l *Log) released() bool {
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

// Close closes the files.
func (l *Log) Close() error {
	l.Release()
	for end := time.Now().Add(l.m.limits.Hung); l.isOut(); time.Sleep(l.m.limits.Hung / 100) {
		if time.Now().After(end) {
			return errors.New("a write to the raft log is still out: it stays open until the process ends")
		}
	}
	l.swap.Lock()
	defer l.swap.Unlock()
	var err error
	if l.wal != nil {
		err = l.wal.Close()
		l.wal = nil
	}
	return errors.Join(err, l.mark.f.Close())
}

func (l *Log) isOut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out
}

// with runs f on the present files.
func (l *Log) with(f func(*wal.WAL) error) error {
	l.swap.RLock()
	defer l.swap.RUnlock()
	if l.wal == nil {
		return errClosed
	}
	return f(l.wal)
}

// FirstIndex implements raft.LogStore.
func (l *Log) FirstIndex() (i uint64, err error) {
	err = l.with(func(w *wal.WAL) error { i, err = w.FirstIndex(); return err })
	return i, err
}

// LastIndex implements raft.LogStore.
func (l *Log) LastIndex() (i uint64, err error) {
	err = l.with(func(w *wal.WAL) error { i, err = w.LastIndex(); return err })
	return i, err
}

// GetLog implements raft.LogStore. The error wraps ErrCorrupt when the entry can't
// be read as it was stored.
func (l *Log) GetLog(index uint64, out *raft.Log) error {
	err := l.with(func(w *wal.WAL) error { return w.GetLog(index, out) })
	switch {
	case err == nil:
		err = verify(out, index)
	case errors.Is(err, raft.ErrLogNotFound), errors.Is(err, errClosed), errors.Is(err, wal.ErrClosed), ioError(err):
	default:
		err = fmt.Errorf("entry %d: %w: %w", index, ErrCorrupt, err)
	}
	if errors.Is(err, ErrCorrupt) {
		l.m.Damage("log", "the raft log is damaged: "+wayBack)
	}
	return err //nolint:wrapcheck // raft compares with ErrLogNotFound
}

// wayBack is for a node whose log can't be trusted any more.
const wayBack = "take this node out ('vigie node remove' on another one), empty its data folder and join it again"

// IsMonotonic implements raft.MonotonicLogStore.
func (l *Log) IsMonotonic() bool { return true }

// Get implements raft.StableStore.
func (l *Log) Get(key []byte) (v []byte, err error) {
	err = l.with(func(w *wal.WAL) error { v, err = w.Get(key); return err })
	return v, err
}

// GetUint64 implements raft.StableStore.
func (l *Log) GetUint64(key []byte) (v uint64, err error) {
	err = l.with(func(w *wal.WAL) error { v, err = w.GetUint64(key); return err })
	return v, err
}

// Set implements raft.StableStore.
func (l *Log) Set(key, val []byte) error {
	if l.released() {
		return errClosed
	}
	return l.with(func(w *wal.WAL) error {
		end := l.m.Begin(true)
		err := w.Set(key, val)
		end(err)
		return err
	})
}

// termKey is the one that raft panics about when it can't be written.
const termKey = "CurrentTerm"

// SetUint64 implements raft.StableStore. Raft ends the process when it can't write
// its term; so that is tried until it works, which leaves this node without a
// vote, and answering searches. Once released it gives nil: whatever raft would
// do in that term needs a further write, and those fail then.
func (l *Log) SetUint64(key []byte, val uint64) error {
	if string(key) != termKey && l.released() {
		return errClosed
	}
	for {
		err := l.with(func(w *wal.WAL) error {
			end := l.m.Begin(true)
			err := w.SetUint64(key, val)
			end(err)
			return err
		})
		if err == nil || string(key) != termKey {
			return err
		}
		if !l.pause() {
			return nil
		}
	}
}

// pause waits before another try; false once released.
func (l *Log) pause() bool {
	select {
	case <-l.closing:
		return false
	case <-time.After(l.m.limits.Slow / 4):
		return true
	}
}
