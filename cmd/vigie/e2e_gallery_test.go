package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/cluster/clustertest"
	"vigie/models"
)

// logSince gives what a node logged after the first n bytes of its log.
func logSince(t *testing.T, c *clustertest.Cluster, node, n int) string {
	t.Helper()
	b, err := os.ReadFile(c.LogFile(node))
	if err != nil {
		t.Fatal(err)
	}
	return string(b[n:])
}

// TestGalleryFiles: a node that was stopped starts from the gallery's files, one
// that was killed catches up with what came after them, and one whose files are
// damaged builds them anew. The answers stay the same, to the last bit.
func TestGalleryFiles(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1})
	probe, other := madeUpTemplate(t, 1), madeUpTemplate(t, 2)
	near := madeUpTemplate(t, 1)
	near.Values[0] += 0.01
	enrolTemplate(t, c, 0, "e2e-files-1", probe)
	enrolTemplate(t, c, 0, "e2e-files-2", near)
	gone := enrolTemplate(t, c, 0, "e2e-files-3", other)
	index := gone.Index
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(c.Dir(0), "data", "gallery", cal.Version(), "manifest")

	// restart ends the node in some way and starts it again; its log must then
	// hold these words, and not those.
	restart := func(how string, end func(), words, not []string) {
		t.Helper()
		_, want := matchFaces(t, c, 0, probe, index)
		if len(want) < 2 {
			t.Fatalf("%s: %d candidates before, want 2 or more", how, len(want))
		}
		before := len(logSince(t, c, 0, 0))
		end()
		if err := c.Restart(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		log := logSince(t, c, 0, before)
		for _, w := range words {
			if !strings.Contains(log, w) {
				t.Errorf("%s: no %q in the log:\n%s", how, w, log)
			}
		}
		for _, w := range not {
			if strings.Contains(log, w) {
				t.Errorf("%s: %q in the log:\n%s", how, w, log)
			}
		}
		if _, got := matchFaces(t, c, 0, probe, index); !cmp.Equal(got, want, cmp.AllowUnexported(faceKey{})) {
			t.Errorf("%s: %v, was %v", how, got, want)
		}
	}
	stop := func() {
		if err := c.Stop(0); err != nil {
			t.Fatal(err)
		}
	}
	kill := func() { c.Kill9(0) }
	const loaded, built = "loaded from its files", "built from the registry"

	restart("stopped", stop, []string{loaded, "an index starts from its files"}, []string{built})
	index = enrolTemplate(t, c, 0, "e2e-files-4", near).Index
	index = max(index, withdraw(t, c, 0, gone))
	restart("killed", kill, []string{loaded, "has caught up", "entries=2\n"}, []string{built})
	if _, got := matchFaces(t, c, 0, other, index); len(got) > 0 && got[0].entry == gone.Id {
		t.Error("a withdrawn entry is found after the node was killed")
	}
	restart("damaged", func() {
		kill()
		b, err := os.ReadFile(manifest)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-1] ^= 1
		if err := os.WriteFile(manifest, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}, []string{built, "do not fit"}, []string{loaded})
	restart("removed", func() {
		stop()
		if err := os.RemoveAll(filepath.Dir(manifest)); err != nil {
			t.Fatal(err)
		}
	}, []string{built}, []string{loaded, "ERROR"})
	restart("stopped again", stop, []string{loaded}, []string{built})
}
