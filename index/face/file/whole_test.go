package file

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestWhole writes and reads files of no, one and several parts, under their own tag
// and another.
func TestWhole(t *testing.T) {
	d := newDir(t, newKey(t))
	r := rand.New(rand.NewPCG(1, 1))
	if _, err := d.ReadWhole("it", [32]byte{1}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	for _, n := range []int{0, 1, partLen, partLen + 1, 3*partLen - 1} {
		plain := make([]byte, n)
		for i := range plain {
			plain[i] = byte(r.Uint32())
		}
		if err := d.WriteWhole(t.Context(), "it", [32]byte{1}, plain); err != nil {
			t.Fatal(err)
		}
		got, err := d.ReadWhole("it", [32]byte{1})
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d read, %v", n, len(got), err)
		}
		if _, err := d.ReadWhole("it", [32]byte{2}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes under another tag: %v", n, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(d.folder, "it"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 9, headerLen, len(b) / 2, len(b) - 1} {
		spoilt := bytes.Clone(b)
		spoilt[at] ^= 4
		if err := os.WriteFile(filepath.Join(d.folder, "it"), spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.ReadWhole("it", [32]byte{1}); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Errorf("byte %d changed: %v", at, err)
		}
	}
	if err := d.DropWhole("it"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(d.folder); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
