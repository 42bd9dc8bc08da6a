//go:build nodlib || !cgo

package dlib

// Recognizer is absent from this build; there is never one.
type Recognizer struct{}

// Open fails with ErrAbsent.
func Open(string) (*Recognizer, error) { return nil, ErrAbsent }

// Faces fails with ErrAbsent.
func (*Recognizer) Faces([]byte) ([]Face, error) { return nil, ErrAbsent }

// SelfTest fails with ErrAbsent.
func (*Recognizer) SelfTest() (Report, error) { return Report{}, ErrAbsent }

// Close does nothing.
func (*Recognizer) Close() {}

// Available tells whether this build has a face engine.
func Available() bool { return false }
