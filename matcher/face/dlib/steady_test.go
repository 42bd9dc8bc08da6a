//go:build cgo && !nodlib

package dlib

import (
	"image"
	"testing"
)

// The steady chip must answer less to the box than the plain one: boxes that are
// off by some pixels move it less.
func TestSteadyChip(t *testing.T) {
	r := open(t)
	p := pixelsOf(Specimen())
	found, err := r.Detect(p)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d faces, %v", len(found), err)
	}
	box := found[0].Box
	first, err := r.Align(p, box)
	if err != nil {
		t.Fatal(err)
	}
	difference := func(a, b Pixels) (sum float64) {
		for i, v := range a.Pix {
			d := float64(v) - float64(b.Pix[i])
			sum += d * d
		}
		return sum / float64(len(a.Pix))
	}
	if d := difference(first.Chip, first.Steady); d == 0 || d > 400 {
		t.Errorf("plain and steady chip differ by %.0f levels squared", d)
	}
	var plain, steady float64
	for _, off := range []image.Point{{-6, 0}, {6, 0}, {0, -6}, {0, 6}, {5, 5}, {-5, -5}, {5, -5}, {-5, 5}} {
		a, err := r.Align(p, box.Add(off))
		if err != nil {
			t.Fatal(err)
		}
		plain, steady = plain+difference(a.Chip, first.Chip), steady+difference(a.Steady, first.Steady)
	}
	t.Logf("shifted boxes change the plain chip by %.1f and the steady one by %.1f levels squared", plain/8, steady/8)
	if steady > plain {
		t.Error("the steady chip moves more than the plain one")
	}
}
