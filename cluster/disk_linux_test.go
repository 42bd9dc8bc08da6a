package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/watchlist"
)

// TestDiskFull fills the disk under a node: it must not crash, it must say so or
// leave the outcome open, reads go on, and writes work again once there is room,
// without a restart.
func TestDiskFull(t *testing.T) {
	mnt := t.TempDir()
	if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("no right to mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mnt, 0); err != nil {
			t.Error(err)
		}
	})
	c := &testCluster{t: t, dir: mnt, net: newFabric()}
	t.Cleanup(c.stopAll)
	n := c.slot()
	if _, err := Init(ctxFor(t), InitConfig{DataDir: n.dir, Origin: testOrigin}); err != nil {
		t.Fatal(err)
	}
	n.start()
	c.leader()
	n.mustPut(1)
	ballast := filepath.Join(mnt, "ballast")
	fill(t, ballast)
	var failed error
	for i := 2; failed == nil && i < 200; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, failed = n.node.Blobs().Put(ctx, photo(byte(i), 500_000))
		cancel()
	}
	if !errors.Is(failed, watchlist.ErrDiskFull) {
		t.Errorf("photo on a full disk: %v, want ErrDiskFull", failed)
	}
	for i := 2; i < 20; i++ {
		_, err := n.node.Audit().Append(ctxFor(t), watchlist.AuditEvent{Kind: watchlist.AuditRead, Outcome: "ok"})
		if err != nil && !errors.Is(err, watchlist.ErrDiskFull) {
			t.Errorf("audit on a full disk: %v", err)
		}
	}
	if _, err := n.node.Registry().Entry(testEntry(1).ID); err != nil {
		t.Errorf("read on a full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c.eventually("no writes after there is room", func() bool {
		_, err := n.put(100)
		return err == nil
	})
	if _, err := n.node.Blobs().Put(ctxFor(t), photo(1, 1000)); err != nil {
		t.Errorf("photo after there is room: %v", err)
	}
	if _, err := n.node.Audit().Append(ctxFor(t), watchlist.AuditEvent{Kind: watchlist.AuditRead, Outcome: "ok"}); err != nil {
		t.Errorf("audit after there is room: %v", err)
	}
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}
