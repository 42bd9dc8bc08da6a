//go:build cgo && !nodlib

package dlib

import (
	"fmt"

	goface "github.com/Kagami/go-face"
)

// Reference is go-face, the engine of record: on the same pixels a Recognizer
// gives the same boxes, landmarks and template bits. It serves tests, `doctor`
// and benchmarks; photos are worked on by Recognizers.
type Reference struct{ rec *goface.Recognizer }

// OpenReference loads go-face with the models of dir.
func OpenReference(dir string) (*Reference, error) {
	singleBLASThread()
	rec, err := goface.NewRecognizer(dir)
	if err != nil {
		return nil, fmt.Errorf("load go-face's models from %s: %w", dir, err)
	}
	return &Reference{rec}, nil
}

// Faces gives go-face's answer for a JPEG of three components, left to right.
// go-face is not hardened: give it no stranger's file.
func (r *Reference) Faces(jpeg []byte) ([]Face, error) {
	found, err := r.rec.Recognize(jpeg)
	if err != nil {
		return nil, fmt.Errorf("go-face: %w", err)
	}
	faces := make([]Face, len(found))
	for i, f := range found {
		box := f.Rectangle
		box.Max.X++ // go-face gives the last column and row inside the box
		box.Max.Y++
		faces[i] = Face{Box: box, Points: f.Shapes, Template: f.Descriptor}
	}
	return faces, nil
}

// Close frees go-face's models.
func (r *Reference) Close() { r.rec.Close() }
