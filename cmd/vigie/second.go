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

// secondDir is where the commands add second encoders and look for them.
const secondDir = "var/models-eval"

// secondFlags ask a measuring command for a second encoder.
type secondFlags struct{ recipe, dir string }

func (f *secondFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.recipe, "recipe", "", "add the second encoder of this recipe: a built-in name or a file NAME.json (default: dlib alone)")
	flags.StringVar(&f.dir, "recipe-dir", secondDir, "folder of the recipe's model file and of libonnxruntime.so.1")
}

// options says what to run, nil for no second encoder.
func (f secondFlags) options() (*onnx.Options, error) {
	if f.recipe == "" {
		return nil, nil
	}
	r, err := models.OpenRecipe(f.recipe)
	if err != nil {
		return nil, err
	}
	library, err := runtimeLibrary()
	if err != nil {
		return nil, err
	}
	return &onnx.Options{Library: filepath.Join(f.dir, library.File.Name), Model: filepath.Join(f.dir, r.File.Name), Recipe: r}, nil
}

// runtimeLibrary is the ONNX Runtime of this platform.
func runtimeLibrary() (models.Library, error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	lib, ok := models.LibraryFor(platform)
	if !ok {
		return lib, fmt.Errorf("no build of the ONNX Runtime is known for %s", platform)
	}
	return lib, nil
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
