package models

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed recipes/*.json
var recipeFiles embed.FS

//go:embed recipes/calibration/*.json
var recipeCalibrations embed.FS

// BuiltinCalibration gives the calibration that the program carries for a model:
// that of dlib alone, or a composite one of a built-in recipe.
func BuiltinCalibration(model string) (*Calibration, error) {
	if model == DlibModel {
		return DefaultCalibration()
	}
	names, recipes, err := BuiltinRecipes()
	if err != nil {
		return nil, err
	}
	for i, r := range recipes {
		if r.CompositeModel() != model {
			continue
		}
		f, err := recipeCalibrations.Open("recipes/calibration/" + names[i] + ".json")
		if errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("built-in calibration of %s: %w", names[i], err)
		}
		defer f.Close()
		c, err := LoadCalibration(f)
		if err != nil {
			return nil, fmt.Errorf("built-in calibration of %s: %w", names[i], err)
		}
		return c, nil
	}
	return nil, fmt.Errorf("no calibration is built in for templates of %s", model)
}

// BuiltinRecipes gives the recipes that the program carries, sorted by name, with
// the name under which OpenRecipe finds each.
func BuiltinRecipes() (names []string, recipes []Recipe, err error) {
	files, err := recipeFiles.ReadDir("recipes")
	if err != nil {
		return nil, nil, fmt.Errorf("built-in recipes: %w", err)
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		name := strings.TrimSuffix(f.Name(), ".json")
		r, err := OpenRecipe(name)
		if err != nil {
			return nil, nil, err
		}
		names, recipes = append(names, name), append(recipes, r)
	}
	return names, recipes, nil
}

// OpenRecipe reads a recipe: a file when name ends in ".json", else the built-in
// one of that name.
func OpenRecipe(name string) (Recipe, error) {
	if !strings.HasSuffix(name, ".json") {
		if !plainName(name) {
			return Recipe{}, fmt.Errorf("recipe %q is neither a file NAME.json nor a built-in one", name)
		}
		f, err := recipeFiles.Open("recipes/" + name + ".json")
		if err != nil {
			return Recipe{}, fmt.Errorf("there is no built-in recipe %q; `vigie models recipes` lists them", name)
		}
		defer f.Close()
		r, err := ParseRecipe(f)
		if err != nil {
			return Recipe{}, fmt.Errorf("built-in recipe %s: %w", name, err)
		}
		return r, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return Recipe{}, fmt.Errorf("read recipe: %w", err)
	}
	defer f.Close()
	r, err := ParseRecipe(f)
	if err != nil {
		return Recipe{}, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Library is a build of the ONNX Runtime that this project has measured with.
type Library struct {
	// Platform is GOOS/GOARCH.
	Platform string `json:"platform"`
	File     File   `json:"file"`
	// Path is where the file lies in its package.
	Path string `json:"path"`
}

const runtimeCard = `What: the ONNX Runtime 1.24.3, a library that runs neural networks. It holds no model. It is loaded
when a second encoder is asked for, and only if its digest is the one expected.`

// Libraries lists the known builds of the ONNX Runtime.
func Libraries() []Library {
	build := func(goarch, arch string, size int64, digest string) Library {
		return Library{
			Platform: "linux/" + goarch,
			Path:     "bin/napi-v6/linux/" + arch + "/libonnxruntime.so.1",
			File: File{
				Name: "libonnxruntime.so.1", Size: size, SHA256: digest, Licence: "MIT",
				Source: "package onnxruntime-node 1.24.3", Card: runtimeCard,
			},
		}
	}
	return []Library{
		build("amd64", "x64", 35164376, "92ba8e44d31b80a34f5e805076a044122c3be1fffe0d88ed790de7267b0b2682"),
		build("arm64", "arm64", 18625376, "33032cb5b91c12edbf028d7c69fa40a31848d66c0095448758af237d5e0b07db"),
	}
}

// LibraryFor gives the known build for a platform, GOOS/GOARCH.
func LibraryFor(platform string) (Library, bool) {
	all := Libraries()
	i := slices.IndexFunc(all, func(l Library) bool { return l.Platform == platform })
	if i < 0 {
		return Library{}, false
	}
	return all[i], true
}

// VerifyFile checks presence, size and SHA-256 of one file; mend names what the
// operator can do about a fault.
func VerifyFile(f File, path, mend string) *Problem {
	p := verifyFile(f, path)
	if p != nil {
		p.Detail = strings.TrimSuffix(p.Detail, "; run `"+MendCommand+"`") + "; " + mend
	}
	return p
}

// InstallFile copies src to dir under the file's own name and verifies it, as
// Install does. What is right already is left alone.
func InstallFile(f File, src, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("install %s: %w", f.Name, err)
	}
	dst := filepath.Join(dir, f.Name)
	if verifyFile(f, dst) == nil {
		return nil
	}
	if p := VerifyFile(f, src, "the recipe's file.size and file.sha256 say which file it must be"); p != nil {
		return errors.New(p.Detail)
	}
	if err := copyFile(f, src, dst); err != nil {
		return fmt.Errorf("install %s: %w", f.Name, err)
	}
	return nil
}
