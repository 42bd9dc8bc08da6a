package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"

	"vigie/models"
)

// ErrAbsent says that this build can't run ONNX models.
var ErrAbsent = errors.New("this build can't run a second encoder (built without cgo or with the tag nodlib)")

// ErrClosed says that the encoder was closed.
var ErrClosed = errors.New("the second encoder is closed")

// Options say what to run.
type Options struct {
	// Library is the path of the ONNX Runtime's shared library. LibrarySHA256 is
	// the digest that it must have; empty stands for the build of models.Libraries
	// for this platform.
	Library, LibrarySHA256 string
	// Model is the path of the model file, which must be the recipe's.
	Model  string
	Recipe models.Recipe
}

// check verifies recipe and library, and gives the verified bytes of the model.
func (o Options) check() ([]byte, error) {
	if err := o.Recipe.Check(); err != nil {
		return nil, err
	}
	want := o.LibrarySHA256
	if want == "" {
		known, ok := models.LibraryFor(runtime.GOOS + "/" + runtime.GOARCH)
		if !ok {
			return nil, fmt.Errorf("no build of the ONNX Runtime is known for %s/%s: give the digest of the library", runtime.GOOS, runtime.GOARCH)
		}
		want = known.File.SHA256
	}
	lib, err := os.Open(o.Library)
	if err != nil {
		return nil, fmt.Errorf("the ONNX Runtime's library: %w", err)
	}
	defer lib.Close()
	h := sha256.New()
	if _, err := io.Copy(h, lib); err != nil {
		return nil, fmt.Errorf("the ONNX Runtime's library: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return nil, fmt.Errorf("the ONNX Runtime's library %s has SHA-256 %s instead of %s", o.Library, got, want)
	}
	model, err := readModel(o.Model, o.Recipe.File)
	if err != nil {
		return nil, fmt.Errorf("the model of recipe %s: %w", o.Recipe.ID, err)
	}
	return model, nil
}

func readModel(path string, want models.File) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, want.Size+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) != want.Size {
		return nil, fmt.Errorf("%s does not have the recipe's %d bytes", path, want.Size)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, fmt.Errorf("%s has SHA-256 %x instead of %s", path, sum, want.SHA256)
	}
	return b, nil
}

// Mean gives the mean of encodings: of their directions for "l2", of the values
// as they are for "none". The result has unit norm with "l2". Sums are in float64
// and in index order.
func Mean(normalise string, encodings ...[]float32) []float32 {
	sum := make([]float64, len(encodings[0]))
	for _, e := range encodings {
		norm := 1.0
		if normalise == "l2" {
			norm = length(e)
		}
		for i, v := range e {
			sum[i] += float64(v) / norm
		}
	}
	out := make([]float32, len(sum))
	norm := float64(len(encodings))
	if normalise == "l2" {
		var squares float64
		for _, v := range sum {
			squares += float64(v * v)
		}
		norm = math.Sqrt(squares)
	}
	for i, v := range sum {
		out[i] = float32(v / norm)
	}
	return out
}

func length(e []float32) float64 {
	var squares float64
	for _, v := range e {
		squares += float64(float64(v) * float64(v))
	}
	return math.Sqrt(squares)
}
