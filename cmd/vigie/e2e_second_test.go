package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/matcher/face/onnx/onnxtest"
)

// TestE2ESecondEncoder drives a second encoder through the running binary: the
// evaluation model with its built-in calibration, and a recipe and model of one's
// own, which nothing is measured with before it is calibrated. What is missing is
// named, and nothing crashes.
func TestE2ESecondEncoder(t *testing.T) {
	dlibModels, faces := needFaces(t)
	library := onnxtest.Library(t, filepath.Join("..", ".."))
	eval, dir := filepath.Dir(library), evaluationFolder(t, faces)
	evaluate := func(args ...string) (string, string, error) {
		return vigieRun(t, append([]string{"evaluate", "faces", dir, "--models", dlibModels, "--degrade", "0", "--json"}, args...)...)
	}
	stdout, stderr, err := evaluate("--recipe", "faceplugin-0.0.1", "--recipe-dir", eval)
	if err != nil || !strings.Contains(stderr, "for evaluation only") {
		t.Fatalf("%v: %s", err, stderr)
	}
	var r struct {
		Model  string
		Groups map[string]struct {
			Rank1 *float64
		}
		Stages map[string]any `json:"stages_ms"`
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(r.Model, "+faceplugin-0.0.1/1") || r.Stages["face_encode_second"] == nil || r.Groups["east"].Rank1 == nil || *r.Groups["east"].Rank1 != 1 {
		t.Errorf("model %s, stages %v, groups %v", r.Model, r.Stages, r.Groups)
	}

	own, recipe := ownEncoder(t, library)
	if _, stderr, err := evaluate("--recipe", recipe, "--recipe-dir", own); err == nil || !strings.Contains(stderr, "no calibration is built in") || !strings.Contains(stderr, "vigie calibrate DIR --recipe") {
		t.Errorf("an encoder without calibration: %v, %s", err, stderr)
	}
	if _, stderr, err := vigieRun(t, "calibrate", dir, "--models", dlibModels, "--recipe", recipe, "--recipe-dir", own, "--out", filepath.Join(t.TempDir(), "c.json")); err == nil || !strings.Contains(stderr, "unbalanced cohort") {
		t.Errorf("a calibration of five photos: %v, %s", err, stderr)
	}
	for _, name := range []string{"specimen.onnx", "libonnxruntime.so.1"} {
		if err := os.Remove(filepath.Join(own, name)); err != nil {
			t.Fatal(err)
		}
		if _, stderr, err := evaluate("--recipe", recipe, "--recipe-dir", own); err == nil || !strings.Contains(stderr, name) || strings.Contains(stderr, "panic") {
			t.Errorf("without %s: %v, %s", name, err, stderr)
		}
	}
}

// ownEncoder makes a folder with the library and a model of SFace's shape, added by
// `vigie models add`, and a recipe for it.
func ownEncoder(t *testing.T, library string) (dir, recipe string) {
	t.Helper()
	dir = t.TempDir()
	recipe = writeFile(t, filepath.Join(dir, "own.json"), mustJSON(t, onnxtest.Recipe(128, "nchw")))
	if err := os.Symlink(library, filepath.Join(dir, filepath.Base(library))); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, err := vigieRun(t, "models", "add", "--recipe", recipe, "--file", onnxtest.Write(t, 128, "nchw"), "--to", dir); err != nil || !strings.Contains(stdout, "specimen.onnx is right") {
		t.Fatalf("models add: %v, %s", err, stderr)
	}
	return dir, recipe
}
