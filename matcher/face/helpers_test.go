package face

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

const modelDir = "../../var/models"

var shared = sync.OnceValues(func() (*Engine, error) {
	return NewEngine(Options{ModelDir: modelDir, Workers: 2})
})

// engine gives the engine that all tests share: loading takes half a second.
func engine(t testing.TB) *Engine {
	t.Helper()
	if !dlib.Available() {
		t.Skip("SKIPPED: this build has no face engine (nodlib or no cgo)")
	}
	if _, err := os.Stat(filepath.Join(modelDir, "dlib_face_recognition_resnet_model_v1.dat")); err != nil {
		t.Skipf("SKIPPED: no face models in %s; run `make models`", modelDir)
	}
	e, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// testdata gives a folder of the test data's faces.
func testdata(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("VIGIE_TESTDATA")
	if root == "" {
		root = "../../../shared/data"
	}
	dir := filepath.Join(root, "faces", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: no test photos in %s; set VIGIE_TESTDATA", dir)
	}
	return dir
}

func jpegOf(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// grey is a picture without anything in it.
func grey(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
	return m
}

// crowd is a grid of drawn faces, each on a tile of side px.
func crowd(cols, rows, side int) *image.RGBA {
	m := grey(cols*side, rows*side)
	tile := dlib.Specimen()
	whole := fromImage(tile)
	small := picture{y: whole.y.resize(side, side), cb: whole.cb.resize(side, side), cr: whole.cr.resize(side, side)}
	src := &image.YCbCr{
		Y: small.y.pix, Cb: small.cb.pix, Cr: small.cr.pix, YStride: side, CStride: side,
		SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: image.Rect(0, 0, side, side),
	}
	for r := range rows {
		for c := range cols {
			draw.Draw(m, image.Rect(c*side, r*side, (c+1)*side, (r+1)*side), src, image.Point{}, draw.Src)
		}
	}
	return m
}

// code gives the FaceError code of err, or its text.
func code(err error) string {
	if err == nil {
		return "ok"
	}
	var f *watchlist.FaceError
	if errors.As(err, &f) {
		return f.Code
	}
	return "not a FaceError: " + err.Error()
}

func extract(t testing.TB, e *Engine, b []byte) (watchlist.FaceSample, error) {
	t.Helper()
	s, _, err := e.Extract(context.Background(), watchlist.Photo{Bytes: b})
	return s, err
}
