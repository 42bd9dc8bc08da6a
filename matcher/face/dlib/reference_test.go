//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"context"
	"flag"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// `make soak` compares more.
var mostPhotos = flag.Int("photos", 20, "photos of VIGIE_TESTDATA that a test compares with dlib or go-face, at most")

// photos gives up to n JPEGs of the test data, spread over its folders, and the
// drawn specimen.
func photos(t testing.TB, n int) [][]byte {
	t.Helper()
	root := os.Getenv("VIGIE_TESTDATA")
	if root == "" {
		root = "../../../../shared/data"
	}
	file, err := encode(Specimen())
	if err != nil {
		t.Fatal(err)
	}
	out, n := [][]byte{file}, min(n, *mostPhotos)
	folders := []string{"congress/a_2017_2021_512", "congress/b_2014_200x250", "london_frll/img_675", "nigeria_officials/img_250", "us_black_officials/img"}
	for _, f := range folders {
		names, _ := filepath.Glob(filepath.Join(root, "faces", f, "*.jpg"))
		slices.Sort(names)
		for i := range min(n/len(folders), len(names)) {
			b, err := os.ReadFile(names[i*len(names)*len(folders)/(n+len(folders))])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b)
		}
	}
	return out
}

// judged gives the JPEG with what a gate reads from its header.
func judged(b []byte) (JPEG, bool) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return JPEG{}, false
	}
	j := JPEG{Bytes: b, Width: cfg.Width, Height: cfg.Height, Components: 3, MaxScans: 64, MaxMemory: 160 << 20}
	if bytes.Contains(b[:min(len(b), 4000)], []byte("\xff\xc0\x00\x0b")) {
		j.Components = 1
	}
	return j, true
}

// go-face is the engine of record: on the same file the same faces come out,
// with the same boxes, landmarks and template bits.
func TestBitEqualToGoFace(t *testing.T) {
	r := open(t)
	ref, err := OpenReference(modelDir)
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	compared := 0
	for i, file := range photos(t, 60) {
		want, err := ref.Faces(file)
		if err != nil {
			continue // one component: go-face refuses it
		}
		j, ok := judged(file)
		if !ok {
			t.Fatalf("photo %d: no header", i)
		}
		p, err := j.Decode(context.Background(), 8, image.Rectangle{})
		if err != nil {
			t.Fatalf("photo %d: %v", i, err)
		}
		found, err := r.Detect(p)
		if err != nil || len(found) != len(want) {
			t.Fatalf("photo %d: %d faces instead of %d, %v", i, len(found), len(want), err)
		}
		slices.SortFunc(found, func(a, b Detection) int { return a.Box.Min.X - b.Box.Min.X })
		slices.SortFunc(want, func(a, b Face) int { return a.Box.Min.X - b.Box.Min.X })
		for k, f := range found {
			a, err := r.Align(p, f.Box)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Embed(a.Chip)
			if err != nil {
				t.Fatal(err)
			}
			if f.Box != want[k].Box || !slices.Equal(a.Points[:], want[k].Points) || got != want[k].Template {
				t.Errorf("photo %d: go-face answers otherwise: box %v %v, points %v %v, same template %t", i, f.Box, want[k].Box, a.Points, want[k].Points, got == want[k].Template)
			}
			compared++
		}
	}
	t.Logf("%d faces are bit-equal to go-face's", compared)
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

func TestCheckReference(t *testing.T) {
	open(t)
	if err := CheckReference(modelDir); err != nil {
		t.Error(err)
	}
	if err := CheckReference(t.TempDir()); err == nil {
		t.Error("no models, no error")
	}
}
