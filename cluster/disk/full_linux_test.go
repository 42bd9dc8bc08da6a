package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/watchlist"
)

// TestFullDisk fills a small file system: the reserve is given up at the first
// refusal, writes are refused in words, and once there is room everything is as
// before, by itself.
func TestFullDisk(t *testing.T) {
	mnt := t.TempDir()
	if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, "size=32m"); err != nil {
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: no right to mount a small file system: %v\n\n", t.Name(), err)
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mnt, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	m := watchTest(t, mnt, Limits{})
	if s := m.Status(); s.State != Healthy || s.Reserve != 2<<20 {
		t.Fatalf("at first: %+v", s)
	}
	ballast := filepath.Join(mnt, "ballast")
	f, err := os.Create(ballast)
	must(t, err)
	end := m.Begin(false)
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10))
	}
	end(err)
	must(t, f.Close())
	if err := m.Room(); !errors.Is(err, watchlist.ErrDiskFull) {
		t.Errorf("room on a full disk: %v", err)
	}
	if _, err := os.Stat(filepath.Join(mnt, reserveFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the reserve was not released: %v", err)
	}
	must(t, fillFile(filepath.Join(mnt, "urgent"), 1<<20))
	eventually(t, "the state is not full", func() bool { return m.State() == Full })
	must(t, os.Remove(ballast))
	begin := time.Now()
	eventually(t, "no room after there is room", func() bool { return m.Room() == nil && m.State() == Healthy && m.Status().Reserve == 2<<20 })
	t.Logf("writes were taken again %v after there was room", time.Since(begin).Round(time.Millisecond))
}
