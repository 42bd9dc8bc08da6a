package registry_test

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"vigie/cluster/registry"
	"vigie/watchlist"

	bolt "go.etcd.io/bbolt"
)

// formatOf reads the number in a registry file that nobody has open.
func formatOf(t *testing.T, path string) (format uint16) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bolt.Tx) error {
		format = binary.BigEndian.Uint16(tx.Bucket([]byte("meta")).Get([]byte("format")))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return format
}

// TestCalibrationRaisesTheFormat: a file without decisions stays as an earlier
// release knows it; the first decision makes it one that such a release refuses.
func TestCalibrationRaisesTheFormat(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "registry.db"), newKey(t)
	open := func() *registry.Store {
		s, err := registry.Open(path, key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if list, err := s.Calibrations(); err != nil || len(list) != 0 {
		t.Fatalf("a new file: %v %v", list, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if f := formatOf(t, path); f != 1 {
		t.Errorf("format %d of a file without decisions, want 1", f)
	}
	s = open()
	for i := range uint64(300) { // more than a byte: the order is that of the numbers
		if err := s.Update(i+1, 1, func(tx *registry.Tx) error {
			return tx.PutCalibration(watchlist.CalibrationDecision{Number: i + 1, Version: "c1", Reason: "test"})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if f := formatOf(t, path); f != 2 {
		t.Errorf("format %d of a file with decisions, want 2", f)
	}
	s = open()
	defer s.Close()
	list, err := s.Calibrations()
	if err != nil || len(list) != 300 {
		t.Fatalf("%d decisions, %v", len(list), err)
	}
	for i, d := range list {
		if d.Number != uint64(i)+1 {
			t.Fatalf("decision %d is at place %d", d.Number, i)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
