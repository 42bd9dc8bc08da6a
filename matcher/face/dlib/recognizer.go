//go:build cgo && !nodlib

package dlib

import (
	"errors"
	"fmt"
	"sync"

	goface "github.com/Kagami/go-face"
)

// Recognizer is one worker: detector, landmarks and encoder. Calls are
// serialised; use one Recognizer for every core.
type Recognizer struct {
	mu  sync.Mutex
	rec *goface.Recognizer
}

// Available tells whether this build has a face engine.
func Available() bool { return true }

// Open loads the models of dir, which should have been verified: about 35 MB
// and 0.3 s.
func Open(dir string) (*Recognizer, error) {
	singleBLASThread()
	rec, err := goface.NewRecognizer(dir)
	if err != nil {
		return nil, fmt.Errorf("load face models from %s: %w", dir, err)
	}
	return &Recognizer{rec: rec}, nil
}

// Faces finds and encodes every face of a JPEG with three components, left to
// right. A photo without a face gives none and no error. The JPEG must come
// from our own encoder: libjpeg and dlib see nothing that a sender wrote.
func (r *Recognizer) Faces(jpeg []byte) (faces []Face, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rec == nil {
		return nil, ErrClosed
	}
	defer func() {
		if p := recover(); p != nil {
			faces, err = nil, fmt.Errorf("face engine panicked: %v", p)
		}
	}()
	found, err := r.rec.Recognize(jpeg)
	if err != nil {
		return nil, fmt.Errorf("face engine: %w", err)
	}
	faces = make([]Face, len(found))
	for i, f := range found {
		// go-face gives the last column and row inside the box.
		box := f.Rectangle
		box.Max.X++
		box.Max.Y++
		faces[i] = Face{Box: box, Points: f.Shapes, Template: f.Descriptor}
		if len(f.Shapes) != 5 {
			return nil, errors.New("face engine: the landmark model does not give 5 points")
		}
	}
	return faces, nil
}

// Close frees the models. It is safe to call more than once.
func (r *Recognizer) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rec != nil {
		r.rec.Close()
		r.rec = nil
	}
}
