// Package dlib runs the dlib face models through go-face. It is the only
// package that uses cgo: built without cgo or with the tag nodlib, Open answers
// ErrAbsent and everything else still builds.
//
// A go-face recogniser does one photo at a time, so Open makes one for every
// worker. BLAS is held at one thread, since the workers already fill the cores.
// Classify of go-face is never called: it compares the squared distance with
// the tolerance.
package dlib
