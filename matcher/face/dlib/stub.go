//go:build nodlib || !cgo

package dlib

import (
	"context"
	"image"
)

// Recognizer is absent from this build; there is never one.
type Recognizer struct{}

// Open fails with ErrAbsent.
func Open(string) (*Recognizer, error) { return nil, ErrAbsent }

// Another fails with ErrAbsent.
func (*Recognizer) Another() (*Recognizer, error) { return nil, ErrAbsent }

// Detect fails with ErrAbsent.
func (*Recognizer) Detect(Pixels) ([]Detection, error) { return nil, ErrAbsent }

// Hits are absent from this build.
type Hits struct{}

// Scan fails with ErrAbsent.
func (*Recognizer) Scan(Pixels, Part) (Hits, error) { return Hits{}, ErrAbsent }

// Choose gives no face: in this build there is never a hit.
func Choose(...Hits) ([]Detection, error) { return nil, nil }

// Steady fails with ErrAbsent.
func (*Recognizer) Steady(Pixels, image.Rectangle) (Pixels, error) { return Pixels{}, ErrAbsent }

// Align fails with ErrAbsent.
func (*Recognizer) Align(Pixels, image.Rectangle) (Aligned, error) { return Aligned{}, ErrAbsent }

// Embed fails with ErrAbsent.
func (*Recognizer) Embed(Pixels) (t [128]float32, err error) { return t, ErrAbsent }

// SelfTest fails with ErrAbsent.
func (*Recognizer) SelfTest() (Report, error) { return Report{}, ErrAbsent }

// Close does nothing.
func (*Recognizer) Close() {}

// Reference is absent from this build; there is never one.
type Reference struct{}

// OpenReference fails with ErrAbsent.
func OpenReference(string) (*Reference, error) { return nil, ErrAbsent }

// Faces fails with ErrAbsent.
func (*Reference) Faces([]byte) ([]Face, error) { return nil, ErrAbsent }

// Close does nothing.
func (*Reference) Close() {}

// CheckReference fails with ErrAbsent.
func CheckReference(string) error { return ErrAbsent }

// Available tells whether this build has a face engine.
func Available() bool { return false }

// Decode fails with ErrAbsent: this build decodes JPEGs with the standard
// library.
func (JPEG) Decode(context.Context, int, image.Rectangle) (Pixels, error) {
	return Pixels{}, ErrAbsent
}
