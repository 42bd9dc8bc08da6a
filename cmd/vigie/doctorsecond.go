package main

import (
	"errors"
	"os"
	"path/filepath"

	"vigie/cmd/vigie/internal/config"
	"vigie/matcher/face"
	"vigie/matcher/face/onnx"
	"vigie/models"
)

// checkSecond does what a start does with the second encoder: it reads recipe and
// calibration, verifies library and model, loads them and encodes a picture. It says
// under which licence the weights may be used.
func (d *doctor) checkSecond(c *config.Config) {
	const check = "second"
	if !c.Faces.Second.On() {
		return
	}
	const mend = "mend it, or set faces.second.recipe to \"\" to run with dlib alone"
	if !onnx.Available() {
		d.fail(check, "build with cgo: `make build`; or set faces.second.recipe to \"\"", "%v", onnx.ErrAbsent)
		return
	}
	s, err := loadSecond(c.Faces.Second)
	var hint *hintError
	if errors.As(err, &hint) {
		d.fail(check, hint.hint, "%v", err)
		return
	} else if err != nil {
		d.fail(check, mend, "%v", err)
		return
	}
	dir, err := models.FindDir(c.Faces.ModelsDir)
	if err != nil {
		d.warn(check, "run `make models`", "not tested without the first encoder's models")
		return
	}
	e, err := face.NewEngine(face.Options{ModelDir: dir, Workers: 1, Second: &s.options, Logger: discardLog()})
	if err != nil {
		d.fail(check, mend, "%v", err)
		return
	}
	defer e.Close()
	forward, err := e.SecondTest()
	if err != nil {
		d.fail(check, mend, "%v", err)
		return
	}
	f := s.recipe.File
	d.ok(check, "%s: one face takes %d ms; configured calibration %s; licence: %s", s.recipe.ID, forward.Milliseconds(), s.calib.Version(), f.Licence)
	for _, path := range []string{s.options.Library, filepath.Dir(s.options.Library), s.options.Model} {
		if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o022 != 0 {
			d.warn(check, "chmod go-w "+path, "%s can be changed by other users; what it holds runs with the node's rights", path)
		}
	}
	if s.recipe.Use == models.UseEvaluation {
		d.warn(check, "use a model whose terms and training data are known: 'vigie models recipes'", "%s", evaluationOnly)
	}
}
