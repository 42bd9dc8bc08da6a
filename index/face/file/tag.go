package file

import (
	"crypto/sha256"
	"encoding/binary"
)

// Tag says which space the vectors of a gallery lie in. Vectors of two tags are
// never compared, and a segment opens under its own tag alone.
type Tag struct {
	// Model names the encoder and recipe whose templates were projected.
	Model string
	// Calibration is the version of the calibrated space.
	Calibration string
	// Projection is a digest of what the space makes of fixed templates, so that a
	// changed order of summation, which changes bits and no version, shows.
	Projection [sha256.Size]byte
	// Dim is the number of values of a projected template, 0 while there is none.
	Dim int
}

func (t Tag) encode() []byte {
	b := appendString(nil, t.Model)
	b = appendString(b, t.Calibration)
	b = append(b, t.Projection[:]...)
	return binary.LittleEndian.AppendUint32(b, uint32(t.Dim))
}

func (t Tag) digest() [sha256.Size]byte { return sha256.Sum256(t.encode()) }

// appendString appends s behind its length.
func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}
