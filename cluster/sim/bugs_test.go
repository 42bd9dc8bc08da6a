//go:build plantedbugs

package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/benchmarks"
	"vigie/cluster/planted"
)

// gateLimit is how long the ring may take to find a planted bug.
const gateLimit = 2 * time.Minute

// TestPlantedBugs runs the ring against each planted bug; two at a time, one
// worker each. Without a bug the same binary must find nothing.
func TestPlantedBugs(t *testing.T) {
	template := newTemplate(t)
	control := hunt(t, template, "", 20*time.Second)
	if control.Caught {
		t.Fatalf("without a bug the ring complains of seed %d: %s", control.Seed, control.By)
	}
	t.Logf("no bug: %d seeds in %.0f s, nothing found", control.Seeds, control.Seconds)
	g := gate{Commit: benchmarks.ThisMachine(time.Now()).Commit, Date: time.Now().UTC().Format("2006-01-02 15:04"), Bugs: make([]caught, planted.EarlyCursor)}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i := range g.Bugs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			g.Bugs[i] = hunt(t, template, (planted.NoFsync + planted.Bug(i)).String(), gateLimit)
		})
	}
	wg.Wait()
	for _, c := range g.Bugs {
		if c.Caught {
			g.Caught++
		} else {
			t.Errorf("%s was not found in %.0f s", c.Bug, c.Seconds)
		}
	}
	t.Logf("%d of %d planted bugs caught\n%s", g.Caught, len(g.Bugs), g.table())
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(bugsFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bugsFile, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hunt runs seeds from 1 on until one complains or the time is up.
func hunt(t *testing.T, template, bug string, limit time.Duration) caught {
	out := caught{Bug: bug}
	began := time.Now()
	var w *worker
	for seed := uint64(1); time.Since(began) < limit; seed++ {
		if w == nil {
			var err error
			if w, err = startWorker(template, "VIGIE_PLANTED_BUG="+bug); err != nil {
				t.Error(err)
				return out
			}
		}
		out.Seeds++
		r, err := w.one(seed, limit)
		if err != nil {
			out.Caught, out.Seed, out.By = true, seed, brief(err.Error())
			w = nil
			break
		}
		if r.Violations > 0 {
			out.Caught, out.Seed, out.By = true, seed, brief(strings.Join(r.Details[:1], ""))
			break
		}
	}
	if w != nil {
		w.stop()
	}
	out.Seconds = time.Since(began).Seconds()
	return out
}

// brief is the first line that says something, fit for a table.
func brief(text string) string {
	for _, line := range strings.Split(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "panic: "); ok {
			text = "the node stops: " + rest
			break
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	if i := strings.Index(text, ": "); i >= 0 && i < 20 && strings.ContainsAny(text[:i], "0123456789") {
		text = text[i+2:]
	}
	r := []rune(strings.ReplaceAll(text, "|", "/"))
	return string(r[:min(len(r), 140)])
}
