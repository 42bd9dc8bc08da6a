package dlib

import (
	"slices"
	"testing"
)

func TestMirror(t *testing.T) {
	p := Pixels{Pix: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}, W: 3, H: 2}
	m := p.Mirror()
	if want := []byte{7, 8, 9, 4, 5, 6, 1, 2, 3, 16, 17, 18, 13, 14, 15, 10, 11, 12}; m.W != 3 || m.H != 2 || !slices.Equal(m.Pix, want) {
		t.Errorf("mirrored: %v", m)
	}
	if !slices.Equal(m.Mirror().Pix, p.Pix) {
		t.Error("the mirror image of a mirror image is another picture")
	}
}
