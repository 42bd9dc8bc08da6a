//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"context"
	"image"
	"path/filepath"
	"slices"
	"testing"

	"vigie/matcher/face/dlib/internal/plain"
)

// The landmarks come from trees laid out and walked by our own code: the steady
// chip, which takes seven runs of them, must be the one that dlib's own code
// gives, to the last bit, wherever the box lies.
func TestSteadyIsDlibs(t *testing.T) {
	r := open(t)
	ref, err := plain.Open(filepath.Join(modelDir, "shape_predictor_5_face_landmarks.dat"))
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	compared := 0
	for i, file := range photos(t, 100) {
		j, ok := judged(file)
		if !ok {
			t.Fatalf("photo %d: no header", i)
		}
		p, err := j.Decode(context.Background(), 8, image.Rectangle{})
		if err != nil {
			t.Fatalf("photo %d: %v", i, err)
		}
		found, err := r.Detect(p)
		if err != nil {
			t.Fatal(err)
		}
		boxes := []image.Rectangle{image.Rect(0, 0, p.W, p.H), image.Rect(-p.W/2, p.H/3, p.W/3, p.H), image.Rect(p.W-9, 2, p.W-2, 9)}
		for _, f := range found {
			boxes = append(boxes, f.Box, f.Box.Add(image.Pt(11, -7)))
		}
		for _, box := range boxes {
			want, err := ref.Steady(p.Pix, p.W, p.H, box)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Steady(p, box)
			if err != nil || !bytes.Equal(got.Pix, want) {
				t.Errorf("photo %d, box %v: another chip than dlib's, or %v", i, box, err)
			}
			compared++
		}
	}
	t.Logf("%d chips are dlib's", compared)
}

// Searching in two parts finds what searching at once finds, in the same order.
func TestPartsMakeTheWhole(t *testing.T) {
	r := open(t)
	pictures := []Pixels{pixelsOf(Specimen()), crowded(5, 4), NewPixels(1, 1), NewPixels(40, 300), NewPixels(81, 81)}
	for i, file := range photos(t, 40) {
		j, ok := judged(file)
		if !ok {
			t.Fatalf("photo %d: no header", i)
		}
		p, err := j.Decode(context.Background(), 8, image.Rectangle{})
		if err != nil {
			t.Fatalf("photo %d: %v", i, err)
		}
		pictures = append(pictures, p)
	}
	faces := 0
	for i, p := range pictures {
		want, err := r.Detect(p)
		if err != nil {
			t.Fatal(err)
		}
		fine, err := r.Scan(p, Fine)
		if err != nil {
			t.Fatal(err)
		}
		coarse, err := r.Scan(p, Coarse)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Choose(fine, coarse); err != nil || !slices.Equal(got, want) {
			t.Errorf("picture %d: %v in two parts, %v at once, %v", i, got, want, err)
		}
		faces += len(want)
	}
	if faces < 21 {
		t.Errorf("%d faces in all", faces)
	}
}

// crowded is a picture of equal faces: their answers are equal too, and the order
// decides.
func crowded(cols, rows int) Pixels {
	tile := pixelsOf(Specimen())
	out := NewPixels(cols*tile.W, rows*tile.H)
	for y := range out.H {
		for c := range cols {
			copy(out.Pix[3*(y*out.W+c*tile.W):], tile.Pix[3*(y%tile.H)*tile.W:][:3*tile.W])
		}
	}
	return out
}

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
	cut := func(box image.Rectangle) (plain, steady Pixels) {
		a, err := r.Align(p, box)
		if err != nil {
			t.Fatal(err)
		}
		if steady, err = r.Steady(p, box); err != nil {
			t.Fatal(err)
		}
		return a.Chip, steady
	}
	chip, even := cut(box)
	difference := func(a, b Pixels) (sum float64) {
		for i, v := range a.Pix {
			d := float64(v) - float64(b.Pix[i])
			sum += d * d
		}
		return sum / float64(len(a.Pix))
	}
	if d := difference(chip, even); d == 0 || d > 400 {
		t.Errorf("plain and steady chip differ by %.0f levels squared", d)
	}
	var plain, steady float64
	for _, off := range []image.Point{{-6, 0}, {6, 0}, {0, -6}, {0, 6}, {5, 5}, {-5, -5}, {5, -5}, {-5, 5}} {
		a, b := cut(box.Add(off))
		plain, steady = plain+difference(a, chip), steady+difference(b, even)
	}
	t.Logf("shifted boxes change the plain chip by %.1f and the steady one by %.1f levels squared", plain/8, steady/8)
	if steady > plain {
		t.Error("the steady chip moves more than the plain one")
	}
}
