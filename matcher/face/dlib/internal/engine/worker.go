//go:build cgo && !nodlib

package engine

/*
#cgo CXXFLAGS: -std=c++17 -O3 -DNDEBUG -Wall
#cgo amd64 CXXFLAGS: -march=x86-64-v3
#cgo LDFLAGS: -ldlib -lblas -llapack -ljpeg
#include <stdlib.h>
#include "engine.h"
*/
import "C"

import (
	"errors"
	"image"
	"unsafe"
)

// ChipSide is the side of a chip in pixels, ChipBytes its length.
const (
	ChipSide  = C.VIGIE_CHIP
	ChipBytes = 3 * ChipSide * ChipSide
)

// maxFaces is how many faces of one picture are told apart.
const maxFaces = 1024

// Worker holds one set of models. It serves one call at a time; workers share no
// lock. Callers check the pixels: RGB triples, len(pix) = 3*w*h > 0.
type Worker struct{ w *C.vigie_worker }

// Hit is a detection; Box is half open.
type Hit struct {
	Box   image.Rectangle
	Score float64
	View  int
}

// Open loads the landmark and encoder models of dir.
func Open(dir string) (*Worker, error) {
	path := C.CString(dir)
	defer C.free(unsafe.Pointer(path))
	w := &Worker{}
	var fault C.vigie_error
	if C.vigie_worker_open(path, &w.w, &fault) != 0 {
		return nil, text(&fault)
	}
	return w, nil
}

// Another shares w's landmark model and copies its encoder. It lives on when w is
// closed.
func (w *Worker) Another() (*Worker, error) {
	other := &Worker{}
	var fault C.vigie_error
	if C.vigie_worker_another(w.w, &other.w, &fault) != 0 {
		return nil, text(&fault)
	}
	return other, nil
}

// Close frees the worker, once.
func (w *Worker) Close() {
	C.vigie_worker_close(w.w)
	w.w = nil
}

// Detect gives the faces of a picture, the surest first.
func (w *Worker) Detect(pix []byte, width, height int) ([]Hit, error) {
	var fault C.vigie_error
	var count C.int
	found := make([]C.vigie_detection, maxFaces)
	if C.vigie_detect(w.w, first(pix), C.long(width), C.long(height), &found[0], maxFaces, &count, &fault) != 0 {
		return nil, text(&fault)
	}
	hits := make([]Hit, min(int(count), maxFaces))
	for i := range hits {
		f := &found[i]
		hits[i] = Hit{
			// dlib gives the last column and row inside the box.
			Box:   image.Rect(int(f.box.left), int(f.box.top), int(f.box.right)+1, int(f.box.bottom)+1),
			Score: float64(f.score), View: int(f.view),
		}
	}
	return hits, nil
}

// Align finds the five landmarks of the face in the box, which is not empty, and
// writes the upright chip to chip, and the one cut by averaged landmarks to
// steady, ChipBytes long each.
func (w *Worker) Align(pix []byte, width, height int, box image.Rectangle, chip, steady []byte) (at [5]image.Point, err error) {
	var fault C.vigie_error
	var points [2 * C.VIGIE_POINTS]C.long
	b := C.vigie_box{C.long(box.Min.X), C.long(box.Min.Y), C.long(box.Max.X - 1), C.long(box.Max.Y - 1)}
	if C.vigie_align(w.w, first(pix), C.long(width), C.long(height), b, &points[0], first(chip), first(steady), &fault) != 0 {
		return at, text(&fault)
	}
	for i := range at {
		at[i] = image.Pt(int(points[2*i]), int(points[2*i+1]))
	}
	return at, nil
}

// Embed encodes a chip of ChipBytes.
func (w *Worker) Embed(chip []byte) (template [128]float32, err error) {
	var fault C.vigie_error
	if C.vigie_embed(w.w, first(chip), (*C.float)(&template[0]), &fault) != 0 {
		return template, text(&fault)
	}
	return template, nil
}

func first(pix []byte) *C.uint8_t { return (*C.uint8_t)(&pix[0]) }

func text(fault *C.vigie_error) error { return errors.New(C.GoString(&fault.text[0])) }
