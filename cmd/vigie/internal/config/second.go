package config

import (
	"path/filepath"
	"strings"
)

// Second is an optional second face encoder, an ONNX model that a recipe
// describes. A node that is asked for one and can't run it does not start.
type Second struct {
	// Recipe is the name of a built-in recipe or a file NAME.json; "" (the default)
	// for dlib alone. 'vigie models recipes' lists the built-in ones.
	Recipe string `yaml:"recipe"`
	// Dir holds the recipe's model file ('vigie models add'); it has no default.
	Dir string `yaml:"dir"`
	// Library is the ONNX Runtime's shared library, which the node loads and runs;
	// default DIR/libonnxruntime.so.1.
	Library string `yaml:"library"`
	// LibrarySHA256 is the digest that the library must have, 64 small hexadecimal
	// digits; default: that of the build that this project has measured with on this
	// platform.
	LibrarySHA256 string `yaml:"library_sha256"`
	// Calibration is the calibration file of both encoders together, which counts until
	// the cluster decides on one (ADR 0010); default: the
	// built-in one of the recipe, which not every recipe has.
	Calibration string `yaml:"calibration"`
}

// On tells that a second encoder is asked for.
func (s Second) On() bool { return s.Recipe != "" }

func (s *Second) resolve(abs func(string) string) {
	if strings.HasSuffix(s.Recipe, ".json") {
		s.Recipe = abs(s.Recipe)
	}
	s.Dir, s.Library, s.Calibration = abs(s.Dir), abs(s.Library), abs(s.Calibration)
	if s.Library == "" && s.Dir != "" {
		s.Library = filepath.Join(s.Dir, "libonnxruntime.so.1")
	}
}
