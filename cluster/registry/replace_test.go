package registry_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"vigie/cluster/registry"
	"vigie/watchlist"
)

// TestReplaceIsAllOrNothing: whatever goes wrong while a state is loaded, the
// old one stays; a crash before the rename leaves the old one too.
func TestReplaceIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "r.db"), newKey(t)
	s := open(t, path, key)
	update(t, s, 9, func(tx *registry.Tx) error { return tx.PutEntry(entry(1)) })
	_, _, hash := s.Position()
	src := open(t, filepath.Join(dir, "src.db"), newKey(t))
	update(t, src, 20, func(tx *registry.Tx) error {
		var errs []error
		for i := range 5000 {
			errs = append(errs, tx.PutEntry(entry(i)))
		}
		return errors.Join(append(errs, tx.PutUser(watchlist.User{ID: "u1", Login: "awa"}), tx.PutClock(5))...)
	})
	view, err := src.View()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = view.Close() }()
	var records []registry.Record
	for r, err := range view.Records() {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	boom := errors.New("boom")
	load := func(rs []registry.Record, st registry.State, end error) error {
		return s.Replace(func(add func(registry.Record) error) (registry.State, error) {
			for _, r := range rs {
				if err := add(r); err != nil {
					return st, err
				}
			}
			return st, end
		})
	}
	wrong := view.State()
	wrong.Entries++
	for name, c := range map[string]struct {
		rs  []registry.Record
		st  registry.State
		end error
	}{
		"source fails": {records, view.State(), boom},
		"one missing":  {records[1:], view.State(), nil},
		"one twice":    {append(records[:1:1], records...), view.State(), nil},
		"wrong count":  {records, wrong, nil},
		"odd bucket":   {[]registry.Record{{Bucket: "meta", Key: []byte("k")}}, registry.State{}, nil},
		"derived":      {[]registry.Record{{Bucket: "logins", Key: []byte("k")}}, registry.State{}, nil},
		"no key":       {[]registry.Record{{Bucket: "entries", Value: []byte{1}}}, registry.State{}, nil},
		"bad undo key": {[]registry.Record{{Bucket: "undo", Key: []byte{200}}}, registry.State{}, nil},
	} {
		if err := load(c.rs, c.st, c.end); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if i, _, h := s.Position(); i != 9 || h != hash || s.Count() != 1 {
			t.Errorf("%s: the state changed", name)
		}
		if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the new file stays: %v", name, err)
		}
	}
	// A crash before the rename: the half-written file is swept away.
	if err := os.WriteFile(path+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, key)
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) || s.Count() != 1 {
		t.Errorf("after a crash: %d entries, %v", s.Count(), err)
	}
	old, err := s.View()
	if err != nil {
		t.Fatal(err)
	}
	if err := load(records, view.State(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Entry(entry(1).ID); err != nil || old.State().Index != 9 {
		t.Errorf("the view of the old state: %v", err)
	}
	if err := old.Close(); err != nil {
		t.Error(err)
	}
	check := func(s *registry.Store) {
		t.Helper()
		i, _, h := s.Position()
		_, _, want := src.Position()
		if u, err := s.UserByLogin("awa"); i != 20 || h != want || s.Count() != 5000 || err != nil || u.ID != "u1" {
			t.Errorf("replaced: index %d, %d entries, login %v", i, s.Count(), err)
		}
		if c, err := s.Clock(); c != 5 || err != nil {
			t.Errorf("clock %d, %v", c, err)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	check(s)
	update(t, s, 21, func(tx *registry.Tx) error { return tx.PutEntry(entry(0)) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, key)
	update(t, s, 22, func(tx *registry.Tx) error { return tx.DropMember("none") })
	if i, _, _ := s.Position(); i != 22 || s.Count() != 5000 {
		t.Errorf("reopened at %d with %d entries", i, s.Count())
	}
}
