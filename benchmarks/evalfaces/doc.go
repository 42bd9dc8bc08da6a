// Package evalfaces measures the face pipeline on a folder of labelled photos,
// DIR/<group>/<person>/<photo>.jpg with an optional DIR/exclude.csv, and fits
// calibrations from such a folder. Results are aggregates: no name of a person
// or photo leaves the package.
package evalfaces
