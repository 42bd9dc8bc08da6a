package face

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// `go test ./matcher/face -run TestSoak -soak 100000 -timeout 4h` is the long one.
var soakImages = flag.Int("soak", 200, "photos that TestSoak works on")

// residentMB is the memory of the process that lies in RAM.
func residentMB(t *testing.T) float64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("SKIPPED: no /proc/self/status on this system")
	}
	_, rest, _ := bytes.Cut(b, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	kb, err := strconv.Atoi(string(fields[0]))
	if err != nil {
		t.Fatal(err)
	}
	return float64(kb) / 1024
}

// soakPhotos are photos of every kind the gate lets through; each of three sets of
// real ones lends some.
func soakPhotos(t *testing.T, some int) [][]byte {
	t.Helper()
	out := [][]byte{
		pngOf(t, dlib.Specimen()),
		readFile(t, "testdata/specimen.webp"),
		readFile(t, "testdata/specimen-progressive.jpg"),
		readFile(t, "testdata/specimen-cmyk.jpg"),
		jpegOf(t, crowd(3, 2, 160), 90),
		jpegOf(t, crowd(1, 1, 1920), 90),
		withOrientation(jpegOf(t, crowd(1, 1, 900), 90), 6),
	}
	large := grey(4000, 3000)
	draw.Draw(large, image.Rect(1000, 500, 2920, 2420), crowd(1, 1, 1920), image.Point{}, draw.Src)
	out = append(out, jpegOf(t, large, 90))
	for side := 120; side <= 460; side += 10 {
		out = append(out, jpegOf(t, crowd(1, 1, side), 90))
	}
	root := os.Getenv("VIGIE_TESTDATA")
	if root == "" {
		root = "../../../shared/data"
	}
	for _, pattern := range []string{"congress/*_512/*.jpg", "nigeria_officials/img_250/*.jpg", "london_frll/img_675/*.jpg"} {
		files, _ := filepath.Glob(filepath.Join(root, "faces", pattern))
		for _, name := range files[:min(len(files), some)] {
			out = append(out, readFile(t, name))
		}
	}
	return out
}

// The memory is steady: after 5,000 photos of 100,000, or half of a shorter run, it
// has grown to what it stays at. Two 12-megapixel photos that meet, or a collection
// of garbage, move it by a tenth from one photo to the next, so each figure is the
// median over 2,000 photos, or a fifth of a shorter run. Every photo gives the same
// answer each time it comes round.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short")
	}
	n, some := *soakImages, 80
	if n < 20_000 {
		some = 10 // so that each photo comes round
	}
	e, photos := engine(t), soakPhotos(t, some)
	warm := max(min(5000, n/2), 1)
	answers := make([]atomic.Pointer[string], len(photos))
	run := func(from, to int) {
		var next atomic.Int64
		next.Store(int64(from))
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for i := int(next.Add(1)) - 1; i < to; i = int(next.Add(1)) - 1 {
					k := i % len(photos)
					s, _, err := e.Extract(context.Background(), watchlist.Photo{Bytes: photos[k]})
					answer := code(err) + string(watchlist.EncodeTemplate(slices.Clip(s.Template)))
					if !answers[k].CompareAndSwap(nil, &answer) && *answers[k].Load() != answer {
						t.Errorf("photo %d got another answer: %s", k, code(err))
					}
					var fe *watchlist.FaceError
					if err != nil && !errors.As(err, &fe) {
						t.Errorf("photo %d: %v", k, err)
					}
				}
			})
		}
		wg.Wait()
	}
	window := min(2000, n/5)
	median := func(from, to int) float64 {
		var mb []float64
		for ; from < to; from += 50 {
			run(from, min(from+50, to))
			mb = append(mb, residentMB(t))
		}
		slices.Sort(mb)
		return mb[len(mb)/2]
	}
	run(0, warm-window/2)
	before := median(warm-window/2, warm+window/2)
	for from := warm + window/2; from < n-window; from += 5_000 {
		t.Logf("%.0f MB in RAM after %d photos", residentMB(t), from)
		run(from, min(from+5_000, n-window))
	}
	after := median(n-window, n)
	t.Logf("%.0f MB in RAM about photo %d, %.0f MB at the end, photo %d", before, warm, after, n)
	limit := 1.05
	if n < 20_000 {
		limit = 1.25 // the heap is still filling
	}
	if after > before*limit {
		t.Errorf("memory grew from %.0f to %.0f MB between photo %d and %d", before, after, warm, n)
	}
}
