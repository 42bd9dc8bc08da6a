package main

import (
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/spf13/pflag"

	"vigie/matcher/face/onnx"
	"vigie/models"
	"vigie/models/calibrate"
)

// secondFlags ask a measuring command for a second encoder.
type secondFlags struct{ recipe, dir string }

func (f *secondFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.recipe, "recipe", "", "add the second encoder of this recipe: a built-in name or a file NAME.json (default: dlib alone)")
	flags.StringVar(&f.dir, "recipe-dir", "var/models-eval", "folder of the recipe's model file and of libonnxruntime.so.1")
}

// options says what to run, nil for no second encoder.
func (f secondFlags) options() (*onnx.Options, error) {
	if f.recipe == "" {
		return nil, nil
	}
	return secondOptions(f.recipe, f.dir, "", "")
}

// parts says how its templates are divided.
func (f secondFlags) parts() ([]calibrate.Part, error) {
	if f.recipe == "" {
		return nil, nil
	}
	r, err := models.OpenRecipe(f.recipe)
	if err != nil {
		return nil, err
	}
	return calibrate.PartsFor(r), nil
}

// secondOptions finds recipe, model file and library. An empty library is the one
// of dir; an empty digest that of the build that is known.
func secondOptions(recipe, dir, library, digest string) (*onnx.Options, error) {
	r, err := models.OpenRecipe(recipe)
	if err != nil {
		return nil, err
	}
	if library == "" {
		known, ok := models.LibraryFor(runtime.GOOS + "/" + runtime.GOARCH)
		if !ok {
			return nil, fmt.Errorf("no build of the ONNX Runtime is known for %s/%s: name the library and its digest", runtime.GOOS, runtime.GOARCH)
		}
		library = filepath.Join(dir, known.File.Name)
	}
	return &onnx.Options{Library: library, LibrarySHA256: digest, Model: filepath.Join(dir, r.File.Name), Recipe: r}, nil
}

// calibrationFor reads a calibration file, or gives the built-in one for a model.
func calibrationFor(path, model string) (*models.Calibration, error) {
	if path != "" {
		return loadCalibration(path)
	}
	c, err := models.BuiltinCalibration(model)
	if err != nil {
		return nil, withHint(err, "Fit one on photos of the people who will stand before the camera: 'vigie calibrate DIR --recipe RECIPE --out FILE'.")
	}
	return c, nil
}
