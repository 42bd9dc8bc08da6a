package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vigie/watchlist"
)

// TestDiskFull fills a small file system: Append must say so, keep what it
// acknowledged, and go on once there is room.
func TestDiskFull(t *testing.T) {
	mnt := t.TempDir()
	if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("no right to mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mnt, 0); err != nil {
			t.Error(err)
		}
	})
	dir, key := filepath.Join(mnt, "audit"), newKey(t)
	ballast := filepath.Join(mnt, "ballast")
	l := open(t, dir, key, 0)
	if err := os.WriteFile(ballast, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	acked := uint64(0)
	for {
		seq, err := l.Append(context.Background(), event(1))
		if err != nil {
			if !errors.Is(err, watchlist.ErrDiskFull) {
				t.Fatalf("error = %v, want ErrDiskFull", err)
			}
			break
		}
		acked = seq
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	seq, err := l.Append(context.Background(), event(2))
	if err != nil || seq != acked+1 {
		t.Fatalf("after space returned: %d, %v; want %d", seq, err, acked+1)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(dir, key); err != nil || rep.Events != seq {
		t.Errorf("report %+v, %v", rep, err)
	}
}
