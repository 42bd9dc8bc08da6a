// Package dlib runs dlib's face models and libjpeg. It and its internal/engine
// are the only packages that use cgo: built without cgo or with the tag nodlib,
// Open and Decode answer ErrAbsent and everything else still builds.
//
// go-face (Reference) is the engine of record: on the same pixels, boxes,
// landmarks and templates of a Recognizer are go-face's to the last bit, which a
// test and CheckReference prove. The Recognizer exists because go-face takes only
// JPEGs (encoded for it, then decoded again: 6 ms and a loss), encodes every face
// before the caller can pick one, gives neither score nor stage, and loads the
// landmark model once for every worker. Its convolution, its landmark trees and
// the order of its search are our own code around dlib's arithmetic; DESIGN.md of
// package face says what that brings. go-face's Classify is never called: it
// compares the squared distance with the tolerance.
//
// JPEGs are strangers' bytes read by C. The caller has judged the header, libjpeg
// must read the same numbers from it, memory, scans and time are bounded, a
// warning that means lost pixels is an error, and no C++ object lies between
// setjmp and longjmp. Pixels do not depend on the CPU; templates do in their last
// bits, since OpenBLAS has other kernels for other CPUs.
//
// BLAS is held at one thread, since the workers already fill the cores. The C++
// is compiled for x86-64-v3 on amd64; cpu.c ends a program on a lesser CPU, with
// a sentence that names what it lacks, before any C++ initialiser runs. go-face
// asks for -march=native: a binary that travels is built with CXX=cxx-v3.
package dlib
