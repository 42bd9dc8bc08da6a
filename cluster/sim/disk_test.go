package sim

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/raft"
	"github.com/hashicorp/raft-wal/types"

	"vigie/cluster/internal/seam"
)

// sector is what a disk writes in one piece.
const sector = 512

var errDead = errors.New("the machine has no power")

// disk is the memory under one node's raft log: segment files and metadata. What
// was written and not synced may be lost, whole or in part, when the power fails.
type disk struct {
	mu    sync.Mutex
	rng   *rand.Rand
	files map[string]*file
	meta  types.PersistentState
	kv    map[string][]byte
	// image is what a power cut left; set once. What is done to the disk afterwards
	// is done to no disk.
	image *disk
	// busy is held by an append: it is whole, or the power fails within.
	busy chan struct{}
	// armed counts the writes until the power fails by itself; 0 for never. When
	// it does, failed is called.
	armed  int
	failed func()
	// fault is what writing and syncing segments gives for the moment. Raft-wal's
	// notes and new files are spared: the log would wait for them with a lock held,
	// and whoever waits for a lock in a bubble stops its clock. full is what growing
	// files give.
	fault, full error
	// slow is how long a write takes.
	slow time.Duration
}

func newDisk(rng *rand.Rand) *disk {
	return &disk{rng: rng, files: make(map[string]*file), kv: make(map[string][]byte), busy: make(chan struct{}, 1)}
}

// file is one segment file.
type file struct {
	d    *disk
	size int64 // preallocated
	data []byte
	// durable is what survives for certain, pending what was written since the
	// last sync; named tells that the file's name was synced too.
	durable []byte
	pending []change
	named   bool
}

type change struct {
	off  int64
	data []byte
}

func overwrite(to []byte, w change) []byte {
	if need := int(w.off) + len(w.data); need > len(to) {
		to = append(to, make([]byte, need-len(to))...)
	}
	copy(to[w.off:], w.data)
	return to
}

// clone copies the disk as it is.
func (d *disk) clone(rng *rand.Rand) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := newDisk(rng)
	out.meta, out.kv = clonedState(d.meta), maps.Clone(d.kv)
	for name, f := range d.files {
		out.files[name] = &file{d: out, size: f.size, data: slices.Clone(f.data), durable: slices.Clone(f.data), named: true}
	}
	return out
}

func clonedState(st types.PersistentState) types.PersistentState {
	st.Segments = slices.Clone(st.Segments)
	return st
}

// cut takes the power away now and gives what is left on the disk.
func (d *disk) cut() *disk {
	d.busy <- struct{}{}
	defer func() { <-d.busy }()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutLocked()
	return d.image
}

func (d *disk) cutLocked() {
	if d.image != nil {
		return
	}
	out := newDisk(d.rng)
	out.meta, out.kv = clonedState(d.meta), maps.Clone(d.kv)
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[name]
		if !f.named && d.rng.IntN(2) == 0 {
			continue
		}
		left := slices.Clone(f.durable)
		for _, w := range f.pending {
			switch d.rng.IntN(3) {
			case 0: // lost
			case 1:
				left = overwrite(left, w)
			default: // torn
				n := min(len(w.data), sector*d.rng.IntN(1+len(w.data)/sector+1))
				left = overwrite(left, change{w.off, w.data[:n]})
			}
		}
		out.files[name] = &file{d: out, size: f.size, data: left, durable: slices.Clone(left), named: true}
	}
	d.image = out
}

// arm makes the power fail at the n-th write from now.
func (d *disk) arm(n int, failed func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed, d.failed = n, failed
}

// set changes what writes give; nil and 0 for a sound disk.
func (d *disk) set(fault, full error, slow time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.full, d.slow = fault, full, slow
}

// step comes before every change, with the lock held.
func (d *disk) step() error {
	if d.image == nil && d.armed > 0 {
		if d.armed--; d.armed == 0 {
			d.cutLocked()
			d.failed()
			return errDead
		}
	}
	return nil
}

// write is step for what a segment holds.
func (d *disk) write() error {
	if err := d.step(); err != nil {
		return err
	}
	return d.fault
}

// ListDir implements types.VFS.
func (d *disk) ListDir(string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.files)), nil
}

// Create implements types.VFS.
func (d *disk) Create(_, name string, size uint64) (types.WritableFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	if d.full != nil && size > 0 {
		return nil, d.full
	}
	if d.files[name] != nil {
		return nil, os.ErrExist
	}
	f := &file{d: d, size: int64(size)}
	d.files[name] = f
	return f, nil
}

// Delete implements types.VFS.
func (d *disk) Delete(_, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	if d.files[name] == nil {
		return os.ErrNotExist
	}
	delete(d.files, name)
	return nil
}

// OpenReader implements types.VFS.
func (d *disk) OpenReader(dir, name string) (types.ReadableFile, error) {
	return d.OpenWriter(dir, name)
}

// OpenWriter implements types.VFS.
func (d *disk) OpenWriter(_, name string) (types.WritableFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[name]; f != nil {
		return f, nil
	}
	return nil, os.ErrNotExist
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	end := max(f.size, int64(len(f.data)))
	if off >= end {
		return 0, io.EOF
	}
	n := min(int64(len(b)), end-off)
	clear(b[:n])
	if off < int64(len(f.data)) {
		copy(b[:n], f.data[off:])
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	w := change{off, slices.Clone(b)}
	if f.d.armed == 1 {
		// The power fails while this is written.
		f.pending = append(f.pending, w)
	}
	if err := f.d.write(); err != nil {
		return 0, err
	}
	if f.d.full != nil && off+int64(len(b)) > max(f.size, int64(len(f.data))) {
		return 0, f.d.full
	}
	f.data = overwrite(f.data, w)
	f.pending = append(f.pending, w)
	return len(b), nil
}

// Sync implements types.WritableFile.
func (f *file) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.write(); err != nil {
		return err
	}
	for _, w := range f.pending {
		f.durable = overwrite(f.durable, w)
	}
	f.pending, f.named = nil, true
	return nil
}

// Close implements io.Closer.
func (*file) Close() error { return nil }

// metaStore is a disk's small transactional part.
type metaStore struct{ d *disk }

// Load implements types.MetaStore.
func (m metaStore) Load(string) (types.PersistentState, error) {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	return clonedState(m.d.meta), nil
}

// CommitState implements types.MetaStore. A power cut comes before or after.
func (m metaStore) CommitState(st types.PersistentState) error {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	st = clonedState(st)
	if m.d.armed == 1 && m.d.rng.IntN(2) == 0 {
		m.d.meta = st
	}
	if err := m.d.step(); err != nil {
		return err
	}
	m.d.meta = st
	return nil
}

// GetStable implements types.MetaStore.
func (m metaStore) GetStable(key []byte) ([]byte, error) {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	return slices.Clone(m.d.kv[string(key)]), nil
}

// SetStable implements types.MetaStore. Raft panics when a vote can't be
// written, which is the end of a process: in the simulation the power fails
// instead, and the answer goes nowhere.
func (m metaStore) SetStable(key, value []byte) error {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	if m.d.armed == 1 && m.d.rng.IntN(2) == 0 {
		m.d.kv[string(key)] = slices.Clone(value)
	}
	if m.d.step() == nil {
		m.d.kv[string(key)] = slices.Clone(value)
	}
	return nil
}

// Close implements io.Closer.
func (metaStore) Close() error { return nil }

// slowLog is the raft log of a disk that takes its time. The pause lies outside
// of the log's own locks: whoever waits for a lock in a bubble stops its clock.
type slowLog struct {
	seam.Log
	d *disk
}

func (l slowLog) pause() {
	l.d.mu.Lock()
	slow := l.d.slow
	if slow > 0 {
		slow = time.Duration(l.d.rng.Int64N(int64(slow)))
	}
	l.d.mu.Unlock()
	if slow > 0 {
		time.Sleep(slow)
	}
}

// StoreLog implements raft.LogStore.
func (l slowLog) StoreLog(e *raft.Log) error { return l.StoreLogs([]*raft.Log{e}) }

// StoreLogs implements raft.LogStore.
func (l slowLog) StoreLogs(e []*raft.Log) error {
	l.pause()
	err := l.powered(func() error { return l.Log.StoreLogs(e) })
	l.pause()
	return err
}

// DeleteRange implements raft.LogStore.
func (l slowLog) DeleteRange(from, to uint64) error {
	return l.powered(func() error { return l.Log.DeleteRange(from, to) })
}

// powered changes the log unless the power is off. What a node believes after
// that must not reach its registry, which outlives it here.
func (l slowLog) powered(f func() error) error {
	l.d.busy <- struct{}{}
	defer func() { <-l.d.busy }()
	if l.d.left() != nil {
		return errDead
	}
	return f()
}

// SetUint64 implements raft.StableStore.
func (l slowLog) SetUint64(key []byte, v uint64) error {
	l.pause()
	return l.Log.SetUint64(key, v)
}

// faults that a disk can have.
var (
	errIO   error = fmt.Errorf("simulated: %w", syscall.EIO)
	errFull error = fmt.Errorf("simulated: %w", syscall.ENOSPC)
)
