package face

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/cluster/seal"
	"vigie/index/face/file"
	"vigie/index/indextest"
	"vigie/watchlist"
)

func newKey(t testing.TB) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// never is so long that only an explicit Save writes.
const never = 1000 * time.Hour

// shelf is a folder of files that galleries are opened from, one after the other.
type shelf struct {
	dir   string
	seal  file.Sealer
	space Space
	tag   string // version of the calibration
	log   io.Writer
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	return &shelf{dir: filepath.Join(t.TempDir(), "gallery"), seal: newKey(t), space: unitSpace{model: indextest.Model}, tag: "v1", log: io.Discard}
}

// open opens a gallery over the files and recalls a registry.
func (s *shelf) open(t testing.TB, registry string) *Keeper {
	t.Helper()
	k := Keep(New(s.space, Options{}), file.NewDir(s.dir, s.seal), KeepOptions{
		Calibration: s.tag, Every: never, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	k.Recall(registry)
	t.Cleanup(func() { drop(t, k) })
	return k
}

// drop ends a keeper as a killed process does: nothing more is written.
func drop(t testing.TB, k *Keeper) {
	t.Helper()
	k.pending.Store(0)
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

func save(t testing.TB, k *Keeper) {
	t.Helper()
	if err := k.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// fill rebuilds a keeper from n entries of index 7 and writes it.
func fill(t testing.TB, k *Keeper, n int) {
	t.Helper()
	var list []*watchlist.Entry
	for i := range n {
		list = append(list, indextest.Entry(i, 1))
	}
	if err := k.Rebuild(listed(list), 7); err != nil {
		t.Fatal(err)
	}
	save(t, k)
}

// names lists the segments' files.
func (s *shelf) names(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(s.dir, "*.segment"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// finds reports whether a search for an entry's own face finds it.
func finds(t testing.TB, g *Gallery, e *watchlist.Entry, asOf uint64) bool {
	t.Helper()
	template, err := watchlist.DecodeTemplate(e.Faces[0].Template)
	if err != nil {
		t.Fatal(err)
	}
	q := query(template, 1, 0.99)
	q.AsOf = asOf
	got, _, err := g.Search(t.Context(), q, nil)
	if err != nil {
		t.Fatal(err)
	}
	return len(got) == 1 && got[0].Entry == e.ID
}

// TestKeeperConformance runs the suite of all indexes while the files are
// written as fast as can be.
func TestKeeperConformance(t *testing.T) {
	indextest.Run(t, func(t testing.TB) *Keeper {
		s := newShelf(t)
		k := Keep(New(s.space, Options{}), file.NewDir(s.dir, s.seal), KeepOptions{Every: time.Nanosecond})
		k.Recall("r1")
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := k.Save(context.Background()); err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			}
		})
		t.Cleanup(func() {
			close(stop)
			wg.Wait()
			if err := k.Close(); err != nil {
				t.Error(err)
			}
		})
		return k
	}, func(ctx context.Context, k *Keeper, e *watchlist.Entry) ([]watchlist.EntryID, error) {
		if len(e.Faces) == 0 {
			return nil, nil
		}
		template, err := watchlist.DecodeTemplate(e.Faces[0].Template)
		if err != nil {
			return nil, err
		}
		found, _, err := k.Search(ctx, query(template, 50, 0.9), nil)
		var ids []watchlist.EntryID
		for _, m := range found {
			ids = append(ids, m.Entry)
		}
		return ids, err
	})
}

// TestKeeperUnfit: files that do not fit are dropped with one line in the log,
// and never mixed with what follows.
func TestKeeperUnfit(t *testing.T) {
	manifest := func(s *shelf) string { return filepath.Join(s.dir, "manifest") }
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]func(*testing.T, *shelf){
		"another key":         func(t *testing.T, s *shelf) { s.seal = newKey(t) },
		"another model":       func(_ *testing.T, s *shelf) { s.space = unitSpace{model: "other"} },
		"another calibration": func(_ *testing.T, s *shelf) { s.tag = "v2" },
		"another projection":  func(_ *testing.T, s *shelf) { s.space = rawSpace{model: indextest.Model, dim: 128} },
		"another agreement":   func(_ *testing.T, s *shelf) { s.space = unitSpace{model: indextest.Model, agree: 0.3} },
		"a segment is gone":   func(t *testing.T, s *shelf) { must(t, os.Remove(s.names(t)[0])) },
		"no manifest":         func(t *testing.T, s *shelf) { must(t, os.Remove(manifest(s))) },
		"an empty manifest":   func(t *testing.T, s *shelf) { must(t, os.WriteFile(manifest(s), nil, 0o600)) },
		"a newer format": func(t *testing.T, s *shelf) {
			b, err := os.ReadFile(manifest(s))
			must(t, err)
			b[8]++
			must(t, os.WriteFile(manifest(s), b, 0o600))
		},
		"a changed byte": func(t *testing.T, s *shelf) {
			b, err := os.ReadFile(s.names(t)[0])
			must(t, err)
			b[len(b)/2]++
			must(t, os.WriteFile(s.names(t)[0], b, 0o600))
		},
		"an older manifest": func(t *testing.T, s *shelf) {
			b, err := os.ReadFile(manifest(s))
			must(t, err)
			k := s.open(t, "r1")
			must(t, k.Apply([]watchlist.Change{{ID: indextest.Entry(500, 1).ID, Entry: indextest.Entry(500, 1)}}, 8))
			fill(t, k, 50) // every file is another one now
			drop(t, k)
			must(t, os.WriteFile(manifest(s), b, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			k := s.open(t, "r1")
			fill(t, k, 300)
			drop(t, k)
			spoil(t, s)
			var log bytes.Buffer
			s.log = &log
			k = s.open(t, "r1")
			if k.Applied() != 0 || k.Size() != 0 || len(s.names(t)) != 0 {
				t.Errorf("applied %d, %d templates, %d files", k.Applied(), k.Size(), len(s.names(t)))
			}
			if _, err := os.Stat(manifest(s)); err == nil {
				t.Error("the manifest stays")
			}
			if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "built from the registry") {
				t.Errorf("log:\n%s", log.String())
			}
			if k.Model() != indextest.Model {
				return // nothing of this list can be found then
			}
			fill(t, k, 20)
			drop(t, k)
			if k = s.open(t, "r1"); k.Applied() != 7 || k.Size() != 20 {
				t.Errorf("written again: applied %d, %d templates", k.Applied(), k.Size())
			}
		})
	}
}

// TestKeeperFollowsTheRegistry: files of one registry are of no use to another,
// whether it takes the first one's place at a start or while the node runs.
func TestKeeperFollowsTheRegistry(t *testing.T) {
	s := newShelf(t)
	k := s.open(t, "r1")
	fill(t, k, 40)
	drop(t, k)
	k = s.open(t, "r2")
	if k.Applied() != 0 || len(s.names(t)) != 0 {
		t.Errorf("files of another registry: applied %d", k.Applied())
	}
	fill(t, k, 40)
	// A restored snapshot: the gallery goes on answering until it is rebuilt, and
	// writes nothing that mixes the two.
	k.Recall("r3")
	k.note(1)
	save(t, k)
	if k.Size() != 40 || len(s.names(t)) != 0 || k.KeptStats().Applied != 0 {
		t.Errorf("between two registries: %d templates, files %v", k.Size(), s.names(t))
	}
	fill(t, k, 10)
	drop(t, k)
	if k = s.open(t, "r3"); k.Size() != 10 {
		t.Errorf("%d templates of the restored registry, want 10", k.Size())
	}
}

// TestKeeperFailedRebuild: a rebuild that fails halfway leaves no files that
// claim a state.
func TestKeeperFailedRebuild(t *testing.T) {
	s := newShelf(t)
	k := s.open(t, "r1")
	fill(t, k, 40)
	boom := errors.New("boom")
	err := k.Rebuild(func(yield func(*watchlist.Entry, error) bool) {
		_ = yield(indextest.Entry(1, 1), nil) && yield(nil, boom)
	}, 9)
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	k.note(1)
	save(t, k)
	drop(t, k)
	if k = s.open(t, "r1"); k.Applied() != 0 {
		t.Errorf("applied %d after a failed rebuild", k.Applied())
	}
}
