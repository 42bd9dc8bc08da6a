package watchlist

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// EncodeTemplate packs a template as little-endian float32, four bytes a value.
func EncodeTemplate(t []float32) []byte {
	b := make([]byte, 4*len(t))
	for i, v := range t {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
	}
	return b
}

// TemplateDims says how many values a template may have: those of one encoder,
// 128 or 512, or of dlib's and a second one's together.
const TemplateDims = "128, 256, 512 or 640"

func templateDim(n int) bool { return n == 128 || n == 256 || n == 512 || n == 640 }

// DecodeTemplate unpacks EncodeTemplate's bytes. It fails when the length isn't
// that of TemplateDims, or when a value isn't finite.
func DecodeTemplate(b []byte) ([]float32, error) {
	if len(b)%4 != 0 || !templateDim(len(b)/4) {
		return nil, fmt.Errorf("a template has %s values of 4 bytes, not %d bytes", TemplateDims, len(b))
	}
	t := make([]float32, len(b)/4)
	for i := range t {
		t[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return t, CheckTemplate(t)
}

// CheckTemplate reports whether t has as many values as TemplateDims says, finite
// ones, and is not all zero.
func CheckTemplate(t []float32) error {
	if !templateDim(len(t)) {
		return fmt.Errorf("a template has %s values, not %d", TemplateDims, len(t))
	}
	zero := true
	for i, v := range t {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("value %d of the template is not finite", i)
		}
		zero = zero && v == 0
	}
	if zero {
		return fmt.Errorf("the template is all zero")
	}
	return nil
}

// ModelJoin stands between the names of the encoders in the model of a composite
// template, which holds the values of one encoder after those of another.
const ModelJoin = "+"

// IsComposite reports whether the templates of a model are of several encoders.
func IsComposite(model string) bool { return strings.Contains(model, ModelJoin) }

// ModelHasPart reports whether the templates of a model are composite and begin
// with one of the model part, whole.
func ModelHasPart(model, part string) bool {
	return part != "" && strings.HasPrefix(model, part+ModelJoin)
}
