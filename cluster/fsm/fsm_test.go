package fsm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vigie/cluster/fsm"
	"vigie/cluster/registry"
	"vigie/cluster/snapshot"
	"vigie/watchlist/command"

	"github.com/hashicorp/raft"
)

func reader(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

// mustPanic runs fn and gives what it panicked with.
func mustPanic(t *testing.T, fn func()) (text string) {
	t.Helper()
	defer func() {
		p := recover()
		if p == nil {
			t.Fatal("the state machine went on")
		}
		text = fmt.Sprint(p)
	}()
	fn()
	return ""
}

func TestRestartSkipsAppliedEntries(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, create(1))
	o.want(command.OK, create(2))
	index, hash := o.fsm.Stamp()
	o.close()
	o.open()
	if i, h := o.fsm.Stamp(); i != index || h != hash || i != o.last {
		t.Fatalf("position %d %s, was %d %s", i, h, index, hash)
	}
	if o.index.rebuilds != 1 || len(o.index.revisions) != 2 {
		t.Errorf("index rebuilt %d times with %d entries", o.index.rebuilds, len(o.index.revisions))
	}
	// Raft hands the old log over again, and one new entry behind it.
	o.add(create(3))
	answers := o.fsm.ApplyBatch(o.logs)
	for i, a := range answers[:len(answers)-1] {
		if a != nil {
			t.Errorf("entry %d was applied twice: %+v", i, a)
		}
	}
	if r, ok := answers[len(answers)-1].(command.Result); !ok || r.Code != command.OK {
		t.Errorf("new entry: %+v", answers[len(answers)-1])
	}
	if a := o.fsm.Apply(o.logs[0]); a != nil {
		t.Errorf("old entry alone: %+v", a)
	}
	if o.reg.Count() != 3 {
		t.Errorf("%d entries, want 3", o.reg.Count())
	}
}

func TestConfigurationMovesThePosition(t *testing.T) {
	o := newOne(t)
	o.last++
	if a := o.fsm.Apply(&raft.Log{Index: o.last, Term: 3, Type: raft.LogConfiguration, Data: []byte("x")}); a != nil {
		t.Errorf("answer %v", a)
	}
	if index, term, _ := o.reg.Position(); index != o.last || term != 3 || o.fsm.Applied() != o.last || o.index.Applied() != o.last {
		t.Errorf("position %d term %d", index, term)
	}
}

func TestStopsLoudly(t *testing.T) {
	const planted = "Planted Name"
	seal := func(o one, b []byte) []byte {
		s, err := o.node.cluster.Seal(b, []byte("vigie/log/1"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	cases := map[string]func(o one) []byte{
		"not sealed":       func(one) []byte { return []byte(planted) },
		"not a command":    func(o one) []byte { return seal(o, []byte(planted)) },
		"another key":      func(o one) []byte { return newJournal(t, newKey(t)).add(create(1)).Data },
		"unknown kind":     func(o one) []byte { return seal(o, []byte{0xa6, 1, 1, 2, 1, 3, 0x18, 200, 4, 0, 5, 0x60, 8, 0x40}) },
		"newer reader":     func(o one) []byte { return seal(o, []byte{0xa6, 1, 2, 2, 2, 3, 9, 4, 0, 5, 0x60, 8, 0x41, 0xa0}) },
		"for another use":  func(o one) []byte { b, _ := o.node.cluster.Seal([]byte{0xa0}, nil); return b },
		"empty log record": func(one) []byte { return nil },
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			o := newOne(t)
			before, hash := o.fsm.Stamp()
			good := o.add(create(1))
			text := mustPanic(t, func() {
				o.fsm.ApplyBatch([]*raft.Log{good, {Index: o.last + 1, Type: raft.LogCommand, Data: data(o)}})
			})
			if bytes.Contains([]byte(text), []byte("Planted")) {
				t.Errorf("the panic quotes content: %s", text)
			}
			if i, h := o.fsm.Stamp(); i != before || h != hash || o.reg.Count() != 0 {
				t.Error("a part of the batch was applied")
			}
		})
	}
}

func TestIndexErrorStops(t *testing.T) {
	o := newOne(t)
	before := o.fsm.Applied()
	o.index.fail = errors.New("index broke")
	mustPanic(t, func() { o.fsm.Apply(o.add(create(1))) })
	if o.fsm.Applied() != before {
		t.Error("a position was published that the index does not cover")
	}
	if _, err := fsm.New(o.reg, o.node.cluster, []fsm.Index{o.index}, quiet); err == nil {
		t.Error("New went on with an index that failed to rebuild")
	}
}

// TestPublishedAfterIndexes: while an index takes a change over, the registry
// has it already and the published position is still the old one.
func TestPublishedAfterIndexes(t *testing.T) {
	o := newOne(t)
	var seen, published uint64
	var stored error
	o.index.onApply = func() {
		published = o.fsm.Applied()
		_, stored = o.reg.Entry(entryID(1))
		seen, _, _ = o.reg.Position()
	}
	o.want(command.OK, create(1))
	if published != o.last-1 || seen != o.last || stored != nil {
		t.Errorf("while the index applied %d: published %d, registry %d, entry %v", o.last, published, seen, stored)
	}
}

func TestWaitApplied(t *testing.T) {
	o := newOne(t)
	if err := o.fsm.WaitApplied(t.Context(), o.last); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.fsm.WaitApplied(ctx, o.last+1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled wait: %v", err)
	}
	target := o.last + 3
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := o.fsm.WaitApplied(t.Context(), target); err != nil || o.fsm.Applied() < target {
				t.Errorf("woken at %d: %v", o.fsm.Applied(), err)
			}
		})
	}
	for i := range 3 {
		o.want(command.OK, create(i))
	}
	wg.Wait()
	wg.Go(func() {
		if err := o.fsm.WaitApplied(t.Context(), target+100); !errors.Is(err, fsm.ErrClosed) {
			t.Errorf("closed while waiting: %v", err)
		}
	})
	o.fsm.Close()
	wg.Wait()
	if a := o.fsm.Apply(o.add(create(9))); a != fsm.ErrClosed {
		t.Errorf("apply after Close: %v", a)
	}
	if _, err := o.fsm.Snapshot(); !errors.Is(err, fsm.ErrClosed) {
		t.Errorf("snapshot after Close: %v", err)
	}
}

// TestSnapshotIsFrozen: what a snapshot shows does not change while commands go
// on, and the restored node equals the first at that moment.
func TestSnapshotIsFrozen(t *testing.T) {
	o := newOne(t)
	for i := range 20 {
		o.want(command.OK, create(i))
	}
	index, hash := o.fsm.Stamp()
	snap, err := o.fsm.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	o.want(command.OK, create(100))
	sink := &memSink{}
	if err := snap.Persist(sink); err != nil {
		t.Fatal(err)
	}
	snap.Release()
	b := newNode(t, t.TempDir(), o.node.cluster)
	defer b.close()
	b.apply(newJournal(t, o.node.cluster).add(setupBody()))
	if err := b.fsm.Restore(reader(sink.data)); err != nil {
		t.Fatal(err)
	}
	if i, h := b.fsm.Stamp(); i != index || h != hash {
		t.Errorf("restored %d %s, want %d %s", i, h, index, hash)
	}
	if len(b.index.revisions) != 20 || b.index.Applied() != index {
		t.Errorf("restored index has %d entries at %d", len(b.index.revisions), b.index.Applied())
	}
	// The restored node knows the origin and goes on.
	if r := b.apply(o.logs[len(o.logs)-1]); r[0].Code != command.OK {
		t.Errorf("after the restore: %s", r[0].Code)
	}
	if b.fsm.StateHash() != o.fsm.StateHash() {
		t.Error("the nodes differ after the same log")
	}
}

func TestPersistErrors(t *testing.T) {
	o := newOne(t)
	for i := range 20 {
		o.want(command.OK, create(i))
	}
	snap, err := o.fsm.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	sink := &memSink{failAt: 200}
	if err := snap.Persist(sink); !errors.Is(err, io.ErrShortWrite) || !sink.cancelled || sink.closed {
		t.Errorf("full sink: %v, cancelled %v, closed %v", err, sink.cancelled, sink.closed)
	}
}

func TestRestoreRefusalsKeepTheState(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, create(1))
	older := o.persist()
	o.want(command.OK, create(2))
	index, hash := o.fsm.Stamp()
	ahead := newNode(t, t.TempDir(), o.node.cluster)
	defer ahead.close()
	ahead.apply(append(o.logs, o.add(create(3)))...)
	data := ahead.persist()
	other := newNode(t, t.TempDir(), newKey(t))
	defer other.close()
	flipped := bytes.Clone(data)
	flipped[len(flipped)-20] ^= 1
	for name, bad := range map[string][]byte{"flipped": flipped, "cut": data[:len(data)-1], "longer": append(bytes.Clone(data), 0), "empty": nil, "of another cluster": other.persist()} {
		if err := o.fsm.Restore(reader(bad)); !errors.Is(err, snapshot.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if i, h := o.fsm.Stamp(); i != index || h != hash || o.reg.Count() != 2 {
			t.Errorf("%s: the state changed", name)
		}
	}
	if err := o.fsm.Restore(reader(older)); !errors.Is(err, fsm.ErrOlder) || o.reg.Count() != 2 {
		t.Errorf("an older state: %v, %d entries", err, o.reg.Count())
	}
	if err := o.fsm.Restore(reader(data)); err != nil {
		t.Fatal(err)
	}
	if o.reg.Count() != 3 {
		t.Errorf("%d entries after restoring the newer state, want 3", o.reg.Count())
	}
	if files, err := os.ReadDir(filepath.Dir(o.path)); err != nil || len(files) != 1 {
		t.Errorf("%d files left, %v", len(files), err)
	}
}

// TestReadersNeverStop reads all the time while states are restored and
// commands applied; every read sees one whole state.
func TestReadersNeverStop(t *testing.T) {
	o := newOne(t)
	for i := range 50 {
		o.want(command.OK, create(i))
	}
	var stop atomic.Bool
	var reads atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				n := 0
				for e, err := range o.reg.Each() {
					if err != nil || e == nil {
						t.Errorf("read: %v", err)
						return
					}
					n++
				}
				if n < 50 {
					t.Errorf("a reader saw %d entries", n)
					return
				}
				if _, err := o.reg.Entry(entryID(7)); err != nil {
					t.Error(err)
				}
				reads.Add(1)
			}
		})
	}
	for i := range 5 {
		o.want(command.OK, create(1000+i))
		if err := o.fsm.Restore(reader(o.persist())); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	if reads.Load() == 0 {
		t.Error("no reader finished")
	}
}

// fullDisk is a sealer that reports a full disk while it is told to.
type fullDisk struct {
	registry.Sealer
	full  atomic.Bool
	asked chan struct{}
}

func (s *fullDisk) Seal(plain, ad []byte) ([]byte, error) {
	if s.full.Load() {
		select {
		case s.asked <- struct{}{}:
		default:
		}
		return nil, &os.PathError{Op: "write", Path: "registry.db", Err: syscall.ENOSPC}
	}
	return s.Sealer.Seal(plain, ad)
}

// TestFullDisk: a full disk holds commands up but stops neither the node nor
// its reads; they go through once there is room.
func TestFullDisk(t *testing.T) {
	key := newKey(t)
	disk := &fullDisk{Sealer: newKey(t), asked: make(chan struct{}, 1)}
	n := &node{t: t, path: t.TempDir() + "/registry.db", nodeKey: disk, cluster: key}
	n.open()
	defer n.close()
	j := newJournal(t, key)
	n.apply(j.add(setupBody()), j.add(create(1)))
	disk.full.Store(true)
	l := j.add(create(2))
	answer := make(chan any, 1)
	go func() { answer <- n.fsm.Apply(l) }()
	<-disk.asked
	if _, err := n.reg.Entry(entryID(1)); err != nil {
		t.Errorf("reading on a full disk: %v", err)
	}
	disk.full.Store(false)
	select {
	case a := <-answer:
		if r, ok := a.(command.Result); !ok || r.Code != command.OK {
			t.Errorf("after there was room: %+v", a)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the command was never applied")
	}
	disk.full.Store(true)
	last := j.add(create(3))
	select {
	case <-disk.asked:
	default:
	}
	go func() { answer <- n.fsm.Apply(last) }()
	<-disk.asked
	n.fsm.Close()
	if a := <-answer; a != fsm.ErrClosed {
		t.Errorf("closed while the disk is full: %v", a)
	}
	disk.full.Store(false)
}
