package models

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The recipes that ship are sound, and say what an operator must know.
func TestBuiltinRecipes(t *testing.T) {
	names, recipes, err := BuiltinRecipes()
	if err != nil || len(names) != 2 {
		t.Fatalf("%v, %v", names, err)
	}
	seen := map[string]bool{}
	for i, r := range recipes {
		if seen[r.ID] || r.CompositeModel() != DlibModel+"+"+r.ID {
			t.Errorf("%s: id %q", names[i], r.ID)
		}
		seen[r.ID] = true
	}
	eval, sface := recipes[0], recipes[1]
	if eval.Use != UseEvaluation || !strings.Contains(eval.File.Card, "UNDOCUMENTED") {
		t.Error("the evaluation model is not marked as one")
	}
	if sface.Use != UseOperation || !strings.HasPrefix(sface.File.Licence, "Apache-2.0") || sface.Output.Dim != 128 || sface.File.Size != 38696353 {
		t.Errorf("%+v", sface)
	}
	if _, err := OpenRecipe("../data"); err == nil || !strings.Contains(err.Error(), "neither a file") {
		t.Errorf("a path without .json: %v", err)
	}
	if _, err := OpenRecipe("none"); err == nil || !strings.Contains(err.Error(), "vigie models recipes") {
		t.Errorf("an unknown recipe: %v", err)
	}
}

// Every field is checked, and the error names it.
func TestRecipeRefusals(t *testing.T) {
	good, err := OpenRecipe("sface-2021dec")
	if err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(r *Recipe){
		"format":              func(r *Recipe) { r.Format = "x" },
		"format_version":      func(r *Recipe) { r.FormatVersion = 2 },
		"id":                  func(r *Recipe) { r.ID = "a+b" },
		"file.name":           func(r *Recipe) { r.File.Name = "../x" },
		"file.size":           func(r *Recipe) { r.File.Size = 0 },
		"file.sha256":         func(r *Recipe) { r.File.SHA256 = strings.ToUpper(r.File.SHA256) },
		"file.licence":        func(r *Recipe) { r.File.Licence = "" },
		"file.source":         func(r *Recipe) { r.File.Source = "" },
		"file.card":           func(r *Recipe) { r.File.Card = "good" },
		"use":                 func(r *Recipe) { r.Use = "fun" },
		"input.channels":      func(r *Recipe) { r.Input.Channels = "grey" },
		"input.layout":        func(r *Recipe) { r.Input.Layout = "" },
		"input.subtract":      func(r *Recipe) { r.Input.Subtract = -1 },
		"input.divide":        func(r *Recipe) { r.Input.Divide = 0 },
		"alignment.left_eye":  func(r *Recipe) { r.Alignment.LeftEye[0] = 113 },
		"alignment.right_eye": func(r *Recipe) { r.Alignment.RightEye = r.Alignment.LeftEye },
		"alignment.nose_base": func(r *Recipe) { r.Alignment.NoseBase[1] = 20 },
		"output.dim":          func(r *Recipe) { r.Output.Dim = 256 },
		"output.normalise":    func(r *Recipe) { r.Output.Normalise = "l1" },
		"mirror":              func(r *Recipe) { r.Mirror = "yes" },
		"comparison.weight":   func(r *Recipe) { r.Comparison.Weight = 1 },
		"comparison.lambda":   func(r *Recipe) { r.Comparison.Lambda = 0 },
		"comparison.keep":     func(r *Recipe) { r.Comparison.Keep = 129 },
	} {
		r := good
		change(&r)
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseRecipe(strings.NewReader(string(b))); err == nil || !strings.HasPrefix(err.Error(), "recipe: "+field+": ") {
			t.Errorf("%s: %v", field, err)
		}
	}
	b, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name, bad := range map[string]string{
		"unknown field": strings.Replace(text, `"use":`, `"colour":1,"use":`, 1),
		"two recipes":   text + text,
		"cut":           text[:len(text)/2],
		"too long":      text + strings.Repeat(" ", maxRecipeBytes),
	} {
		if _, err := ParseRecipe(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	path := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := OpenRecipe(path); err != nil || r != good {
		t.Errorf("the same recipe from a file: %v", err)
	}
}

func TestInstallFile(t *testing.T) {
	src := filepath.Join(t.TempDir(), "some-name")
	if err := os.WriteFile(src, []byte("model"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := File{Name: "m.onnx", Size: 5, SHA256: "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"}
	dir := filepath.Join(t.TempDir(), "new")
	if err := InstallFile(f, src, dir); err != nil {
		t.Fatal(err)
	}
	if p := VerifyFile(f, filepath.Join(dir, f.Name), "x"); p != nil {
		t.Error(p)
	}
	f.SHA256 = strings.Repeat("0", 64)
	err := InstallFile(f, src, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "some-name has SHA-256") || strings.Contains(err.Error(), MendCommand) {
		t.Errorf("another file: %v", err)
	}
}

// The calibrations that ship are for the recipes that ship.
func TestBuiltinCalibrations(t *testing.T) {
	if c, err := BuiltinCalibration(DlibModel); err != nil || c.Version() != shipped(t).Version() {
		t.Errorf("dlib: %v", err)
	}
	r, err := OpenRecipe("faceplugin-0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := BuiltinCalibration(r.CompositeModel())
	if err != nil {
		t.Fatal(err)
	}
	d := c.Data()
	dlib, second := d.Parts[0], d.Parts[1]
	if c.Model() != r.CompositeModel() || dlib.Model != DlibModel || dlib.Dim != DlibDim || second.Model != r.ID || second.Dim != r.Output.Dim ||
		second.Keep != r.Comparison.Keep || second.Weight != r.Comparison.Weight || second.LambdaShare != r.Comparison.Lambda {
		t.Errorf("the calibration is not the recipe's: %s, %+v", c.Model(), r.Comparison)
	}
	if len(d.Cohort.Groups) != 3 || d.FMR.Group != "west_african" || d.FMR.Pairs < 200_000 {
		t.Errorf("cohort %q, false match rates on %s", c.Cohort(), d.FMR.Group)
	}
	for _, f := range d.Folds {
		if f.Fold == FoldAll && f.Group == "west_african" && (f.MatedPairs < 100 || f.FNMR1e3 > 0.03 || f.FNMR1e4 > 0.08) {
			t.Errorf("%+v", f)
		}
	}
	sface, err := OpenRecipe("sface-2021dec")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BuiltinCalibration(sface.CompositeModel()); err == nil || !strings.Contains(err.Error(), "no calibration is built in") {
		t.Errorf("a model that nobody calibrated: %v", err)
	}
}
