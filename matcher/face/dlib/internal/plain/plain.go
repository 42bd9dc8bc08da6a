//go:build cgo && !nodlib

package plain

/*
#cgo CXXFLAGS: -std=c++17 -O3 -DNDEBUG -Wall
#cgo amd64 CXXFLAGS: -march=x86-64-v3
#cgo LDFLAGS: -ldlib -lblas -llapack
#include <stdlib.h>
#include "plain.h"
*/
import "C"

import (
	"errors"
	"image"
	"unsafe"
)

// Landmarks is dlib's five-point model. It may be used concurrently.
type Landmarks struct{ p *C.vigie_plain }

// Open loads the model of a file.
func Open(file string) (*Landmarks, error) {
	name := C.CString(file)
	defer C.free(unsafe.Pointer(name))
	l := &Landmarks{}
	if C.vigie_plain_open(name, &l.p) != 0 {
		return nil, errors.New("the landmark model can't be loaded")
	}
	return l, nil
}

// Close frees the model, once.
func (l *Landmarks) Close() { C.vigie_plain_close(l.p) }

// Steady gives the chip, 150 px a side, that Recognizer.Steady is to give: pix
// holds RGB triples, len(pix) = 3*w*h > 0.
func (l *Landmarks) Steady(pix []byte, w, h int, box image.Rectangle) ([]byte, error) {
	at := [4]C.long{C.long(box.Min.X), C.long(box.Min.Y), C.long(box.Max.X - 1), C.long(box.Max.Y - 1)}
	chip := make([]byte, 3*150*150)
	if C.vigie_plain_steady(l.p, (*C.uint8_t)(&pix[0]), C.long(w), C.long(h), &at[0], (*C.uint8_t)(&chip[0])) != 0 {
		return nil, errors.New("dlib could not cut the chip")
	}
	return chip, nil
}
