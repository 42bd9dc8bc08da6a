package face

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// portrait gives a 512 px portrait of the test data, or the drawn face at that
// size.
func portrait(b *testing.B) []byte {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(testdata(b, "congress"), "a_2017_2021_512", "*.jpg"))
	if err != nil || len(files) == 0 {
		b.Skip("SKIPPED: no 512 px portraits in the test data")
	}
	return readFile(b, files[0])
}

func benchmarkExtract(b *testing.B, photo []byte) {
	e := engine(b)
	stages := map[string]int64{}
	for b.Loop() {
		_, times, err := e.Extract(context.Background(), watchlist.Photo{Bytes: photo})
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range times {
			stages[s.Stage] += s.Micros
		}
	}
	for name, us := range stages {
		b.ReportMetric(float64(us)/1000/float64(b.N), name+"-ms")
	}
}

func BenchmarkPortrait512(b *testing.B) { benchmarkExtract(b, portrait(b)) }

func BenchmarkTwelveMegapixels(b *testing.B) {
	benchmarkExtract(b, twelveMegapixels(b))
}

// twelveMegapixels is a phone's photo: the portrait scaled into the middle of
// 4000 x 3000 px.
func twelveMegapixels(b *testing.B) []byte {
	b.Helper()
	src, err := jpeg.Decode(bytes.NewReader(portrait(b)))
	if err != nil {
		b.Fatal(err)
	}
	dst := grey(4000, 3000)
	draw.CatmullRom.Scale(dst, image.Rect(1000, 500, 3000, 2500), src, src.Bounds(), draw.Src, nil)
	return jpegOf(b, dst, 92)
}

// go-face alone on the same files.
func BenchmarkGoFace(b *testing.B) {
	engine(b) // skips without models
	ref, err := dlib.OpenReference(modelDir)
	if err != nil {
		b.Fatal(err)
	}
	defer ref.Close()
	for name, photo := range map[string][]byte{"portrait512": portrait(b), "twelveMegapixels": twelveMegapixels(b)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if faces, err := ref.Faces(photo); err != nil || len(faces) != 1 {
					b.Fatal(len(faces), err)
				}
			}
		})
	}
}

// Portraits through both workers at once: compare with BenchmarkPortrait512.
func BenchmarkPortrait512TwoWorkers(b *testing.B) {
	e, photo := engine(b), watchlist.Photo{Bytes: portrait(b)}
	b.SetParallelism(1)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := e.Extract(context.Background(), photo); err != nil {
				b.Error(err)
			}
		}
	})
}
