// Package onnx runs a second face encoder: any ArcFace-shaped ONNX model that a
// models.Recipe describes (a picture of 112 x 112 px in, 128 or 512 values out),
// through the ONNX Runtime. The runtime is a shared library that is loaded by
// path when an encoder is opened: a program without it links and runs. Model and
// library are read only if their SHA-256 is the expected one.
//
// An encoder computes in one thread, so that the same picture gives the same bits
// on every run and on every worker of a machine; another CPU may differ in the
// last bits. Built without cgo or with the tag nodlib, Open answers ErrAbsent.
package onnx
