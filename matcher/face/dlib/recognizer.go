//go:build cgo && !nodlib

package dlib

import (
	"errors"
	"fmt"
	"image"
	"sync"

	"vigie/matcher/face/dlib/internal/engine"
)

// Recognizer is one worker: detector, landmarks and encoder. Calls are
// serialised; use one Recognizer for every core. Workers share no lock.
type Recognizer struct {
	mu sync.Mutex
	w  *engine.Worker // nil once closed
}

// Available tells whether this build has a face engine.
func Available() bool { return true }

// Open loads the models of dir, which should have been verified: about 60 MB
// and 0.3 s.
func Open(dir string) (*Recognizer, error) {
	singleBLASThread()
	fewArenas()
	w, err := engine.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("load face models from %s: %w", dir, err)
	}
	return &Recognizer{w: w}, nil
}

// Another makes one more worker in some milliseconds. It shares r's landmark
// model, has its own encoder, and lives on when r is closed.
func (r *Recognizer) Another() (*Recognizer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w == nil {
		return nil, ErrClosed
	}
	w, err := r.w.Another()
	if err != nil {
		return nil, fmt.Errorf("make a face worker: %w", err)
	}
	return &Recognizer{w: w}, nil
}

// Hits are the places where the detector's filters answer, before one face is
// made of those that overlap.
type Hits struct{ raw engine.Hits }

// levels gives the levels of the picture's pyramid that belong to a part.
func (p Part) levels() (first, end int) {
	const all = 1 << 20
	switch p {
	case Fine:
		return 0, 2
	case Coarse:
		return 2, all
	}
	return 0, all
}

// Scan searches a part of the picture's pyramid.
func (r *Recognizer) Scan(p Pixels, part Part) (Hits, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ready(p); err != nil {
		return Hits{}, err
	}
	first, end := part.levels()
	hits, err := r.w.Scan(p.Pix, p.W, p.H, first, end)
	if err != nil {
		return Hits{}, fmt.Errorf("face engine: detect: %w", err)
	}
	return Hits{hits}, nil
}

// Choose gives the faces of a picture whose parts were scanned (Fine and Coarse,
// in this order, or Whole), the surest first.
func Choose(parts ...Hits) ([]Detection, error) {
	var all engine.Hits
	for _, p := range parts {
		all = append(all, p.raw...)
	}
	faces, err := engine.Choose(all)
	if err != nil {
		return nil, fmt.Errorf("face engine: detect: %w", err)
	}
	out := make([]Detection, len(faces))
	for i, f := range faces {
		out[i] = Detection(f)
	}
	return out, nil
}

// Detect finds the faces of a picture, the surest first. A face is found from
// some 80 pixels a side on. No face gives none and no error.
func (r *Recognizer) Detect(p Pixels) ([]Detection, error) {
	hits, err := r.Scan(p, Whole)
	if err != nil {
		return nil, err
	}
	return Choose(hits)
}

// Align finds the landmarks of the face in the box and cuts the upright chip as
// go-face does.
func (r *Recognizer) Align(p Pixels, box image.Rectangle) (Aligned, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.readyAt(p, box); err != nil {
		return Aligned{}, err
	}
	chip := NewPixels(ChipSide, ChipSide)
	points, err := r.w.Align(p.Pix, p.W, p.H, box, chip.Pix)
	if err != nil {
		return Aligned{}, fmt.Errorf("face engine: align: %w", err)
	}
	return Aligned{Points: points, Chip: chip}, nil
}

// Steady cuts the upright chip of the face in the box by the mean of the
// landmarks of seven boxes: the one given, shifted by 4 % of its width to each
// side, and scaled by 0.94 and 1.06. It depends less on the very box that the
// detector found.
func (r *Recognizer) Steady(p Pixels, box image.Rectangle) (Pixels, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.readyAt(p, box); err != nil {
		return Pixels{}, err
	}
	chip := NewPixels(ChipSide, ChipSide)
	if err := r.w.Steady(p.Pix, p.W, p.H, box, chip.Pix); err != nil {
		return Pixels{}, fmt.Errorf("face engine: align: %w", err)
	}
	return chip, nil
}

// readyAt says why the face in a box can't be aligned; r.mu is held.
func (r *Recognizer) readyAt(p Pixels, box image.Rectangle) error {
	if err := r.ready(p); err != nil {
		return err
	}
	if box.Empty() {
		return errors.New("face engine: align: the box is empty")
	}
	return nil
}

// Embed encodes a chip of ChipSide pixels a side to the raw template.
func (r *Recognizer) Embed(chip Pixels) (template [128]float32, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ready(chip); err != nil {
		return template, err
	}
	if chip.W != ChipSide || chip.H != ChipSide {
		return template, fmt.Errorf("face engine: embed: a chip of %d x %d px", chip.W, chip.H)
	}
	if template, err = r.w.Embed(chip.Pix); err != nil {
		return template, fmt.Errorf("face engine: embed: %w", err)
	}
	return template, nil
}

// ready says why a call can't be made; r.mu is held.
func (r *Recognizer) ready(p Pixels) error {
	if r.w == nil {
		return ErrClosed
	}
	if !p.valid() {
		return fmt.Errorf("face engine: a picture of %d x %d px with %d bytes", p.W, p.H, len(p.Pix))
	}
	return nil
}

// Close frees the worker. It is safe to call more than once.
func (r *Recognizer) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w != nil {
		r.w.Close()
		r.w = nil
	}
}
