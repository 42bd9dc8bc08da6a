//go:build nodlib || !cgo

package onnx

// Encoder is absent from this build; there is never one.
type Encoder struct{}

// Available tells whether this build can run ONNX models.
func Available() bool { return false }

// Open fails with ErrAbsent.
func Open(Options, int) ([]*Encoder, error) { return nil, ErrAbsent }

// Embed fails with ErrAbsent.
func (*Encoder) Embed(*Chip) ([]float32, error) { return nil, ErrAbsent }

// Close does nothing.
func (*Encoder) Close() {}
