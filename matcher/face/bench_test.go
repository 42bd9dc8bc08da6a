package face

import (
	"context"
	"path/filepath"
	"testing"

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
	benchmarkExtract(b, jpegOf(b, crowd(1, 1, 3464), 90))
}
