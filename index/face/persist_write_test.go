package face

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"vigie/index/face/file"
	"vigie/index/indextest"
	"vigie/watchlist"
)

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
	telling.told = make(chan struct{}, 1) // kept for who comes late: the write may rest already
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
