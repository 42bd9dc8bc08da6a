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

// ChipSide is the side, in pixels, of the upright face picture that the encoder
// sees.
const ChipSide = 150

// Part is a part of the pyramid of ever smaller pictures in which faces are
// searched.
type Part int

// Fine and Coarse take about as long as each other.
const (
	Whole  Part = iota
	Fine        // the picture itself and the next smaller one
	Coarse      // all others
)

// Detection is one face that the detector sees.
type Detection struct {
	// Box is in pixels of the picture searched; it may reach over its edges.
	Box image.Rectangle
	// Score is the detector's certainty above its threshold of 0: portraits
	// have some 1 to 3.
	Score float64
	// View is the filter that fits best: 0 front, 1 left, 2 right, 3 and 4 front
	// but leaning left and right.
	View int
}

// Aligned is a face turned upright.
type Aligned struct {
	// Points are the landmarks in the picture given: outer and inner corner of
	// the eye on the right of the photo, outer and inner corner of the other,
	// base of the nose.
	Points [5]image.Point
	// Chip has ChipSide pixels a side. It is go-face's.
	Chip Pixels
}

// Face is one face found in a photo and encoded.
type Face struct {
	Box      image.Rectangle
	Points   []image.Point
	Template [128]float32
}

// Report is what a self-test found.
type Report struct {
	// Forward is the time of one chip through the encoder.
	Forward time.Duration
	// BLASThreads is the thread count of OpenBLAS, 0 when another BLAS runs.
	BLASThreads int
	// Warning is empty, or one sentence saying what is wrong and what to do.
	Warning string
}
