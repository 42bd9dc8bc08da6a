// Package console serves the pages that people open in a browser. The console
// itself is not part of this build: a notice in French, English and Portuguese
// stands in its place.
package console
