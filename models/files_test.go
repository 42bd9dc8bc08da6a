package models

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const localModels = "../var/models"

func TestManifest(t *testing.T) {
	for _, f := range Manifest() {
		if len(f.SHA256) != 64 || f.Size <= 0 || f.Licence == "" || f.Source == "" || len(f.Card) < 100 {
			t.Errorf("%s: incomplete manifest entry", f.Name)
		}
	}
	if len(Manifest()) != 3 {
		t.Errorf("%d files", len(Manifest()))
	}
	if !strings.Contains(Manifest()[0].Card, "West African") {
		t.Error("the encoder's card does not name its known bias")
	}
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	files := Manifest()
	if err := os.WriteFile(filepath.Join(dir, files[1].Name), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, files[2].Name), make([]byte, files[2].Size), 0o600); err != nil {
		t.Fatal(err)
	}
	problems := Verify(dir)
	if len(problems) != 3 {
		t.Fatalf("%d problems", len(problems))
	}
	for i, want := range []string{"missing", "wrong_size", "wrong_digest"} {
		p := problems[i]
		if p.Code != want || p.File != files[i].Name || !strings.Contains(p.Error(), p.File) || !strings.Contains(p.Error(), MendCommand) {
			t.Errorf("problem %d: %+v, want %s", i, p, want)
		}
	}
}

func TestInstall(t *testing.T) {
	if _, err := os.Stat(localModels); err != nil {
		t.Skipf("SKIPPED: no models in %s; run `make models`", localModels)
	}
	dst := filepath.Join(t.TempDir(), "new", "models")
	if err := Install(localModels, dst); err != nil {
		t.Fatal(err)
	}
	if p := Verify(dst); len(p) != 0 {
		t.Errorf("after install: %v", p)
	}
	broken := filepath.Join(dst, Manifest()[2].Name)
	if err := os.WriteFile(broken, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Install(localModels, dst); err != nil {
		t.Errorf("mending: %v", err)
	}
	if p := Verify(dst); len(p) != 0 {
		t.Errorf("after mending: %v", p)
	}
	left, err := filepath.Glob(filepath.Join(dst, ".model-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A broken source must not replace what is there.
func TestInstallKeepsWhatIsThere(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	name := Manifest()[0].Name
	for dir, content := range map[string]string{src: "broken", dst: "old"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := Install(src, dst)
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v does not name the file", err)
	}
	if b, err := os.ReadFile(filepath.Join(dst, name)); err != nil || !bytes.Equal(b, []byte("old")) {
		t.Errorf("the old file became %q, %v", b, err)
	}
}

func TestFindDir(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	t.Setenv(EnvDir, other)
	if got, err := FindDir(dir); err != nil || got != dir {
		t.Errorf("configured: %s, %v", got, err)
	}
	if got, err := FindDir(""); err != nil || got != other {
		t.Errorf("environment: %s, %v", got, err)
	}
	if _, err := FindDir(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "the configuration") {
		t.Errorf("a configured directory that does not exist: %v", err)
	}
	t.Setenv(EnvDir, "")
	t.Chdir(dir)
	local := filepath.Join("var", "models")
	if err := os.MkdirAll(local, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(local, Manifest()[0].Name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := FindDir(""); err != nil || got != local {
		t.Errorf("local: %s, %v", got, err)
	}
}
