package dlib

import (
	"errors"
	"image"
)

// Pixels is a picture as RGB triples, row by row without padding:
// len(Pix) = 3*W*H.
type Pixels struct {
	Pix  []byte
	W, H int
}

// NewPixels gives a black picture.
func NewPixels(w, h int) Pixels { return Pixels{make([]byte, 3*w*h), w, h} }

// Mirror gives the picture with left and right exchanged.
func (p Pixels) Mirror() Pixels {
	out := NewPixels(p.W, p.H)
	for y := range p.H {
		row, to := p.Pix[3*p.W*y:3*p.W*(y+1)], out.Pix[3*p.W*y:3*p.W*(y+1)]
		for x := 0; x < len(row); x += 3 {
			copy(to[len(row)-3-x:], row[x:x+3])
		}
	}
	return out
}

func (p Pixels) valid() bool {
	return p.W > 0 && p.H > 0 && p.W <= 1<<16 && p.H <= 1<<16 && len(p.Pix) == 3*p.W*p.H
}

// Why a JPEG was not decoded.
var (
	// ErrCorrupt: the file is damaged, incomplete, or not what its header says.
	ErrCorrupt = errors.New("the JPEG is damaged")
	// ErrUnsupported: a variant that is not decoded.
	ErrUnsupported = errors.New("the JPEG is of a rare variant")
	// ErrMemory: decoding would take more memory than the caller allows.
	ErrMemory = errors.New("the JPEG takes too much memory to decode")
)

// JPEG is a file of one or three components whose header the caller has judged:
// libjpeg must read the same numbers from it, or the file counts as damaged.
type JPEG struct {
	Bytes                     []byte
	Width, Height, Components int
	// MaxScans and MaxMemory (bytes, without the pixels returned) bound what a
	// file can make the decoder do.
	MaxScans  int
	MaxMemory int64
}

// Size gives the size at a scale of eighths/8, 1 to 8: rounded up, as libjpeg
// does.
func (j JPEG) Size(eighths int) image.Point {
	return image.Pt((j.Width*eighths+7)/8, (j.Height*eighths+7)/8)
}
