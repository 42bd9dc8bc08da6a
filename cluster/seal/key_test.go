package seal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"vigie/cluster/seal"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

func newKey(t *testing.T) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealOpen(t *testing.T) {
	k := newKey(t)
	plain, ad := []byte("plain text"), []byte("place")
	sealed, err := k.Seal(plain, ad)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len(plain)+seal.Overhead || bytes.Contains(sealed, plain) {
		t.Fatalf("sealed has %d bytes, or holds the plain text", len(sealed))
	}
	got, err := k.Open(sealed, ad)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if _, err := k.Open(sealed, []byte("elsewhere")); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("other place: %v, want ErrOpen", err)
	}
	if _, err := newKey(t).Open(sealed, ad); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("other key: %v, want ErrOpen", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := k.Open(bad, ad); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("flipped byte %d: %v, want ErrOpen", i, err)
		}
		if _, err := k.Open(sealed[:i], ad); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("cut at %d: %v, want ErrOpen", i, err)
		}
	}
}

func TestMarshalParse(t *testing.T) {
	k := newKey(t)
	b, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, nil); err != nil || string(got) != "x" {
		t.Fatalf("parsed key: %q, %v", got, err)
	}
	for _, bad := range [][]byte{nil, []byte("junk"), b[:len(b)/2]} {
		if _, err := seal.Parse(bad); err == nil {
			t.Errorf("Parse of %d bad bytes succeeded", len(bad))
		}
	}
}

func TestParseRefusesOtherKinds(t *testing.T) {
	h, err := keyset.NewHandle(aead.AES128GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewBinaryWriter(&buf)); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Parse(buf.Bytes()); err == nil {
		t.Error("a 128-bit key was accepted")
	}
}

func TestSaveLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "node.key")
	first, second := newKey(t), newKey(t)
	for _, k := range []*seal.Key{first, second} {
		if err := k.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v, want 0600", st.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files in the folder, want 1 (%v)", len(files), err)
	}
	k, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := second.Seal([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(sealed, nil); err != nil {
		t.Fatalf("the loaded key is not the last one saved: %v", err)
	}
}

func TestLoadRefusals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	if _, err := seal.Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := newKey(t).Save(path); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o440: true, 0o644: false, 0o604: false, 0o660: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := seal.Load(path)
		if ok && err != nil || !ok && !errors.Is(err, seal.ErrPermissions) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(path); err == nil {
		t.Error("a cut key file was accepted")
	}
	if err := newKey(t).Save(filepath.Join(path, "no", "folder")); err == nil {
		t.Error("saving under a missing folder succeeded")
	}
}
