package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vigie/cluster/clustertest"
	"vigie/cluster/fsck"
	"vigie/cmd/vigie/internal/specimen"
)

// TestE2EFsck kills the leader and then a follower in the midst of writes; their
// folders must be clean, and hold what they say. Then damage is planted in them.
func TestE2EFsck(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 3})
	v := newCLI(t, c)
	v.fails(exitCannot, "in use by another process", "fsck", filepath.Join(c.Dir(0), "data"))
	v.fails(exitCannot, "no folder", "fsck", filepath.Join(t.TempDir(), "none"))
	v.has(v.ok("fsck", "--explain"), "registry-replay", "audit-damaged", "->")

	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := writeWhile(t, c, func(got *acked) {
		got.waitFor(t, 200)
		c.Kill9(leader)
		got.waitFor(t, 260)
		c.Kill9((leader + 1) % 3)
	})
	for _, i := range []int{leader, (leader + 1) % 3} {
		rep := v.fsck(exitOK, filepath.Join(c.Dir(i), "data"))
		if !rep.Replayed || rep.Entries < 150 || rep.Index == 0 {
			t.Errorf("node %d after kill -9, %d acknowledged: %+v", i, len(got.entries), rep)
		}
		v.has(v.ok("fsck", "--config", filepath.Join(c.Dir(i), "vigie.yaml")), "clean", "computed anew from snapshot and log")
	}
	data := filepath.Join(c.Dir(leader), "data")
	path := filepath.Join(data, "registry.db")
	b := readFile(t, path)
	writeFile(t, path, b[:8*os.Getpagesize()])
	if rep := v.fsck(exitFailure, data); !rep.Has(fsck.RegistryPages) {
		t.Errorf("a cut registry: %+v", rep.Findings)
	}
	writeFile(t, path, b)
	if err := os.Chmod(filepath.Join(c.Dir(leader), "vigie.yaml"), 0o666); err != nil {
		t.Fatal(err)
	}
	v.fails(exitFailure, "config-rights", "fsck", "--config", filepath.Join(c.Dir(leader), "vigie.yaml"))
	// Both are whole again: they start and take up what they missed.
	for _, i := range []int{leader, (leader + 1) % 3} {
		if err := c.Restart(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Converge(t.Context(), uint64(got.last)); err != nil {
		t.Error(err)
	}
}

// writeWhile lets three clients write until during is over, and gives what was
// acknowledged.
func writeWhile(t *testing.T, c *clustertest.Cluster, during func(*acked)) *acked {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	got := &acked{entries: map[string]string{}}
	var writers sync.WaitGroup
	template := specimen.Entries(3, time.Now())
	for w := range 3 {
		in := entryInput(&template[w])
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				in.CaseReference = fmt.Sprintf("FSCK-%d-%d", w, n)
				r, err := writeOne(ctx, c, w, mustJSON(t, in), "fsck-"+in.CaseReference)
				if err != nil {
					return // the test stops
				}
				var written struct {
					Id    string `json:"id"`
					Index int64  `json:"index"`
				}
				if json.Unmarshal(r.body, &written) == nil && written.Index > 0 {
					got.mu.Lock()
					got.entries[in.CaseReference] = written.Id
					got.last = max(got.last, written.Index)
					got.count.Store(int64(len(got.entries)))
					got.mu.Unlock()
				}
			}
		})
	}
	during(got)
	stop()
	writers.Wait()
	return got
}

// fsck runs the command on a folder and reads its report.
func (c *cli) fsck(code int, dir string) fsck.Report {
	c.t.Helper()
	got, out, errs := c.run(c.t.Context(), "", "fsck", "--json", dir)
	var rep fsck.Report
	if err := json.Unmarshal([]byte(out), &rep); err != nil || got != code {
		c.t.Fatalf("vigie fsck: exit %d, want %d, %v\n%s%s", got, code, err, out, errs)
	}
	return rep
}

// TestE2EFsckGallery: the gallery's files are held against the registry, and damage
// in them is seen.
func TestE2EFsckGallery(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1})
	v := newCLI(t, c)
	for i := range 3 {
		enrolTemplate(t, c, 0, fmt.Sprintf("fsck-gallery-%d", i), madeUpTemplate(t, uint64(i+1)))
	}
	if err := c.Stop(0); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(c.Dir(0), "data")
	if rep := v.fsck(exitOK, data); rep.Has(fsck.GalleryUnused) || rep.Parts[len(rep.Parts)-1].Items != 1 {
		t.Fatalf("a sound gallery of one segment: %+v", rep)
	}
	files, err := filepath.Glob(filepath.Join(data, "gallery", "*", "*.segment"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	sound := readFile(t, files[0])
	bad := append([]byte(nil), sound...)
	bad[len(bad)/2] ^= 1
	writeFile(t, files[0], bad)
	if rep := v.fsck(exitFailure, data); !rep.Has(fsck.GalleryDamaged) {
		t.Errorf("a flipped bit: %+v", rep.Findings)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if rep := v.fsck(exitOK, data); !rep.Has(fsck.GalleryUnused) {
		t.Errorf("a missing segment: %+v", rep.Findings)
	}
}
