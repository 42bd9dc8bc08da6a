package main

import (
	"path/filepath"
	"testing"

	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/index/face"
	"vigie/watchlist"
)

// TestCompareGallery: entries that the files lack, and entries that should not be
// there, are counted.
func TestCompareGallery(t *testing.T) {
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	reg, err := registry.Open(filepath.Join(t.TempDir(), "registry.db"), k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reg.Close(); err != nil {
			t.Error(err)
		}
	})
	photo := watchlist.Face{ID: "f", Model: "m", Template: []byte{1}}
	other := watchlist.Face{ID: "g", Model: "another", Template: []byte{1}}
	err = reg.Update(1, 1, func(tx *registry.Tx) error {
		for _, e := range []watchlist.Entry{
			{ID: "SEN-1", Status: watchlist.StatusActive, Faces: []watchlist.Face{photo, photo}},
			{ID: "SEN-2", Status: watchlist.StatusActive, Faces: []watchlist.Face{other}},
			{ID: "SEN-3", Status: watchlist.StatusWithdrawn, Faces: []watchlist.Face{photo}},
		} {
			if err := tx.PutEntry(&e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		photos           map[watchlist.EntryID]int
		missing, strange int
	}{
		{map[watchlist.EntryID]int{"SEN-1": 2}, 0, 0},
		{map[watchlist.EntryID]int{"SEN-1": 2, "SEN-2": 1}, 0, 0},
		{map[watchlist.EntryID]int{"SEN-1": 1}, 1, 0},
		{map[watchlist.EntryID]int{}, 1, 0},
		{map[watchlist.EntryID]int{"SEN-1": 2, "SEN-3": 1}, 0, 1},
		{map[watchlist.EntryID]int{"SEN-1": 2, "SEN-9": 1}, 0, 1},
	} {
		if missing, strange := compareGallery(&face.Inspected{Model: "m", Photos: c.photos}, reg); missing != c.missing || strange != c.strange {
			t.Errorf("%v: %d missing, %d strange, want %d and %d", c.photos, missing, strange, c.missing, c.strange)
		}
	}
}
