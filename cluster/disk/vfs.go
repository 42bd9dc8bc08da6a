package disk

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/hashicorp/raft-wal/types"
)

// SyncError is a failed sync: the bytes were written and may or may not be on the
// disk, now or later.
type SyncError struct{ Err error }

// Error implements error.
func (e *SyncError) Error() string { return fmt.Sprintf("syncing the raft log: %v", e.Err) }

// Unwrap gives the cause.
func (e *SyncError) Unwrap() error { return e.Err }

// files is the file system of the raft log: raft-wal's own, timed, and with three
// changes. A segment is made without preallocation rather than not at all, since
// raft-wal never recovers from a segment that it could not make. What a failed
// write or sync left behind is cleared before anything else is written. And what
// a restart finds at the end of the log is written again and synced before raft
// counts it as stored: a killed process may have left it in the page cache only.
type files struct {
	types.VFS
	m *Monitor
}

// Create implements types.VFS.
func (v files) Create(dir, name string, size uint64) (types.WritableFile, error) {
	var f types.WritableFile
	var err error
	// The first refusal releases the reserve; without it, do with what there is.
	for _, want := range []uint64{size, size, 0} {
		end := v.m.Begin(false)
		f, err = v.VFS.Create(dir, name, want)
		end(err)
		if !outOfSpace(err) {
			break
		}
		if rerr := os.Remove(filepath.Join(dir, name)); rerr != nil && !os.IsNotExist(rerr) {
			return nil, fmt.Errorf("clearing a log file that found no room: %w", rerr)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("making a log file: %w", err)
	}
	return &file{WritableFile: f, m: v.m}, nil
}

// Delete implements types.VFS.
func (v files) Delete(dir, name string) error {
	end := v.m.Begin(false)
	err := v.VFS.Delete(dir, name)
	end(err)
	return err //nolint:wrapcheck // raft-wal looks at it
}

// rewriteTail is how much of the end of the log is written again at a start: the
// largest batch that raft stores at once, twice.
const rewriteTail = 8 << 20

// OpenWriter implements types.VFS. raft-wal calls it for the last segment.
func (v files) OpenWriter(dir, name string) (types.WritableFile, error) {
	f, err := v.VFS.OpenWriter(dir, name)
	if err != nil {
		return nil, err //nolint:wrapcheck // raft-wal looks for os.ErrNotExist
	}
	out := &file{WritableFile: f, m: v.m}
	if err := out.rewrite(); err != nil {
		return nil, fmt.Errorf("making the end of the log durable: %w", joinClose(err, f))
	}
	return out, nil
}

// rewrite writes the last bytes that are not zero again, in place, and syncs.
func (f *file) rewrite() error {
	b, err := io.ReadAll(io.NewSectionReader(f.WritableFile, 0, math.MaxInt64))
	if err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	end := len(b)
	for end > 0 && b[end-1] == 0 {
		end--
	}
	if end == 0 {
		return nil
	}
	from := max(0, end-rewriteTail)
	if _, err := f.WriteAt(b[from:end], int64(from)); err != nil {
		return err
	}
	return f.Sync()
}

// span is a range of bytes of a file.
type span struct{ off, size int64 }

// file is one segment that is written.
type file struct {
	types.WritableFile
	m *Monitor

	mu     sync.Mutex
	dirty  []span // written since the last good sync
	failed bool   // a write or a sync failed: dirty must be cleared first
}

// WriteAt implements types.WritableFile.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.settle(); err != nil {
		return 0, err
	}
	f.dirty = append(f.dirty, span{off, int64(len(p))})
	end := f.m.Begin(false)
	n, err := f.WritableFile.WriteAt(p, off)
	end(err)
	f.failed = f.failed || err != nil
	return n, err //nolint:wrapcheck // raft-wal looks for io.EOF
}

// Sync implements types.WritableFile.
func (f *file) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sync()
}

func (f *file) sync() error {
	end := f.m.Begin(true)
	err := f.WritableFile.Sync()
	end(err)
	if err != nil {
		f.failed = true
		return &SyncError{err}
	}
	f.dirty = f.dirty[:0]
	return nil
}

// settle clears what a failed write or sync may have left. After a failed sync
// the kernel calls the pages clean though the disk never got them: a later sync
// would succeed, and a restart read them back as if they were stored. So they are
// overwritten, which makes them dirty again, and synced. It wants f.mu.
func (f *file) settle() error {
	if !f.failed {
		return nil
	}
	for _, s := range f.dirty {
		if err := f.clear(s); err != nil {
			return err
		}
	}
	if err := f.sync(); err != nil {
		return err
	}
	f.failed = false
	return nil
}

func (f *file) clear(s span) error {
	end := f.m.Begin(false)
	_, err := f.WritableFile.WriteAt(make([]byte, s.size), s.off)
	end(err)
	if os, ok := f.WritableFile.(interface{ Fd() uintptr }); ok && outOfSpace(err) {
		return punch(os.Fd(), s.off, s.size)
	}
	if err != nil {
		return fmt.Errorf("clearing an unfinished write: %w", err)
	}
	return nil
}

func joinClose(err error, c types.WritableFile) error { return errors.Join(err, c.Close()) }
