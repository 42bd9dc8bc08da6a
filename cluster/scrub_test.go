package cluster

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vigie/cluster/disk"
)

// damage flips a bit in the middle of what a file holds.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(bytes.TrimRight(b, "\x00"))/2] ^= 8
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
}

// one gives the only file that fits a pattern in the node's data folder.
func one(t *testing.T, n *testNode, pattern string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(n.dir, pattern))
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v, %v", pattern, list, err)
	}
	return list[0]
}

// TestScrubMendsPhotos: a photo that was damaged on the disk is fetched again from
// another node before anybody asks for it.
func TestScrubMendsPhotos(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	n := c.followers()[0]
	id, err := c.leader().node.Blobs().Put(ctxFor(t), photo(7, 50_000))
	if err != nil {
		t.Fatal(err)
	}
	n.node.Blobs().Want(id)
	c.eventually("the photo does not arrive", func() bool { return n.node.Blobs().Has(id) })
	damage(t, one(t, n, "blobs/??/"+string(id)))
	if _, err := n.node.Blobs().Local(id); err == nil {
		t.Fatal("the damage is not seen")
	}
	if err := n.node.scrub(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := n.node.Blobs().Local(id); err != nil || !bytes.Equal(got, photo(7, 50_000)) {
		t.Errorf("after the scrub: %v", err)
	}
	if s := n.node.Disk(); s.State != disk.Healthy {
		t.Errorf("disk %+v", s)
	}
}

// TestDamagedLeaderGivesWay: a leader that finds its log damaged hands over, and
// never asks for votes again.
func TestDamagedLeaderGivesWay(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, func(cfg *Config) { cfg.ScrubEvery = 100 * time.Millisecond })
	bad := c.leader()
	for i := range 20 {
		bad.mustPut(i)
	}
	damage(t, one(t, bad, "raft/*.wal"))
	c.eventually("the damage is not found", func() bool { return bad.node.Disk().State == disk.Corrupt })
	c.eventually("the damaged node still leads", func() bool { return !bad.node.leads() })
	if err := bad.node.veto.vote(); err == nil {
		t.Error("the damaged node would ask for votes")
	}
	c.leader().mustPut(100)
	bad.waitEntry(100)
	bad.stop()
	err := bad.tryStart()
	if err == nil || RejoinAdvice(err) == "" {
		t.Fatalf("a node with a damaged log started, or says nothing: %v", err)
	}
}

// TestScrubReplacesASnapshot: a follower that lags must not get a damaged one.
func TestScrubReplacesASnapshot(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	n := c.nodes[0]
	for i := range 5 {
		n.mustPut(i)
	}
	if err := n.node.rep.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	if err := n.node.scrub(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	path := one(t, n, "raft/snapshots/*/state.bin")
	damage(t, path)
	if err := n.node.readSnapshot(ctxFor(t)); err == nil {
		t.Fatal("the damage is not seen")
	}
	n.mustPut(6)
	if err := n.node.scrub(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	if err := n.node.readSnapshot(ctxFor(t)); err != nil || n.node.Disk().State != disk.Healthy {
		t.Errorf("after the scrub: %v, %+v", err, n.node.Disk())
	}
}
