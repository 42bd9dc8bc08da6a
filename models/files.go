package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// EnvDir is the environment variable that names the models directory.
const EnvDir = "VIGIE_MODELS"

// Problem is one fault of the models directory.
type Problem struct {
	// File is the manifest name, Path where it was looked for.
	File string `json:"file"`
	Path string `json:"path"`
	// Code is "missing", "unreadable", "wrong_size" or "wrong_digest".
	Code string `json:"code"`
	// Detail is one plain sentence that names the file and the mending command.
	Detail string `json:"detail"`
}

// Error implements error.
func (p Problem) Error() string { return p.Detail }

// Verify checks every file of the manifest in dir: presence, size, SHA-256. It
// reads about 32 MB. An empty result means that all is well.
func Verify(dir string) []Problem {
	var out []Problem
	for _, f := range Manifest() {
		if p := verifyFile(f, filepath.Join(dir, f.Name)); p != nil {
			out = append(out, *p)
		}
	}
	return out
}

func verifyFile(f File, path string) *Problem {
	fault := func(code, format string, args ...any) *Problem {
		return &Problem{
			File: f.Name, Path: path, Code: code,
			Detail: fmt.Sprintf("model file %s %s; run `%s`", path, fmt.Sprintf(format, args...), MendCommand),
		}
	}
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault("missing", "is missing")
	case err != nil:
		return fault("unreadable", "cannot be read (%v)", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fault("unreadable", "cannot be read (%v)", err)
	}
	if info.Size() != f.Size {
		return fault("wrong_size", "has %d bytes instead of %d", info.Size(), f.Size)
	}
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return fault("unreadable", "cannot be read (%v)", err)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != f.SHA256 {
		return fault("wrong_digest", "has SHA-256 %s instead of %s", sum, f.SHA256)
	}
	return nil
}

// FindDir gives the models directory: configured when it isn't empty, else
// $VIGIE_MODELS, else the first of ./var/models, /var/lib/vigie/models and
// /usr/share/vigie/models that holds a file of the manifest. A directory that
// was named must exist; the contents are left to Verify.
func FindDir(configured string) (string, error) {
	for _, named := range []struct{ from, dir string }{
		{"the configuration", configured}, {"$" + EnvDir, os.Getenv(EnvDir)},
	} {
		if named.dir == "" {
			continue
		}
		if info, err := os.Stat(named.dir); err != nil || !info.IsDir() {
			return "", fmt.Errorf("models directory %s, named by %s, is not a directory; run `%s` or correct the name", named.dir, named.from, MendCommand)
		}
		return named.dir, nil
	}
	places := []string{filepath.Join("var", "models"), "/var/lib/vigie/models", "/usr/share/vigie/models"}
	for _, dir := range places {
		for _, f := range Manifest() {
			if _, err := os.Stat(filepath.Join(dir, f.Name)); err == nil {
				return dir, nil
			}
		}
	}
	return "", fmt.Errorf("no models found in %s; run `%s`, or name their directory by $%s", strings.Join(places, ", "), MendCommand, EnvDir)
}

// Install copies the files of the manifest from srcDir to dstDir and verifies
// them. Each file is written aside, checked and renamed, so that a failed or
// broken install leaves what was there before. Files that are right already are
// left alone.
func Install(srcDir, dstDir string) error {
	if err := os.MkdirAll(dstDir, 0o755); err != nil {
		return fmt.Errorf("install models: %w", err)
	}
	for _, f := range Manifest() {
		dst := filepath.Join(dstDir, f.Name)
		if verifyFile(f, dst) == nil {
			continue
		}
		src := filepath.Join(srcDir, f.Name)
		if p := verifyFile(f, src); p != nil {
			return fmt.Errorf("install models: source: %w", *p)
		}
		if err := copyFile(f, src, dst); err != nil {
			return fmt.Errorf("install models: %s: %w", f.Name, err)
		}
	}
	return nil
}

func copyFile(f File, src, dst string) (err error) {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(dst), ".model-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	if _, err = io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err = errors.Join(out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	if p := verifyFile(f, out.Name()); p != nil {
		return *p
	}
	return os.Rename(out.Name(), dst)
}
