package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/types"
)

// faults is a file system whose calls a test can hold up or fail.
type faults struct {
	types.VFS
	create, write, sync atomic.Pointer[func() error]
}

func newFaults() *faults { return &faults{VFS: fs.New()} }

func fault(p *atomic.Pointer[func() error]) error {
	if f := p.Load(); f != nil {
		return (*f)()
	}
	return nil
}

func (v *faults) Create(dir, name string, size uint64) (types.WritableFile, error) {
	if err := fault(&v.create); err != nil {
		return nil, err
	}
	f, err := v.VFS.Create(dir, name, size)
	return faultFile{f, v}, err
}

func (v *faults) OpenWriter(dir, name string) (types.WritableFile, error) {
	f, err := v.VFS.OpenWriter(dir, name)
	return faultFile{f, v}, err
}

type faultFile struct {
	types.WritableFile
	v *faults
}

func (f faultFile) WriteAt(p []byte, off int64) (int, error) {
	if err := fault(&f.v.write); err != nil {
		n, _ := f.WritableFile.WriteAt(p[:len(p)/2], off) // a torn one
		return n, err
	}
	return f.WritableFile.WriteAt(p, off)
}

func (f faultFile) Sync() error {
	if err := fault(&f.v.sync); err != nil {
		return err
	}
	return f.WritableFile.Sync()
}

// failing makes a fault that returns err each time.
func failing(err error) *func() error {
	f := func() error { return err }
	return &f
}

// testHung is the limit in the test that reaches it; the others must not, on
// however busy a machine.
const testHung = 60 * time.Millisecond

func openTest(t *testing.T, dir string, v *faults, segment int) *Log {
	t.Helper()
	l, err := tryOpen(dir, v, segment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func tryOpen(dir string, v *faults, segment int) (*Log, error) {
	m := unwatched()
	m.limits.Hung, m.limits.Slow = time.Minute, 4*time.Millisecond
	return OpenLog(Options{Dir: dir, Monitor: m, Segment: segment, Logger: hclog.NewNullLogger(), Files: v})
}

func entry(index, term uint64, size int) *raft.Log {
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: bytes.Repeat([]byte{byte(index), byte(term), 7}, size/3+1)}
}

func entries(from, to, term uint64, size int) []*raft.Log {
	var out []*raft.Log
	for i := from; i <= to; i++ {
		out = append(out, entry(i, term, size))
	}
	return out
}

// holds checks that the log holds exactly these entries at its end.
func holds(t *testing.T, l *Log, want []*raft.Log) {
	t.Helper()
	last, err := l.LastIndex()
	if err != nil || last != want[len(want)-1].Index {
		t.Fatalf("the log ends at %d (%v), want %d", last, err, want[len(want)-1].Index)
	}
	for _, w := range want {
		var got raft.Log
		if err := l.GetLog(w.Index, &got); err != nil || got.Term != w.Term || got.Type != w.Type || !bytes.Equal(got.Data, w.Data) {
			t.Fatalf("entry %d is of term %d (%v), want term %d", w.Index, got.Term, err, w.Term)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timeout: %s", what)
		}
	}
}

// TestHungAppendIsTakenBack: raft gets an error in bounded time, and what the disk
// stores after all makes room for what another leader sends in its place.
func TestHungAppendIsTakenBack(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 1<<20)
	must(t, l.StoreLogs(entries(1, 3, 1, 100)))
	hold := make(chan struct{})
	wait := func() error { <-hold; return nil }
	v.sync.Store(&wait)
	l.m.limits.Hung = testHung
	begin := time.Now()
	if err := l.StoreLogs(entries(4, 6, 1, 100)); !errors.Is(err, ErrHung) {
		t.Fatalf("an append on a hung disk: %v, want ErrHung", err)
	}
	if took := time.Since(begin); took < testHung || took > 10*time.Second {
		t.Errorf("it took %v, the limit is %v", took, testHung)
	}
	if err := l.StoreLogs(entries(4, 4, 2, 100)); !errors.Is(err, ErrHung) {
		t.Errorf("an append while another is out: %v, want ErrHung", err)
	}
	v.sync.Store(nil)
	l.m.limits.Hung = time.Minute
	close(hold)
	eventually(t, "the disk answers again, appends don't work", func() bool { return l.StoreLogs(entries(4, 4, 2, 100)) == nil })
	want := append(entries(1, 3, 1, 100), entry(4, 2, 100))
	holds(t, l, want)
	must(t, l.Close())
	holds(t, openTest(t, dir, v, 1<<20), want)
}

// TestFailedSyncLeavesNothing: after a sync that failed, what was written must not
// be found by a restart, even though the kernel still shows it.
func TestFailedSyncLeavesNothing(t *testing.T) {
	for name, err := range map[string]error{"io error": syscall.EIO, "no space": syscall.ENOSPC} {
		t.Run(name, func(t *testing.T) {
			dir, v := t.TempDir(), newFaults()
			l := openTest(t, dir, v, 1<<20)
			must(t, l.StoreLogs(entries(1, 2, 1, 100)))
			v.sync.Store(failing(err))
			var unsynced *SyncError
			if got := l.StoreLogs(entries(3, 9, 1, 300)); !errors.As(got, &unsynced) || !errors.Is(got, err) {
				t.Fatalf("append: %v, want a SyncError of %v", got, err)
			}
			if got := l.StoreLogs(entries(3, 3, 1, 100)); !errors.As(got, &unsynced) {
				t.Fatalf("an append before the failed one could be cleared: %v, want a SyncError", got)
			}
			v.sync.Store(nil)
			must(t, l.StoreLogs(entries(3, 3, 2, 50)))
			want := append(entries(1, 2, 1, 100), entry(3, 2, 50))
			holds(t, l, want)
			must(t, l.Close())
			holds(t, openTest(t, dir, v, 1<<20), want)
		})
	}
}

// TestNoRoomForTheNextFile: raft-wal stays sealed for ever when it can't make its
// next file; here that heals by itself.
func TestNoRoomForTheNextFile(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 32<<10)
	next := uint64(1)
	grow := func(n int) error {
		for range n {
			if err := l.StoreLog(entry(next, 1, 3000)); err != nil {
				return err
			}
			next++
		}
		return nil
	}
	must(t, grow(5))
	var left atomic.Int32
	left.Store(5) // more refusals than Create tries: the rotation fails
	refuse := func() error {
		if left.Add(-1) >= 0 {
			return syscall.ENOSPC
		}
		return nil
	}
	v.create.Store(&refuse)
	must(t, grow(30))
	if left.Load() >= 0 {
		t.Fatal("no file was refused")
	}
	holds(t, l, entries(1, next-1, 1, 3000))
}

// TestConflictIsReplacedOrKept: raft must find either the old end or the new one,
// also when storing the new one fails.
func TestConflictIsReplacedOrKept(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 1<<20)
	old := entries(1, 6, 1, 100)
	must(t, l.StoreLogs(old))
	must(t, l.DeleteRange(4, 6))
	holds(t, l, old)
	v.write.Store(failing(syscall.ENOSPC))
	if err := l.StoreLogs(entries(4, 5, 2, 100)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("replacing the end on a full disk: %v, want ENOSPC", err)
	}
	holds(t, l, old)
	v.write.Store(nil)
	must(t, l.DeleteRange(4, 6))
	must(t, l.StoreLogs(entries(4, 5, 2, 100)))
	want := append(entries(1, 3, 1, 100), entries(4, 5, 2, 100)...)
	holds(t, l, want)
	must(t, l.Close())
	holds(t, openTest(t, dir, v, 1<<20), want)
}

// TestTermWaitsForTheDisk: raft panics when its term can't be written, so it must
// not hear of that.
func TestTermWaitsForTheDisk(t *testing.T) {
	l := openTest(t, t.TempDir(), newFaults(), 1<<20)
	must(t, l.SetUint64([]byte(termKey), 5))
	if got, err := l.GetUint64([]byte(termKey)); err != nil || got != 5 {
		t.Errorf("term %d, %v", got, err)
	}
	must(t, l.Close())
	done := make(chan error, 1)
	go func() { done <- l.SetUint64([]byte(termKey), 6) }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the term of a closed log: %v, raft would panic", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("a closed log holds raft up")
	}
	if err := l.SetUint64([]byte("LastVoteTerm"), 6); err == nil {
		t.Error("a vote was written to a closed log")
	}
}

// TestEveryFlippedByte flips a bit in each byte of a log's file: either the log is
// refused, or it holds exactly what was stored.
func TestEveryFlippedByte(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 32<<10)
	want := entries(1, 12, 3, 60)
	for i := 0; i < len(want); i += 3 {
		must(t, l.StoreLogs(want[i:i+3]))
	}
	must(t, l.Close())
	path := segmentOf(t, dir)
	good, err := os.ReadFile(path)
	must(t, err)
	refused := 0
	for at := range bytes.TrimRight(good, "\x00") {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		must(t, os.WriteFile(path, bad, 0o600))
		l, err := tryOpen(dir, v, 32<<10)
		if err != nil {
			refused++
			continue
		}
		holds(t, l, want)
		must(t, l.Close())
	}
	must(t, os.WriteFile(path, good, 0o600))
	holds(t, openTest(t, dir, v, 32<<10), want)
	t.Logf("%d of %d flipped bytes were refused; the others are in commit frames and harm nothing", refused, len(bytes.TrimRight(good, "\x00")))
	if refused < 12*60 {
		t.Errorf("only %d flips were refused", refused)
	}
}

func segmentOf(t *testing.T, dir string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil || len(list) != 1 {
		t.Fatalf("segments %v, %v", list, err)
	}
	return list[0]
}

// TestLostEndIsRefused: raft-wal drops an unreadable end in silence; a node that
// has acknowledged what was in it must not vote.
func TestLostEndIsRefused(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 32<<10)
	must(t, l.StoreLogs(entries(1, 5, 1, 100)))
	must(t, l.StoreLog(entry(6, 1, 100)))
	must(t, l.Close())
	path := segmentOf(t, dir)
	b, err := os.ReadFile(path)
	must(t, err)
	at := len(bytes.TrimRight(b, "\x00")) - 40
	b[at] ^= 4
	must(t, os.WriteFile(path, b, 0o600))
	if _, err := tryOpen(dir, v, 32<<10); !errors.Is(err, ErrLost) {
		t.Errorf("a log without its end: %v, want ErrLost", err)
	}
}

// TestEntryChangedOnItsWay: an entry that comes with a checksum is checked before
// it is stored.
func TestEntryChangedOnItsWay(t *testing.T) {
	l := openTest(t, t.TempDir(), newFaults(), 1<<20)
	e := entry(1, 1, 100)
	e.Extensions = checksum(e)
	e.Data[5] ^= 1
	if err := l.StoreLog(e); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a changed entry: %v, want ErrCorrupt", err)
	}
	e.Data[5] ^= 1
	must(t, l.StoreLog(e))
}

func TestCompactionKeepsTheMark(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 32<<10)
	must(t, l.StoreLogs(entries(1, 20, 1, 100)))
	must(t, l.DeleteRange(1, 10))
	must(t, l.Close())
	l = openTest(t, dir, v, 32<<10)
	holds(t, l, entries(11, 20, 1, 100))
	must(t, l.DeleteRange(11, 20)) // as after a snapshot from the leader
	must(t, l.StoreLogs(entries(90, 92, 4, 100)))
	must(t, l.Close())
	holds(t, openTest(t, dir, v, 32<<10), entries(90, 92, 4, 100))
}

// TestGapAfterASnapshot: raft goes on when the log could not be dropped after a
// snapshot from the leader; the follower must not be stuck for that.
func TestGapAfterASnapshot(t *testing.T) {
	dir, v := t.TempDir(), newFaults()
	l := openTest(t, dir, v, 32<<10)
	must(t, l.StoreLogs(entries(1, 20, 1, 100)))
	must(t, l.StoreLogs(entries(90, 92, 4, 100)))
	must(t, l.Close())
	l = openTest(t, dir, v, 32<<10)
	holds(t, l, entries(90, 92, 4, 100))
	if first, err := l.FirstIndex(); err != nil || first != 90 {
		t.Errorf("the log begins at %d (%v), want 90", first, err)
	}
}

// TestReleasedLogTakesNothing: a term that raft believes to be stored, and is not,
// must not be followed by a vote or an entry of it.
func TestReleasedLogTakesNothing(t *testing.T) {
	l := openTest(t, t.TempDir(), newFaults(), 1<<20)
	must(t, l.StoreLogs(entries(1, 2, 1, 100)))
	l.Release()
	if err := l.StoreLogs(entries(3, 3, 2, 100)); !errors.Is(err, errClosed) {
		t.Errorf("an append to a released log: %v", err)
	}
	if err := l.SetUint64([]byte("LastVoteTerm"), 2); !errors.Is(err, errClosed) {
		t.Errorf("the term of a vote in a released log: %v", err)
	}
	if err := l.Set([]byte("LastVoteCand"), []byte("x")); !errors.Is(err, errClosed) {
		t.Errorf("a vote in a released log: %v", err)
	}
	holds(t, l, entries(1, 2, 1, 100))
}

func BenchmarkStoreLogs(b *testing.B) {
	m := unwatched()
	l, err := OpenLog(Options{Dir: b.TempDir(), Monitor: m, Segment: 16 << 20, Logger: hclog.NewNullLogger()})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	next := uint64(1)
	for b.Loop() {
		if err := l.StoreLogs(entries(next, next+15, 1, 1500)); err != nil {
			b.Fatal(err)
		}
		next += 16
	}
	b.ReportMetric(16, "entries/op")
	_ = fmt.Sprint(next)
}
