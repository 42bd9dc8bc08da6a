// Package evalquality measures the photo gate and the quality scores on labelled
// photos: what share of each group's photos is refused or flagged, as probes and
// as references, and by how much the false non-match rate falls when the probes
// of the lowest quality are left out (error versus discard).
package evalquality
