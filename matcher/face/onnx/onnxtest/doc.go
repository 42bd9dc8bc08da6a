// Package onnxtest builds small ArcFace-shaped ONNX models for tests, and finds
// the ONNX Runtime that they need.
package onnxtest
