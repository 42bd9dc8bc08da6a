package registry_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"vigie/cluster/registry"
	"vigie/watchlist"

	gocmp "github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
)

// tellChanged gives the changes since an index as text, or "untold".
func tellChanged(t testing.TB, s *registry.Store, since uint64) []string {
	changes, ok := s.ChangedSince(since)
	if !ok {
		return []string{"untold"}
	}
	out := []string{}
	for c, err := range changes {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s at %d revision %d", c.ID, c.Index, c.Entry.Revision))
	}
	return out
}

// history is the plain model of what ChangedSince tells.
type history struct {
	index uint64
	since uint64 // the first index that can be told
	last  map[watchlist.EntryID]uint64
	rev   map[watchlist.EntryID]uint64
}

func (h *history) tell(since uint64) []string {
	if since < h.since || since > h.index {
		return []string{"untold"}
	}
	var ids []watchlist.EntryID
	for id, at := range h.last {
		if at > since {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b watchlist.EntryID) int {
		return cmp.Or(cmp.Compare(h.last[a], h.last[b]), cmp.Compare(a, b))
	})
	out := []string{}
	for _, id := range ids {
		out = append(out, fmt.Sprintf("%s at %d revision %d", id, h.last[id], h.rev[id]))
	}
	return out
}

// TestChangedSinceModel holds ChangedSince against a model over random
// histories: transactions of several commands, entries written again, changes of
// other records, reopened files, a state replaced by a restored one, and writes
// of an earlier release, which does not note anything.
func TestChangedSinceModel(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		path, key := filepath.Join(t.TempDir(), "r.db"), newKey(t)
		s, err := registry.Open(path, key)
		if err != nil {
			t.Fatal(err)
		}
		h := &history{last: map[watchlist.EntryID]uint64{}, rev: map[watchlist.EntryID]uint64{}}
		for step := range 40 {
			switch rng.IntN(12) {
			case 0:
				s = reopen(t, s, path, key, nil)
			case 1:
				id := s.ID()
				if err := restoreItself(s); err != nil {
					t.Fatal(err)
				}
				if s.ID() == id {
					t.Fatal("the replaced file has the id of the old one")
				}
				h.index++
				h.since, h.last = h.index, map[watchlist.EntryID]uint64{}
			case 2:
				h.earlierRelease(t, rng, &s, path, key)
			default:
				h.update(t, rng, s)
			}
			for since := range h.index + 2 {
				if d := gocmp.Diff(h.tell(since), tellChanged(t, s, since)); d != "" {
					t.Fatalf("seed %d, step %d: changed since %d of %d (-want +got):\n%s", seed, step, since, h.index, d)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// restoreItself replaces the state by a copy of itself, one index later.
func restoreItself(s *registry.Store) error {
	v, err := s.View()
	if err != nil {
		return err
	}
	err = s.Replace(func(add func(registry.Record) error) (registry.State, error) {
		st := v.State()
		for r, err := range v.Records() {
			if err := errors.Join(err, add(r)); err != nil {
				return st, err
			}
		}
		st.Index++
		return st, nil
	})
	return errors.Join(err, v.Close())
}

// earlierRelease writes as a release does that knows nothing of the lines: what
// they are worth stays as it was.
func (h *history) earlierRelease(t *testing.T, rng *rand.Rand, s **registry.Store, path string, key registry.Sealer) {
	var meta []byte
	*s = reopen(t, *s, path, key, func(tx *bolt.Tx) error {
		meta = bytes.Clone(tx.Bucket([]byte("meta")).Get([]byte("touched")))
		return nil
	})
	h.update(t, rng, *s)
	// Nothing can be told before the next transaction.
	h.since, h.last = h.index+1, map[watchlist.EntryID]uint64{}
	*s = reopen(t, *s, path, key, func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("touched"), meta) })
}

// update makes one transaction of up to three commands.
func (h *history) update(t *testing.T, rng *rand.Rand, s *registry.Store) {
	at := h.index
	from := at
	commands := 1 + rng.IntN(3)
	err := s.Update(at+uint64(commands), 1, func(tx *registry.Tx) error {
		for range commands {
			at++
			tx.At(at)
			for range rng.IntN(4) {
				e := entry(rng.IntN(10))
				h.rev[e.ID]++
				e.Revision, h.last[e.ID] = h.rev[e.ID], at
				if err := tx.PutEntry(e); err != nil {
					return err
				}
			}
		}
		return tx.PutClock(int64(at))
	})
	if err != nil {
		t.Fatal(err)
	}
	h.index = at
	// After an earlier release wrote, the list begins at the next transaction.
	if h.since > from {
		h.since = from
		for id, i := range h.last {
			if i <= from {
				delete(h.last, id)
			}
		}
	}
}

func reopen(t *testing.T, s *registry.Store, path string, key registry.Sealer, change func(*bolt.Tx) error) *registry.Store {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(change); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := registry.Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func touchedLines(t testing.TB, path string) (keys [][]byte) {
	t.Helper()
	edit(t, path, func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("touched"))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, _ []byte) error { keys = append(keys, bytes.Clone(k)); return nil })
	})
	return keys
}

// TestTouchedIsBounded: no more lines than entries, beyond the least number.
func TestTouchedIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKey(t))
	const entries, rounds = 1100, 4
	for i := range rounds {
		update(t, s, uint64(i+1), func(tx *registry.Tx) error {
			for n := range entries {
				if err := tx.PutEntry(entry(n)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if got := tellChanged(t, s, rounds-1); len(got) != entries {
		t.Errorf("%d changes since the last transaction, want %d", len(got), entries)
	}
	if got := tellChanged(t, s, rounds-2); got[0] != "untold" {
		t.Errorf("told of dropped lines: %d changes", len(got))
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(touchedLines(t, path)); n != entries {
		t.Errorf("%d lines for %d entries", n, entries)
	}
}

// TestTouchedDamage: whatever happened to the lines, a wrong list is not told,
// and the next transaction mends it.
func TestTouchedDamage(t *testing.T) {
	lines := []byte("touched")
	first := func(tx *bolt.Tx) []byte { k, _ := tx.Bucket(lines).Cursor().First(); return bytes.Clone(k) }
	for name, damage := range map[string]func(*bolt.Tx) error{
		"a line is missing": func(tx *bolt.Tx) error { return tx.Bucket(lines).Delete(first(tx)) },
		"a line more":       func(tx *bolt.Tx) error { return tx.Bucket(lines).Put([]byte("\x00\x00\x00\x00\x00\x00\x00\x02x"), nil) },
		"a bit of an id": func(tx *bolt.Tx) error {
			k := first(tx)
			err := tx.Bucket(lines).Delete(k)
			k[len(k)-1] ^= 1
			if err == nil {
				err = tx.Bucket(lines).Put(k, nil)
			}
			return err
		},
		"a short line":   func(tx *bolt.Tx) error { return tx.Bucket(lines).Put([]byte("x"), nil) },
		"no lines":       func(tx *bolt.Tx) error { return tx.DeleteBucket(lines) },
		"no worth":       func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Delete(lines) },
		"another's seal": func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put(lines, make([]byte, 80)) },
		"an earlier release's file": func(tx *bolt.Tx) error {
			if err := tx.DeleteBucket(lines); err != nil {
				return err
			}
			return tx.Bucket([]byte("meta")).Delete(lines)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, key := filepath.Join(t.TempDir(), "r.db"), newKey(t)
			s := open(t, path, key)
			for i := range 3 {
				update(t, s, uint64(i+1), func(tx *registry.Tx) error { return tx.PutEntry(entry(i)) })
			}
			if got := tellChanged(t, s, 1); len(got) != 2 {
				t.Fatalf("sound file: %v", got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			edit(t, path, damage)
			s = open(t, path, key)
			if s.Count() != 3 {
				t.Errorf("%d entries", s.Count())
			}
			for since := range uint64(4) {
				if got := tellChanged(t, s, since); len(got) != 1 || got[0] != "untold" {
					t.Errorf("since %d: %v", since, got)
				}
			}
			if err := s.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			update(t, s, 4, func(tx *registry.Tx) error { return tx.PutEntry(entry(7)) })
			if got := tellChanged(t, s, 3); len(got) != 1 || got[0] != "SEN-00007 at 4 revision 1" {
				t.Errorf("after the next transaction: %v", got)
			}
		})
	}
}

func TestChangedSinceClosed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKey(t))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.ChangedSince(0); ok || s.ID() != "" {
		t.Error("a closed store tells what changed")
	}
}
