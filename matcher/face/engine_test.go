package face

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"image/jpeg"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// distance is the L2 distance of two raw templates.
func distance(a, b []float32) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

func near(a, b watchlist.Box, tolerance int) bool {
	for _, d := range []int{a.Left - b.Left, a.Top - b.Top, a.Right - b.Right, a.Bottom - b.Bottom} {
		if d < -tolerance || d > tolerance {
			return false
		}
	}
	return true
}

// The same photo gives the same template bytes on every run and worker: what a
// node computes before the log must be what any audit computes again.
func TestSameBytesEveryTime(t *testing.T) {
	e := engine(t)
	photo := jpegOf(t, dlib.Specimen(), 90)
	first, err := extract(t, e, photo)
	if err != nil {
		t.Fatal(err)
	}
	want := watchlist.EncodeTemplate(first.Template)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				s, _, err := e.Extract(context.Background(), watchlist.Photo{Bytes: photo})
				if err != nil || !bytes.Equal(watchlist.EncodeTemplate(s.Template), want) {
					t.Errorf("another template, or %v", err)
				}
			}
		})
	}
	wg.Wait()
	again, err := NewEngine(Options{ModelDir: modelDir, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	s, err := extract(t, again, photo)
	if err != nil || !bytes.Equal(watchlist.EncodeTemplate(s.Template), want) {
		t.Errorf("a second engine gives another template, or %v", err)
	}
	if s.Model != e.Model() || s.Quality.InterEye < 40 || s.Quality.Sharpness <= 0 {
		t.Errorf("sample %q %+v", s.Model, s.Quality)
	}
}

func TestStages(t *testing.T) {
	_, stages, err := engine(t).Extract(context.Background(), watchlist.Photo{Bytes: jpegOf(t, dlib.Specimen(), 90)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{StageGate, StageQueue, StageDecode, StageDetect, StageAlign, StageQuality, StageEmbed}
	if len(stages) != len(want) {
		t.Fatalf("stages %v", stages)
	}
	for i, s := range stages {
		if s.Stage != want[i] || s.Micros < 0 {
			t.Errorf("stage %d is %+v, want %s", i, s, want[i])
		}
	}
}

// A small face in a large photo is cut from pixels of the photo, not from those
// it was found in: its chip is as sharp as a large face's.
func TestSmallFaceIsCutFromTheFinestPixels(t *testing.T) {
	e := engine(t)
	near, err := extract(t, e, jpegOf(t, crowd(1, 1, 380), 95))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []int{1, 6, 8, 0} { // 0: a PNG
		wide := grey(2000, 1500)
		draw.Draw(wide, image.Rect(1100, 300, 1480, 680), crowd(1, 1, 380), image.Point{}, draw.Src)
		var file []byte
		if o == 0 {
			file = pngOf(t, wide)
		} else {
			file = withOrientation(jpegOf(t, stored(wide, o), 95), byte(o))
		}
		got, err := extract(t, e, file)
		if err != nil {
			t.Fatalf("orientation %d: %v", o, err)
		}
		b := near.Box
		moved := watchlist.Box{Left: b.Left + 1100, Top: b.Top + 300, Right: b.Right + 1100, Bottom: b.Bottom + 300}
		d := distance(got.Template, near.Template)
		t.Logf("orientation %d: %.3f from the large face's template", o, d)
		if d > 0.25 || overlap(moved, got.Box) < 0.6 {
			t.Errorf("orientation %d: distance %.3f, box %v instead of %v", o, d, got.Box, moved)
		}
	}
}

// Ten faces come back as boxes, largest first, and each box picks its face.
func TestPickOneOfTen(t *testing.T) {
	e := engine(t)
	m := crowd(5, 2, 160)
	draw.Draw(m, image.Rect(0, 0, 160, 160), grey(160, 160), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(320, 0, 480, 160), crowd(1, 1, 150), image.Point{}, draw.Src)
	photo := jpegOf(t, m, 95)
	_, err := extract(t, e, photo)
	var multiple *watchlist.FaceError
	if !errors.As(err, &multiple) || multiple.Code != watchlist.FaceMultiple || len(multiple.Boxes) != 9 {
		t.Fatalf("%v", err)
	}
	area := 1 << 30
	for _, box := range multiple.Boxes {
		if a := (box.Right - box.Left) * (box.Bottom - box.Top); a > area {
			t.Error("the boxes are not sorted, largest first")
		} else {
			area = a
		}
		s, _, err := e.Extract(context.Background(), watchlist.Photo{Bytes: photo, Face: &box})
		if err != nil || s.Box != box {
			t.Errorf("picking %v gave %v, %v", box, s.Box, err)
		}
	}
	empty := watchlist.Box{Left: 10, Top: 10, Right: 120, Bottom: 120}
	if _, _, err := e.Extract(context.Background(), watchlist.Photo{Bytes: photo, Face: &empty}); code(err) != watchlist.FaceBoxUnknown {
		t.Errorf("a box without a face: %s", code(err))
	}
}

// Boxes and eye distance are in pixels of the photo as sent, whatever size the
// engine worked at.
func TestOriginalPixels(t *testing.T) {
	e := engine(t)
	small, err := extract(t, e, jpegOf(t, crowd(1, 1, 640), 95))
	if err != nil {
		t.Fatal(err)
	}
	large, err := extract(t, e, jpegOf(t, crowd(1, 1, 1920), 95))
	if err != nil {
		t.Fatal(err)
	}
	b := small.Box
	tripled := watchlist.Box{Left: 3 * b.Left, Top: 3 * b.Top, Right: 3 * b.Right, Bottom: 3 * b.Bottom}
	if overlap(tripled, large.Box) < 0.7 {
		t.Errorf("box %v at three times the size became %v", b, large.Box)
	}
	if r := large.Quality.InterEye / small.Quality.InterEye; r < 2.8 || r > 3.2 {
		t.Errorf("eye distance %f became %f", small.Quality.InterEye, large.Quality.InterEye)
	}
}

// stored gives the picture as a camera stores it that writes the orientation.
func stored(upright *image.RGBA, o int) *image.RGBA {
	w, h := upright.Rect.Dx(), upright.Rect.Dy()
	sw, sh := w, h
	if o >= 5 {
		sw, sh = h, w
	}
	m := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			sx, sy := map[int]func() (int, int){
				1: func() (int, int) { return x, y }, 2: func() (int, int) { return w - 1 - x, y },
				3: func() (int, int) { return w - 1 - x, h - 1 - y }, 4: func() (int, int) { return x, h - 1 - y },
				5: func() (int, int) { return y, x }, 6: func() (int, int) { return y, w - 1 - x },
				7: func() (int, int) { return h - 1 - y, w - 1 - x }, 8: func() (int, int) { return h - 1 - y, x },
			}[o]()
			m.SetRGBA(sx, sy, upright.RGBAAt(x, y))
		}
	}
	return m
}

// withOrientation puts an EXIF block with one tag behind the JPEG's start.
func withOrientation(file []byte, o byte) []byte {
	exif := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	exif[6+8+2+9] = o
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1, 0, byte(len(exif)+2))
	return append(append(out, exif...), file[2:]...)
}

func TestOrientation(t *testing.T) {
	e := engine(t)
	upright := grey(320, 400) // not square, face off the middle
	draw.Draw(upright, image.Rect(0, 60, 320, 380), dlib.Specimen(), image.Point{}, draw.Src)
	want, err := extract(t, e, jpegOf(t, upright, 95))
	if err != nil {
		t.Fatal(err)
	}
	for o := 1; o <= 8; o++ {
		file := withOrientation(jpegOf(t, stored(upright, o), 95), byte(o))
		s, kept, err := e.Enrol(context.Background(), watchlist.Photo{Bytes: file})
		if err != nil {
			t.Errorf("orientation %d: %v", o, err)
			continue
		}
		if !near(s.Box, want.Box, 6) {
			t.Errorf("orientation %d: box %v instead of %v", o, s.Box, want.Box)
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(kept))
		if err != nil || cfg.Width != 320 || cfg.Height != 400 {
			t.Errorf("orientation %d: kept photo is %d x %d, %v", o, cfg.Width, cfg.Height, err)
		}
		if bytes.Contains(kept, []byte("Exif")) {
			t.Errorf("orientation %d: the kept photo has metadata", o)
		}
	}
}

func TestKeptPhoto(t *testing.T) {
	_, kept, err := engine(t).Enrol(context.Background(), watchlist.Photo{Bytes: jpegOf(t, crowd(1, 1, 1920), 95)})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(kept))
	if err != nil || cfg.Width != keptSize || cfg.Height != keptSize {
		t.Errorf("kept photo is %d x %d, %v", cfg.Width, cfg.Height, err)
	}
}

// stuck is a worker that waits until it is let go.
type stuck struct {
	entered chan struct{}
	leave   chan struct{}
	panics  bool
}

func (s *stuck) Scan(dlib.Pixels, dlib.Part) (h dlib.Hits, err error) {
	s.entered <- struct{}{}
	<-s.leave
	if s.panics {
		panic("boom: Mamadou Diallo")
	}
	return h, nil
}

func (s *stuck) Align(dlib.Pixels, image.Rectangle) (dlib.Aligned, error) {
	return dlib.Aligned{}, nil
}

func (s *stuck) Steady(dlib.Pixels, image.Rectangle) (dlib.Pixels, error) {
	return dlib.Pixels{}, nil
}
func (s *stuck) Embed(dlib.Pixels) (t [128]float32, err error) { return t, nil }
func (s *stuck) SelfTest() (dlib.Report, error)                { return dlib.Report{}, nil }
func (s *stuck) Close()                                        {}

func TestOverload(t *testing.T) {
	e := newEngine(Options{Workers: 1, Queue: 1})
	s := &stuck{entered: make(chan struct{}), leave: make(chan struct{})}
	e.fill([]recogniser{s})
	photo := watchlist.Photo{Bytes: jpegOf(t, grey(64, 64), 80)}
	ctx, cancel := context.WithCancel(context.Background())
	results := make(chan error, 3)
	go func() { _, _, err := e.Extract(context.Background(), photo); results <- err }()
	<-s.entered
	go func() { _, _, err := e.Extract(ctx, photo); results <- err }()
	for e.inside.Load() < 2 {
		time.Sleep(time.Millisecond) // until the second one waits
	}
	if _, _, err := e.Extract(context.Background(), photo); code(err) != watchlist.FaceEngineOverload {
		t.Errorf("third photo: %s", code(err))
	}
	cancel()
	if err := <-results; code(err) != watchlist.FaceEngineOverload || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled photo: %v", err)
	}
	go func() { s.leave <- struct{}{}; <-s.entered; s.leave <- struct{}{} }()
	if err := <-results; code(err) != watchlist.FaceNone {
		t.Errorf("first photo: %v", err)
	}
	e.Close()
	e.Close()
	if _, _, err := e.Extract(context.Background(), photo); code(err) != watchlist.FaceEngineOverload {
		t.Errorf("after Close: %s", code(err))
	}
	if n := e.inside.Load(); n != 0 {
		t.Errorf("%d photos are still counted", n)
	}
}

// A panic in the pipeline is an answer, and the worker goes back to the pool.
// Its value, which may be personal data, is neither logged nor told.
func TestPanicIsAnAnswer(t *testing.T) {
	var log bytes.Buffer
	e := newEngine(Options{Workers: 1, Queue: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	s := &stuck{entered: make(chan struct{}, 9), leave: make(chan struct{}), panics: true}
	close(s.leave)
	e.fill([]recogniser{s})
	for range 3 {
		_, err := extract(t, e, jpegOf(t, grey(64, 64), 80))
		if code(err) != watchlist.FaceCorrupt {
			t.Errorf("got %s", code(err))
		}
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			if strings.Contains(cause.Error(), "Diallo") {
				t.Error("the error holds the panic's value")
			}
		}
	}
	if text := log.String(); strings.Contains(text, "Diallo") || !strings.Contains(text, "type=string") || !strings.Contains(text, "search") {
		t.Errorf("the log should hold type and stack, no value: %s", text)
	}
}

func TestMissingModels(t *testing.T) {
	if !dlib.Available() {
		t.Skip("SKIPPED: this build has no face engine")
	}
	_, err := NewEngine(Options{ModelDir: t.TempDir()})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("make models")) {
		t.Errorf("error %v does not name the mending command", err)
	}
}

// Real portraits: nearly all enrol, alone on their photo; ten in one picture are
// found as several.
func TestRealFaces(t *testing.T) {
	e := engine(t)
	files, err := filepath.Glob(filepath.Join(testdata(t, "london_frll"), "img_675", "*.jpg"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d photos, %v", len(files), err)
	}
	collage := grey(900, 360)
	for i, name := range files[:10] {
		b := readFile(t, name)
		if _, err := extract(t, e, b); err != nil {
			t.Errorf("photo %d: %v", i, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		p := fromImage(m)
		small := picture{y: p.y.resize(180, 180), cb: p.cb.resize(180, 180), cr: p.cr.resize(180, 180)}
		src := &image.YCbCr{
			Y: small.y.pix, Cb: small.cb.pix, Cr: small.cr.pix, YStride: 180, CStride: 180,
			SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: image.Rect(0, 0, 180, 180),
		}
		at := image.Pt(i%5*180, i/5*180)
		draw.Draw(collage, image.Rectangle{at, at.Add(image.Pt(180, 180))}, src, image.Point{}, draw.Src)
	}
	_, err = extract(t, e, jpegOf(t, collage, 95))
	var multiple *watchlist.FaceError
	if !errors.As(err, &multiple) || multiple.Code != watchlist.FaceMultiple || len(multiple.Boxes) < 8 {
		t.Errorf("ten faces gave %v", err)
	}
}
