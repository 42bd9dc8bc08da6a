package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesAreCurrent proves that the assembly in the repository is what the
// generator writes, byte for byte.
func TestFilesAreCurrent(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		dir := map[string]string{"kernel": "..", "flat": "../../../../benchmarks/search/flat"}[f.pkg]
		have, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, f.text) {
			t.Errorf("%s is not what the generator writes: run go generate", f.name)
		}
	}
}
