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

// Face is a detection; Box is half open.
type Face struct {
	Box   image.Rectangle
	Score float64
	View  int
}

// Hits are the places where the detector's filters answer.
type Hits []C.vigie_detection

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

// Scan searches the levels of the picture's pyramid from first up to, not
// including, end.
func (w *Worker) Scan(pix []byte, width, height, first, end int) (Hits, error) {
	var fault C.vigie_error
	var count C.int
	if C.vigie_scan(w.w, start(pix), C.long(width), C.long(height), C.long(first), C.long(end), &count, &fault) != 0 {
		return nil, text(&fault)
	}
	if count == 0 {
		return nil, nil
	}
	hits := make(Hits, count)
	C.vigie_hits(w.w, &hits[0])
	return hits, nil
}

// Choose gives the faces that hits, those of lower levels first, stand for, the
// surest first.
func Choose(hits Hits) ([]Face, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	var fault C.vigie_error
	var count C.int
	found := make([]C.vigie_detection, maxFaces)
	if C.vigie_choose(&hits[0], C.int(len(hits)), &found[0], maxFaces, &count, &fault) != 0 {
		return nil, text(&fault)
	}
	faces := make([]Face, min(int(count), maxFaces))
	for i := range faces {
		f := &found[i]
		faces[i] = Face{
			// dlib gives the last column and row inside the box.
			Box:   image.Rect(int(f.box.left), int(f.box.top), int(f.box.right)+1, int(f.box.bottom)+1),
			Score: float64(f.score), View: int(f.view),
		}
	}
	return faces, nil
}

// Align finds the five landmarks of the face in the box, which is not empty, and
// writes the upright chip, ChipBytes long.
func (w *Worker) Align(pix []byte, width, height int, box image.Rectangle, chip []byte) (at [5]image.Point, err error) {
	var fault C.vigie_error
	var points [2 * C.VIGIE_POINTS]C.long
	if C.vigie_align(w.w, start(pix), C.long(width), C.long(height), inclusive(box), &points[0], start(chip), &fault) != 0 {
		return at, text(&fault)
	}
	for i := range at {
		at[i] = image.Pt(int(points[2*i]), int(points[2*i+1]))
	}
	return at, nil
}

// Steady writes the chip cut by landmarks averaged over boxes around the one
// given.
func (w *Worker) Steady(pix []byte, width, height int, box image.Rectangle, chip []byte) error {
	var fault C.vigie_error
	if C.vigie_steady(w.w, start(pix), C.long(width), C.long(height), inclusive(box), start(chip), &fault) != 0 {
		return text(&fault)
	}
	return nil
}

// Embed encodes a chip of ChipBytes.
func (w *Worker) Embed(chip []byte) (template [128]float32, err error) {
	var fault C.vigie_error
	if C.vigie_embed(w.w, start(chip), (*C.float)(&template[0]), &fault) != 0 {
		return template, text(&fault)
	}
	return template, nil
}

func inclusive(b image.Rectangle) C.vigie_box {
	return C.vigie_box{C.long(b.Min.X), C.long(b.Min.Y), C.long(b.Max.X - 1), C.long(b.Max.Y - 1)}
}

func start(pix []byte) *C.uint8_t { return (*C.uint8_t)(&pix[0]) }

func text(fault *C.vigie_error) error { return errors.New(C.GoString(&fault.text[0])) }
