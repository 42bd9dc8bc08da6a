package registry_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

func newKey(t testing.TB) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB, path string, s registry.Sealer) *registry.Store {
	t.Helper()
	st, err := registry.Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func entry(n int) *watchlist.Entry {
	return &watchlist.Entry{ID: watchlist.EntryID(fmt.Sprintf("SEN-%05d", n)), Revision: 1, Names: []watchlist.Name{{Full: "Specimen"}}}
}

func update(t testing.TB, s *registry.Store, index uint64, fn func(*registry.Tx) error) {
	t.Helper()
	if err := s.Update(index, 1, fn); err != nil {
		t.Fatal(err)
	}
}

func TestUpdateIsAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	key := newKey(t)
	s := open(t, path, key)
	update(t, s, 5, func(tx *registry.Tx) error { return tx.PutEntry(entry(1)) })
	index, term, hash := s.Position()
	if index != 5 || term != 1 || s.Count() != 1 {
		t.Fatalf("position %d, term %d, %d entries", index, term, s.Count())
	}
	boom := errors.New("boom")
	err := s.Update(6, 1, func(tx *registry.Tx) error {
		if err := tx.PutEntry(entry(2)); err != nil {
			return err
		}
		if _, err := tx.Entry(entry(2).ID); err != nil {
			t.Errorf("a transaction does not read its own write: %v", err)
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("failed update: %v", err)
	}
	for _, i := range []uint64{0, 4, 5} {
		if err := s.Update(i, 1, func(*registry.Tx) error { return nil }); !errors.Is(err, registry.ErrApplied) {
			t.Errorf("update at old index %d: %v", i, err)
		}
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.Update(6, 1, func(tx *registry.Tx) error {
			_ = tx.PutEntry(entry(3))
			panic("in the middle")
		})
	}()
	if i, _, h := s.Position(); i != 5 || h != hash || s.Count() != 1 {
		t.Errorf("after failures: position %d, %d entries", i, s.Count())
	}
	if _, err := s.Entry(entry(2).ID); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("entry of a failed update: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if i, _, h := open(t, path, key).Position(); i != 5 || h != hash {
		t.Errorf("reopened at %d %s", i, h)
	}
}

func TestClosed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKey(t))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Entry("x")
	if !errors.Is(err, registry.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if err := s.Update(1, 1, nil); !errors.Is(err, registry.ErrClosed) {
		t.Errorf("update: %v", err)
	}
	if err := s.Replace(nil); !errors.Is(err, registry.ErrClosed) {
		t.Errorf("replace: %v", err)
	}
	if i, _, h := s.Position(); i != 0 || h != "" || s.Count() != 0 {
		t.Error("a closed store tells a position")
	}
	for _, err := range s.Each() {
		if !errors.Is(err, registry.ErrClosed) {
			t.Errorf("each: %v", err)
		}
	}
}

func TestPages(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKey(t))
	update(t, s, 1, func(tx *registry.Tx) error {
		for i := range 10 {
			if err := tx.PutEntry(entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	even := func(e *watchlist.Entry) bool { return e.ID[len(e.ID)-1]%2 == 0 }
	for name, c := range map[string]struct {
		after watchlist.EntryID
		limit int
		keep  func(*watchlist.Entry) bool
		want  string
		next  watchlist.EntryID
	}{
		"all":          {"", 100, nil, "0123456789", ""},
		"first":        {"", 4, nil, "0123", "SEN-00003"},
		"middle":       {"SEN-00003", 4, nil, "4567", "SEN-00007"},
		"last":         {"SEN-00007", 4, nil, "89", ""},
		"exact end":    {"SEN-00005", 4, nil, "6789", ""},
		"gap":          {"SEN-00003x", 1, nil, "4", "SEN-00004"},
		"filter":       {"", 2, even, "02", "SEN-00002"},
		"none kept":    {"", 2, func(*watchlist.Entry) bool { return false }, "", ""},
		"past the end": {"T", 2, nil, "", ""},
		"no limit":     {"SEN-00002", 0, nil, "", "SEN-00002"},
	} {
		list, next, err := s.Entries(c.after, c.limit, c.keep)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, e := range list {
			got.WriteByte(e.ID[len(e.ID)-1])
		}
		if got.String() != c.want || next != c.next {
			t.Errorf("%s: %s, next %q; want %s, next %q", name, got.String(), next, c.want, c.next)
		}
	}
}

// TestNewerFormat: an older release refuses newer data and says so (D20).
func TestNewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	key := newKey(t)
	if err := open(t, path, key).Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("format"), binary.BigEndian.AppendUint16(nil, registry.Format+1))
	})
	if _, err := registry.Open(path, key); !errors.Is(err, registry.ErrFormat) {
		t.Errorf("newer format: %v", err)
	}
}

func edit(t testing.TB, path string, fn func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusals(t *testing.T) {
	dir := t.TempDir()
	key := newKey(t)
	path := filepath.Join(dir, "r.db")
	s := open(t, path, key)
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Open(path, newKey(t)); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("another key: %v", err)
	}
	other := filepath.Join(dir, "other.db")
	edit(t, other, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("raft")); return err })
	if _, err := registry.Open(other, key); err == nil {
		t.Error("opened another kind of database")
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, bytes.Repeat([]byte("hello "), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Open(text, key); err == nil {
		t.Error("opened a text file")
	}
	edit(t, path, func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("users")) })
	if _, err := registry.Open(path, key); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("missing bucket: %v", err)
	}
}

// TestDamagedValue: a value that was changed or moved is an error that names the
// bucket and nothing of the content.
func TestDamagedValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	key := newKey(t)
	s := open(t, path, key)
	update(t, s, 1, func(tx *registry.Tx) error {
		return errors.Join(tx.PutEntry(entry(1)), tx.PutEntry(entry(2)), tx.PutEntry(entry(3)),
			tx.PutUser(watchlist.User{ID: "u1", Login: "awa"}))
	})
	if err := s.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("entries"))
		v := bytes.Clone(b.Get([]byte("SEN-00001")))
		v[len(v)-1] ^= 1
		moved := bytes.Clone(b.Get([]byte("SEN-00003")))
		return errors.Join(b.Put([]byte("SEN-00001"), v), b.Put([]byte("SEN-00002"), moved))
	})
	s = open(t, path, key)
	for _, id := range []watchlist.EntryID{"SEN-00001", "SEN-00002"} {
		_, err := s.Entry(id)
		if !errors.Is(err, registry.ErrCorrupt) || !strings.Contains(err.Error(), "bucket entries") || strings.Contains(err.Error(), string(id)) {
			t.Errorf("damaged %s: %v", id, err)
		}
	}
	if _, err := s.Entry("SEN-00003"); err != nil {
		t.Errorf("sound entry: %v", err)
	}
	if err := s.Verify(t.Context()); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("verify: %v", err)
	}
	if err := s.Update(2, 1, func(tx *registry.Tx) error { return tx.PutEntry(entry(1)) }); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("writing over a damaged value: %v", err)
	}
}

// TestVerifyFindsMissing: a record that vanished is noticed though every value
// left opens.
func TestVerifyFindsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	key := newKey(t)
	s := open(t, path, key)
	update(t, s, 1, func(tx *registry.Tx) error { return errors.Join(tx.PutEntry(entry(1)), tx.PutEntry(entry(2))) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket([]byte("entries")).Delete([]byte("SEN-00001")) })
	if err := open(t, path, key).Verify(t.Context()); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("verify: %v", err)
	}
}

// TestSum: the state hash is the same in any order, and taking away undoes
// adding.
func TestSum(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) registry.Record {
		return registry.Record{
			Bucket: rapid.SampledFrom([]string{"", "a", "ab"}).Draw(t, "bucket"),
			Key:    rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "key"), Value: rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "value"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOf(gen).Draw(t, "records")
		extra := gen.Draw(t, "extra")
		var a, b registry.Sum
		for _, r := range records {
			a.Add(r)
		}
		b.Add(extra)
		for _, r := range rapid.Permutation(records).Draw(t, "order") {
			b.Add(r)
		}
		if a == b {
			t.Fatal("one record more, the same hash")
		}
		b.Sub(extra)
		if a != b {
			t.Fatal("order or removal changes the hash")
		}
		back, err := registry.ParseSum(a.Bytes())
		if err != nil || back != a {
			t.Fatalf("bytes: %v", err)
		}
	})
	var one, two registry.Sum
	one.Add(registry.Record{Bucket: "a", Key: []byte("bc")})
	two.Add(registry.Record{Bucket: "ab", Key: []byte("c")})
	if one == two {
		t.Error("the parts of a record can be shifted")
	}
	if _, err := registry.ParseSum([]byte{1}); err == nil {
		t.Error("a short hash was parsed")
	}
}

func TestSetupAndBatches(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKey(t))
	if _, err := s.Cluster(); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("no setup: %v", err)
	}
	setup := command.ClusterSetup{ClusterID: "c"}
	update(t, s, 1, func(tx *registry.Tx) error {
		return errors.Join(tx.PutCluster(setup),
			tx.PutBatch(watchlist.Batch{ID: "b1", CreatedAt: 1}), tx.PutBatch(watchlist.Batch{ID: "b2", CreatedAt: 2}),
			tx.PutUndo("b1", registry.Undo{Entry: "SEN-2"}), tx.PutUndo("b1", registry.Undo{Entry: "SEN-1"}), tx.PutUndo("b2", registry.Undo{Entry: "SEN-3"}))
	})
	if got, err := s.Cluster(); err != nil || got.ClusterID != "c" {
		t.Errorf("setup %+v, %v", got, err)
	}
	bs, err := s.Batches()
	if err != nil || len(bs) != 2 || bs[0].ID != "b2" {
		t.Errorf("batches %v, %v", bs, err)
	}
	v, err := s.View()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	us, err := v.Undos("b1", 10)
	if d := cmp.Diff([]registry.Undo{{Entry: "SEN-1"}, {Entry: "SEN-2"}}, us); d != "" || err != nil {
		t.Errorf("undos: %s, %v", d, err)
	}
}
