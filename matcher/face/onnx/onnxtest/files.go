package onnxtest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/models"
)

// Library gives the path of the ONNX Runtime that `make models-eval` installs
// under root, the repository's folder; without it the test is skipped, loudly.
func Library(t testing.TB, root string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "var", "models-eval", "libonnxruntime.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no ONNX Runtime at %s; run `make models-eval`", path)
	}
	return path
}

// Recipe gives a recipe for Model(dim, layout), shaped as SFace's is.
func Recipe(dim int, layout string) models.Recipe {
	b := Model(dim, layout)
	sum := sha256.Sum256(b)
	return models.Recipe{
		Format: models.RecipeFormat, FormatVersion: models.RecipeFormatVersion, ID: "specimen-" + layout + "/1",
		File: models.File{
			Name: "specimen.onnx", Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:]),
			Licence: "Apache-2.0", Source: "made by a test", Card: strings.Repeat("Mean colours of squares: knows nobody. ", 4),
		},
		Use:   models.UseOperation,
		Input: models.RecipeInput{Channels: "rgb", Layout: layout, Divide: 1},
		Alignment: models.RecipeAlignment{
			LeftEye: [2]float64{38.29, 51.70}, RightEye: [2]float64{73.53, 51.50}, NoseBase: [2]float64{56.05, 79},
		},
		Output:     models.RecipeOutput{Dim: dim, Normalise: "l2"},
		Mirror:     models.MirrorReferences,
		Comparison: models.RecipeComparison{Weight: 0.5, Lambda: 1, Keep: dim / 4},
	}
}

// Write writes Model(dim, layout) into a new folder and gives its path.
func Write(t testing.TB, dim int, layout string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "specimen.onnx")
	if err := os.WriteFile(path, Model(dim, layout), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
