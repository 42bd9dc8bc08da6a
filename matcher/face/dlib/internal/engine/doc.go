// Package engine is dlib's detector, landmarks and encoder behind three calls on
// raw pixels. It is a package of its own because its C++ takes a minute to
// compile; face/dlib wraps it and alone may use it. Without cgo, or with the tag
// nodlib, it is empty.
package engine
