// Package plain is dlib's landmark model as dlib itself runs it, and the steady
// chip made by it: what package engine does faster is held against it. Only tests
// import it. Without cgo, or with the tag nodlib, it is empty.
package plain
