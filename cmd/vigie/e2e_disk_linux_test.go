package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// smallDisk is what each node of the disk tests has.
const smallDisk = "size=160m"

// smallDisks makes a folder with a small file system for each node, or skips.
func smallDisks(t *testing.T, nodes int) string {
	t.Helper()
	vigieBinary(t) // skips by -short
	dir := t.TempDir()
	for i := range nodes {
		mnt := filepath.Join(dir, fmt.Sprintf("node%d", i+1), "data")
		if err := os.MkdirAll(mnt, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, smallDisk); err != nil {
			loudSkip(t, "no right to mount small file systems: "+err.Error())
		}
		t.Cleanup(func() {
			if err := unix.Unmount(mnt, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	return dir
}

// fillDisk fills a node's disk to the last page.
func fillDisk(t *testing.T, c *clustertest.Cluster, i int) {
	t.Helper()
	f, err := os.Create(filepath.Join(c.Dir(i), "data", "ballast"))
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

func emptyDisk(t *testing.T, c *clustertest.Cluster, i int) {
	t.Helper()
	if err := os.Remove(filepath.Join(c.Dir(i), "data", "ballast")); err != nil {
		t.Fatal(err)
	}
}

// diskState is what a node says of its disk.
func diskState(t *testing.T, c *clustertest.Cluster, i int) client.Disk {
	t.Helper()
	var st client.ClusterStatus
	call(t, c, i, "GET", "/v1/cluster", nil).decode(t, &st)
	return st.Disk
}

// until polls for what no signal tells of.
func until(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Since(begin) > limit {
			t.Fatalf("after %v: %s", limit, what)
		}
		<-tick.C
	}
	return time.Since(begin)
}

// diskWriter writes entries and remembers which were acknowledged.
type diskWriter struct {
	c   *clustertest.Cluster
	in  client.EntryInput
	got *acked
	n   int
}

func newDiskWriter(c *clustertest.Cluster) *diskWriter {
	template := specimen.Entries(1, time.Now())
	return &diskWriter{c: c, in: entryInput(&template[0]), got: &acked{entries: map[string]string{}}}
}

// write sends one entry to a node, once.
func (w *diskWriter) write(t *testing.T, node int) reply {
	t.Helper()
	w.n++
	w.in.CaseReference = fmt.Sprintf("DISK-%04d", w.n)
	r, err := request(t.Context(), w.c, node, "POST", "/v1/entries", mustJSON(t, w.in), "Idempotency-Key", "e2e-"+w.in.CaseReference)
	if err != nil {
		t.Fatal(err)
	}
	if r.status == http.StatusCreated {
		var out client.EntryWritten
		r.decode(t, &out)
		w.got.add(w.in.CaseReference, out)
	}
	return r
}

// search asks a node for a name, as an officer does.
func search(t *testing.T, c *clustertest.Cluster, node int) reply {
	t.Helper()
	return call(t, c, node, "POST", "/v1/match", []byte(`{"purpose":"test","reason":"disk test","names":[{"full":"Fanta Condé"}]}`))
}

// TestE2EFullDisk fills the disks of real nodes. The leader with a full disk hands
// over, writes go on elsewhere; with all disks full writes are refused in words,
// searches go on; once there is room, all is as before without a restart, and
// nothing that was acknowledged is missing.
func TestE2EFullDisk(t *testing.T) {
	dir := smallDisks(t, 3)
	c := startNodes(t, clustertest.Options{Nodes: 3, Dir: dir})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	w := newDiskWriter(c)
	for i := range 9 {
		if r := w.write(t, i%3); r.status != http.StatusCreated {
			t.Fatalf("write: %d %s", r.status, r.body)
		}
	}
	full, err := c.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fillDisk(t, c, full)
	gone := until(t, 15*time.Second, "the leader with a full disk still leads", func() bool {
		s, err := c.Status(ctx, full)
		return err == nil && s.State != "leader" && s.Stamp.Connected
	})
	t.Logf("%s handed over %v after its disk was full", c.Name(full), gone.Round(time.Millisecond))
	if d := diskState(t, c, full); d.State != client.DiskStateFull || d.Problem == "" {
		t.Errorf("the full disk says %+v", d)
	}
	for i := range 3 {
		if r := w.write(t, i); r.status != http.StatusCreated {
			t.Errorf("write through %s while %s is full: %d %s", c.Name(i), c.Name(full), r.status, r.body)
		}
		if r := search(t, c, i); r.status != http.StatusOK {
			t.Errorf("search on %s: %d %s", c.Name(i), r.status, r.body)
		}
	}
	for i := range 3 {
		if i != full {
			fillDisk(t, c, i)
		}
	}
	allFull(t, c, w)
	for i := range 3 {
		emptyDisk(t, c, i)
	}
	back := until(t, 10*time.Second, "writes are not taken again", func() bool { return w.write(t, 0).status == http.StatusCreated })
	t.Logf("writes were taken again %v after there was room, without a restart", back.Round(time.Millisecond))
	if _, err := c.Converge(ctx, uint64(w.got.last)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		checkAcked(t, c, i, w.got)
		until(t, 10*time.Second, c.Name(i)+" does not call its disk healthy", func() bool { return diskState(t, c, i).State == client.DiskStateHealthy })
	}
	if log := string(readFile(t, c.LogFile(full))); !strings.Contains(log, "event=disk_handover") {
		t.Errorf("the log of %s tells of no handover", c.Name(full))
	}
}

// allFull checks a cluster without any room.
func allFull(t *testing.T, c *clustertest.Cluster, w *diskWriter) {
	t.Helper()
	until(t, 10*time.Second, "writes are still taken", func() bool { return w.write(t, 0).status == http.StatusInsufficientStorage })
	for i := range c.Len() {
		r := w.write(t, i)
		var p client.Problem
		r.decode(t, &p)
		if r.status != http.StatusInsufficientStorage || p.Code != "disk_full" || !strings.HasPrefix(p.Advice.Fr, "Le disque du poste est plein") {
			t.Errorf("write through %s on full disks: %d %s", c.Name(i), r.status, r.body)
		}
		for range 200 {
			if r := search(t, c, i); r.status != http.StatusOK {
				t.Fatalf("search on %s with a full disk: %d %s", c.Name(i), r.status, r.body)
			}
		}
	}
	v := newCLI(t, c)
	v.has(v.ok("status"), "DISK FULL since", "MiB free")
}

// TestE2EHungDisk holds up the leader's syncs. Raft's heartbeats go on from a node
// like that, so another one leads only if the node gives up by itself.
func TestE2EHungDisk(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		loudSkip(t, "no strace to hold up a process's syncs")
	}
	c := startNodes(t, clustertest.Options{Nodes: 3})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	w := newDiskWriter(c)
	if r := w.write(t, 0); r.status != http.StatusCreated {
		t.Fatalf("write: %d %s", r.status, r.body)
	}
	hung, err := c.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	release := holdSyncs(t, strace, c.PID(hung))
	begin := time.Now()
	other := (hung + 1) % 3
	var next int
	until(t, 20*time.Second, "no other node leads", func() bool {
		for i := range 3 {
			if s, err := c.Status(ctx, i); i != hung && err == nil && s.State == "leader" {
				next = i
				return true
			}
		}
		return false
	})
	t.Logf("%s led %v after the disk of %s hung", c.Name(next), time.Since(begin).Round(time.Millisecond), c.Name(hung))
	until(t, 20*time.Second, "the others take no writes", func() bool { return w.write(t, other).status == http.StatusCreated })
	for _, i := range []int{(hung + 1) % 3, (hung + 2) % 3} {
		if r := search(t, c, i); r.status != http.StatusOK {
			t.Errorf("search on %s: %d %s", c.Name(i), r.status, r.body)
		}
	}
	if d := diskState(t, c, hung); d.State != client.DiskStateHung {
		t.Errorf("the hung disk says %+v", d)
	}
	// No answer without an audit event: the post is told to use another one, at once.
	begin = time.Now()
	r := search(t, c, hung)
	var p client.Problem
	r.decode(t, &p)
	if p.Code != "audit_unavailable" || !strings.Contains(p.Advice.Fr, "Utilisez un autre poste") || time.Since(begin) > 2*time.Second {
		t.Errorf("search on the hung node after %v: %d %s", time.Since(begin), r.status, r.body)
	}
	release()
	until(t, 30*time.Second, "searches on the node are not answered again", func() bool { return search(t, c, hung).status == http.StatusOK })
	if _, err := c.Converge(ctx, uint64(w.got.last)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		checkAcked(t, c, i, w.got)
	}
}

// holdSyncs delays every sync of a process by a minute until release is called.
func holdSyncs(t *testing.T, strace string, pid int) (release func()) {
	t.Helper()
	cmd := exec.Command(strace, "-f", "-qq", "-p", fmt.Sprint(pid), "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=60000000", "-o", filepath.Join(t.TempDir(), "strace"))
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	stop := func() {
		if !ended {
			ended = true
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	until(t, 10*time.Second, "strace does not hold the process: "+said.String(), func() bool { return traced(t, pid) })
	return stop
}

// traced reports whether every thread of a process has a tracer.
func traced(t *testing.T, pid int) bool {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("threads of %d: %v", pid, err)
	}
	for _, task := range tasks {
		if b, err := os.ReadFile(task); err == nil && strings.Contains(string(b), "TracerPid:\t0\n") {
			return false
		}
	}
	return true
}
