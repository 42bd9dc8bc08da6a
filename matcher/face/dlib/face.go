package dlib

import (
	"errors"
	"image"
	"time"
)

// ErrAbsent says that this build has no face engine.
var ErrAbsent = errors.New("this build has no face engine (built without cgo or with the tag nodlib)")

// ErrClosed says that the recogniser was closed.
var ErrClosed = errors.New("the face recogniser is closed")

// Face is one face found in a photo.
type Face struct {
	// Box is in pixels of the photo given; it may reach over its edges.
	Box image.Rectangle
	// Points are the landmarks: outer and inner corner of the eye on the right
	// of the photo, outer and inner corner of the other, base of the nose.
	Points []image.Point
	// Template is the encoder's raw output.
	Template [128]float32
}

// Report is what a self-test found.
type Report struct {
	// Forward is the time of one face through landmarks and encoder.
	Forward time.Duration
	// BLASThreads is the thread count of OpenBLAS, 0 when another BLAS runs.
	BLASThreads int
	// Warning is empty, or one sentence saying what is wrong and what to do.
	Warning string
}
