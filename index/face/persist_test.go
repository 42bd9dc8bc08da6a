package face

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
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

// TestKeeperModel drives galleries through random histories in which they are
// written, killed and opened again at random points, told only what changed
// since their files, and holds every answer, present and past, to the
// definition.
func TestKeeperModel(t *testing.T) {
	worlds := 12
	if testing.Short() {
		worlds = 4
	}
	for seed := range uint64(worlds) {
		w := newWorld(seed, 128)
		w.many = 12
		lives := &lives{world: w, shelf: newShelf(t), touched: map[watchlist.EntryID]uint64{}}
		lives.space = w.g.space
		lives.live(t, 30)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// lives is a world whose gallery dies and comes back.
type lives struct {
	*world
	*shelf
	k       *Keeper
	touched map[watchlist.EntryID]uint64
	loads   int
}

func (l *lives) live(t *testing.T, steps int) {
	l.k = Keep(l.g, file.NewDir(l.dir, l.seal), KeepOptions{Calibration: "v1", Every: never})
	l.k.Recall("r1")
	if err := l.k.Rebuild(listed(nil), 1); err != nil {
		t.Fatal(err)
	}
	l.truth.index = 1
	for range steps {
		l.change(t)
		switch l.rng.IntN(5) {
		case 0, 1:
			save(t, l.k)
		case 2:
			l.die(t)
		}
		for range 5 {
			l.check(t)
		}
	}
	l.die(t)
	for range 20 {
		l.check(t)
	}
	drop(t, l.k)
}

// change makes one step at a raft index of its own.
func (l *lives) change(t *testing.T) {
	t.Helper()
	if err := l.k.Apply(nil, l.g.Applied()+1); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(l.entries)
	l.step(t)
	l.k.note(1)
	for id, e := range l.entries {
		if before[id] != e {
			l.touched[id] = l.g.Applied()
		}
	}
	for id := range before {
		if l.entries[id] == nil {
			l.touched[id] = l.g.Applied()
		}
	}
}

// die ends the gallery and opens another from the files, as a start does.
func (l *lives) die(t *testing.T) {
	t.Helper()
	old, to, saved := l.g, l.g.Applied(), l.k.KeptStats().Applied
	if l.rng.IntN(3) == 0 {
		if err := l.k.Close(); err != nil { // writes what is left
			t.Fatal(err)
		}
		saved = l.k.KeptStats().Applied
	} else {
		drop(t, l.k)
	}
	l.g = New(old.space, Options{Kernel: old.kernel, MaxWaiting: 1000, History: old.w.history})
	l.g.w.sizes = old.w.sizes
	l.k = Keep(l.g, file.NewDir(l.dir, l.seal), KeepOptions{Calibration: "v1", Every: never})
	l.k.Recall("r1")
	from := l.g.Applied()
	if from != saved {
		t.Fatalf("the files reach to %d, %d was written last", from, saved)
	}
	if from == 0 {
		l.g.w.base = to
		if err := l.k.Rebuild(listed(slices.Collect(maps.Values(l.entries))), to); err != nil {
			t.Fatal(err)
		}
		return
	}
	l.loads++
	l.catchUp(t, from, to)
	if got, want := l.g.Skipped(), old.Skipped(); got != want {
		t.Errorf("%d templates skipped, were %d", got, want)
	}
	if got, want := l.g.Size(), old.Size(); got != want {
		t.Errorf("%d templates, were %d", got, want)
	}
}

func (l *lives) catchUp(t *testing.T, from, to uint64) {
	t.Helper()
	if from == to {
		return
	}
	var changes []watchlist.Change
	for id, at := range l.touched {
		if at > from {
			changes = append(changes, watchlist.Change{ID: id, Entry: l.entries[id], Index: at})
		}
	}
	if len(changes) > 1 && l.rng.IntN(2) == 0 {
		half := len(changes) / 2
		if err := l.k.CatchUp(changes[:half], from); err != nil {
			t.Fatal(err)
		}
		if l.rng.IntN(2) == 0 {
			save(t, l.k) // what is written here claims nothing that is missing
			if o := l.g.Oldest(); o <= from {
				t.Errorf("half caught up, the state at %d is said to be answerable from %d on", from, o)
			}
		}
		changes = changes[half:]
	}
	if err := l.k.CatchUp(changes, to); err != nil {
		t.Fatal(err)
	}
	if o := l.g.Oldest(); len(changes) > 0 && o != to {
		t.Errorf("caught up to %d, oldest is %d", to, o)
	}
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

// TestDeathsDoNotRewrite: a withdrawal costs a manifest, not a segment.
func TestDeathsDoNotRewrite(t *testing.T) {
	s := newShelf(t)
	k := s.open(t, "r1")
	fill(t, k, 3000)
	before, written := s.names(t), k.KeptStats().Bytes
	for i := range 5 {
		if err := k.Apply([]watchlist.Change{{ID: indextest.Entry(i, 1).ID}}, uint64(8+i)); err != nil {
			t.Fatal(err)
		}
		save(t, k)
	}
	if after := s.names(t); !slices.Equal(before, after) || k.KeptStats().Bytes != written {
		t.Errorf("files %v became %v, %d bytes were written", before, after, k.KeptStats().Bytes-written)
	}
	drop(t, k)
	k = s.open(t, "r1")
	if k.Applied() != 12 || k.Size() != 2995 || k.Oldest() != 7 {
		t.Errorf("applied %d, oldest %d, %d templates", k.Applied(), k.Oldest(), k.Size())
	}
	for i := range 6 {
		if got, want := finds(t, k.Gallery, indextest.Entry(i, 1), 0), i == 5; got != want {
			t.Errorf("entry %d found: %v", i, got)
		}
		// Before its withdrawal it is found, also by a gallery from files.
		if asOf := uint64(7 + i); !finds(t, k.Gallery, indextest.Entry(i, 1), asOf) {
			t.Errorf("entry %d is not found as of %d", i, asOf)
		}
	}
}

// fullSealer stands for a full disk: it seals a number of times and then fails.
type fullSealer struct {
	file.Sealer
	left int
}

func (f *fullSealer) Seal(plain, ad []byte) ([]byte, error) {
	if f.left--; f.left < 0 {
		return nil, fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	return f.Sealer.Seal(plain, ad)
}

// TestFullDiskCostsNothingElse: matching goes on, it is said once, the old files
// stay, no half of the new ones does, and later all is well.
func TestFullDiskCostsNothingElse(t *testing.T) {
	s := newShelf(t)
	full := &fullSealer{Sealer: s.seal, left: 1 << 30}
	var log bytes.Buffer
	s.seal, s.log = full, &log
	k := s.open(t, "r1")
	fill(t, k, 40)
	log.Reset()
	old := s.names(t)
	for n := range 4 { // id, segment, id, manifest
		full.left = n
		e := indextest.Entry(100+n, 1)
		if err := k.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, uint64(8+n)); err != nil {
			t.Fatal(err)
		}
		if err := k.Save(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("save %d: %v", n, err)
		}
		if !finds(t, k.Gallery, e, 0) {
			t.Errorf("entry %d is not found", n)
		}
		if now := s.names(t); !slices.Equal(now, old) {
			t.Errorf("save %d left %v, was %v", n, now, old)
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || k.KeptStats().Failures != 4 {
		t.Errorf("%d errors in the log, %d counted:\n%s", n, k.KeptStats().Failures, log.String())
	}
	full.left = 1 << 30
	save(t, k)
	drop(t, k)
	if k = s.open(t, "r1"); k.Applied() != 11 || k.Size() != 44 {
		t.Errorf("applied %d, %d templates", k.Applied(), k.Size())
	}
}

// TestSavesByItself: a change is written after a while, many at once, and what is
// left at the end.
func TestSavesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		k := Keep(New(s.space, Options{}), file.NewDir(s.dir, s.seal), KeepOptions{})
		k.Recall("r1")
		if err := k.Rebuild(listed(nil), 7); err != nil {
			t.Fatal(err)
		}
		apply := func(n int, index uint64) {
			t.Helper()
			var changes []watchlist.Change
			for i := range n {
				e := indextest.Entry(i, index)
				changes = append(changes, watchlist.Change{ID: e.ID, Entry: e})
			}
			if err := k.Apply(changes, index); err != nil {
				t.Fatal(err)
			}
		}
		wait := func(d time.Duration) uint64 {
			time.Sleep(d) // the bubble's time
			synctest.Wait()
			return k.KeptStats().Applied
		}
		for _, c := range []struct {
			changes int
			index   uint64
			wait    time.Duration
			want    uint64
		}{
			{0, 8, defaultEvery - time.Millisecond, 0},
			{1, 9, 100 * time.Millisecond, 9},               // as long as the first one waited
			{1, 10, defaultEvery - 200*time.Millisecond, 9}, // not yet
			{0, 11, 2 * pauseSaves, 11},                     // now
			{leastAfter, 12, pauseSaves + time.Second, 12},  // at once
			{0, 13, 10 * defaultEvery, 12},                  // nothing to write
			{1, 14, 0, 12},
		} {
			apply(c.changes, c.index)
			if got := wait(c.wait); got != c.want {
				t.Errorf("index %d: %d is written, want %d", c.index, got, c.want)
			}
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		if got := k.KeptStats().Applied; got != 14 {
			t.Errorf("Close wrote up to %d", got)
		}
	})
}

// tellingSealer tells when something is sealed.
type tellingSealer struct {
	file.Sealer
	told chan struct{}
}

func (s *tellingSealer) Seal(plain, ad []byte) ([]byte, error) {
	select {
	case s.told <- struct{}{}:
	default:
	}
	return s.Sealer.Seal(plain, ad)
}

// TestRebuildEndsAWrite: who rebuilds does not wait for a write of the old rows.
func TestRebuildEndsAWrite(t *testing.T) {
	s := newShelf(t)
	telling := &tellingSealer{Sealer: s.seal}
	s.seal = telling
	k := s.open(t, "r1")
	fill(t, k, 3000) // more than a part
	k.dir.Pace(time.Hour)
	fresh := indextest.Entry(5000, 1)
	if err := k.Apply([]watchlist.Change{{ID: fresh.ID, Entry: fresh}}, 8); err != nil {
		t.Fatal(err)
	}
	telling.told = make(chan struct{})
	saved := make(chan error)
	go func() { saved <- k.Save(context.Background()) }()
	<-telling.told
	if err := k.Rebuild(listed([]*watchlist.Entry{fresh}), 9); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; !errors.Is(err, context.Canceled) {
		t.Errorf("save: %v", err)
	}
	k.dir.Pace(0)
	save(t, k)
	drop(t, k)
	if k = s.open(t, "r1"); k.Applied() != 9 || k.Size() != 1 {
		t.Errorf("applied %d, %d templates", k.Applied(), k.Size())
	}
}

// TestNothingInClear: no file shows a template or who it belongs to.
func TestNothingInClear(t *testing.T) {
	s := newShelf(t)
	k := s.open(t, "r1")
	fill(t, k, 2000)
	refusedEntry := entryOf(77, append([]float32{refused}, make([]float32, 127)...))
	if err := k.Apply([]watchlist.Change{{ID: refusedEntry.ID, Entry: refusedEntry}}, 8); err != nil {
		t.Fatal(err)
	}
	save(t, k)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, name := range append(s.names(t), filepath.Join(s.dir, "manifest")) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range append([]int{77, 1999}, rng.Perm(2000)[:50]...) {
			e := indextest.Entry(n, 1)
			x, ok := projectFace(s.space, e.Faces[0])
			if !ok {
				t.Fatal("not projected")
			}
			for what, needle := range map[string][]byte{
				"an entry's id": []byte(e.ID), "the end of an id": []byte(e.ID[len(e.ID)-12:]), "a template": e.Faces[0].Template[4:20],
				"a row": (&file.Manifest{}).Tag.Projection[:0:0],
			} {
				if what == "a row" {
					needle = watchlist.EncodeTemplate(x)[:16]
				}
				if bytes.Contains(b, needle) {
					t.Errorf("%s holds %s", filepath.Base(name), what)
				}
			}
		}
	}
}
