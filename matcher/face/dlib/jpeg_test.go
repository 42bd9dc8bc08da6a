//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// textured is a picture with edges and noise, so that its JPEG has coefficients
// of every frequency.
func textured(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			v := uint8((x*x/50+y*3)%256) ^ uint8(r.IntN(16))
			m.SetRGBA(x, y, color.RGBA{v, uint8(x), uint8(y), 255})
		}
	}
	return m
}

func jpegOf(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decodeAll(j JPEG, eighths int, window image.Rectangle) (Pixels, error) {
	return j.Decode(context.Background(), eighths, window)
}

// At full size the brightness is the standard library's, give or take a rounding;
// chroma differs at edges, since libjpeg smooths it.
func TestJPEGLikeGo(t *testing.T) {
	files := [][]byte{jpegOf(t, textured(333, 217), 90), jpegOf(t, textured(8, 8), 50), jpegOf(t, textured(1, 1), 90), jpegOf(t, textured(17, 500), 100)}
	for _, name := range []string{"../testdata/specimen-progressive.jpg"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
	}
	for i, file := range files {
		want, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		j, _ := judged(file)
		p, err := decodeAll(j, 8, image.Rectangle{})
		if err != nil {
			t.Fatalf("file %d: %v", i, err)
		}
		var sum, n float64
		for y := range p.H {
			for x := range p.W {
				r, g, b, _ := want.At(x, y).RGBA()
				at := 3 * (y*p.W + x)
				luma := func(r, g, b float64) float64 { return 0.299*r + 0.587*g + 0.114*b }
				d := luma(float64(p.Pix[at]), float64(p.Pix[at+1]), float64(p.Pix[at+2])) - luma(float64(r>>8), float64(g>>8), float64(b>>8))
				sum += d * d
				n++
			}
		}
		if sum/n > 2.5 {
			t.Errorf("file %d: mean squared difference of brightness %.2f", i, sum/n)
		}
	}
}

// The standard library's and libjpeg's inverse transforms, on a grey file, where
// nothing else is between them.
func TestGreyIsTheStandardLibrarys(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 200, 120))
	src := textured(200, 120)
	for i := range grey.Pix {
		grey.Pix[i] = src.Pix[4*i]
	}
	file := jpegOf(t, grey, 85)
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := decodeAll(JPEG{Bytes: file, Width: 200, Height: 120, Components: 1, MaxScans: 1, MaxMemory: 1 << 20}, 8, image.Rectangle{})
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i, v := range m.(*image.Gray).Pix {
		d := int(v) - int(p.Pix[3*i])
		if d < -1 || d > 1 {
			t.Fatalf("pixel %d is %d, the standard library says %d", i, p.Pix[3*i], v)
		}
		if d != 0 {
			differ++
		}
	}
	t.Logf("%d of %d pixels differ, by one level", differ, len(grey.Pix))
}

// A window is the same pixels as in the whole picture, at every scale.
func TestWindow(t *testing.T) {
	file := jpegOf(t, textured(301, 203), 92)
	j, _ := judged(file)
	for e := 1; e <= 8; e++ {
		whole, err := decodeAll(j, e, image.Rectangle{})
		if err != nil || (image.Point{whole.W, whole.H}) != j.Size(e) {
			t.Fatalf("%d/8: %d x %d, %v", e, whole.W, whole.H, err)
		}
		for _, r := range []image.Rectangle{
			{Max: image.Pt(whole.W, 1)},
			{Max: image.Pt(1, whole.H)},
			image.Rect(whole.W/3, whole.H/4, whole.W-2, whole.H-1),
			{Min: image.Pt(whole.W-1, whole.H-1), Max: image.Pt(whole.W, whole.H)},
		} {
			part, err := decodeAll(j, e, r)
			if err != nil || part.W != r.Dx() || part.H != r.Dy() {
				t.Fatalf("%d/8 %v: %d x %d, %v", e, r, part.W, part.H, err)
			}
			for y := range part.H {
				from := 3 * ((r.Min.Y+y)*whole.W + r.Min.X)
				if !bytes.Equal(part.Pix[3*y*part.W:3*(y+1)*part.W], whole.Pix[from:from+3*part.W]) {
					t.Fatalf("%d/8 %v: row %d differs", e, r, y)
				}
			}
		}
		outside := image.Rect(0, 0, whole.W+1, 1)
		if _, err := decodeAll(j, e, outside); err == nil || errors.Is(err, ErrCorrupt) {
			t.Errorf("%d/8: a window outside: %v", e, err)
		}
	}
}

func TestJPEGRefusals(t *testing.T) {
	good := jpegOf(t, textured(320, 240), 90)
	j, _ := judged(good)
	with := func(change func(*JPEG)) JPEG { k := j; change(&k); return k }
	cut := func(n int) JPEG { return with(func(k *JPEG) { k.Bytes = good[:n] }) }
	progressive, err := os.ReadFile("../testdata/specimen-progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	cmyk, err := os.ReadFile("../testdata/specimen-cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := judged(progressive)
	k, _ := judged(cmyk)
	k.Components = 4
	deep := bytes.Clone(good)
	deep[bytes.Index(deep, []byte{0xff, 0xc0})+4] = 12
	arithmetic := bytes.Clone(good)
	arithmetic[bytes.Index(arithmetic, []byte{0xff, 0xc0})+1] = 0xc9
	for _, c := range []struct {
		name string
		jpeg JPEG
		want error
	}{
		{"empty", with(func(k *JPEG) { k.Bytes = nil }), ErrCorrupt},
		{"text", with(func(k *JPEG) { k.Bytes = []byte("not a photo") }), ErrCorrupt},
		{"header alone", cut(bytes.Index(good, []byte{0xff, 0xda})), ErrCorrupt},
		{"cut in its pixels", cut(len(good) / 2), ErrCorrupt},
		{"another width than its header", with(func(k *JPEG) { k.Width++ }), ErrCorrupt},
		{"another height than its header", with(func(k *JPEG) { k.Height-- }), ErrCorrupt},
		{"other components than its header", with(func(k *JPEG) { k.Components = 1 }), ErrCorrupt},
		{"12 bits", with(func(k *JPEG) { k.Bytes = deep }), ErrUnsupported},
		{"arithmetic coding", with(func(k *JPEG) { k.Bytes = arithmetic }), ErrUnsupported},
		{"CMYK", k, ErrUnsupported},
		{"too many scans", JPEG{p.Bytes, p.Width, p.Height, 3, 2, p.MaxMemory}, ErrUnsupported},
		{"too little memory", JPEG{p.Bytes, p.Width, p.Height, 3, 64, 10_000}, ErrMemory},
	} {
		if _, err := decodeAll(c.jpeg, 8, image.Rectangle{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, e := range []int{-1, 0, 9} {
		if _, err := decodeAll(j, e, image.Rect(0, 0, 1, 1)); err == nil {
			t.Errorf("%d/8 was decoded", e)
		}
	}
}

// A decode gives up when the request does, with its cause.
func TestJPEGStops(t *testing.T) {
	cause := errors.New("gone")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	j, _ := judged(jpegOf(t, textured(3000, 2000), 100))
	for range 100 { // the signal comes from another goroutine
		if _, err := j.Decode(ctx, 8, image.Rectangle{}); errors.Is(err, cause) {
			return
		}
	}
	t.Error("no decode was given up")
}

// Damaged files are decoded or refused; where both decoders accept a file, they
// see the same size, and nothing takes long.
func TestDamagedLikeGo(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	progressive, err := os.ReadFile("../testdata/specimen-progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	seeds := [][]byte{jpegOf(t, textured(160, 120), 80), progressive}
	var both, neither, onlyGo, onlyOurs int
	for i := range 600 {
		b := bytes.Clone(seeds[i%len(seeds)])
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.IntN(256))
		}
		if r.IntN(4) == 0 {
			b = b[:r.IntN(len(b))]
		}
		j, ok := judged(b)
		if !ok || j.Width*j.Height > 1<<20 {
			continue
		}
		start := time.Now()
		_, ours := decodeAll(j, 4, image.Rectangle{})
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("damaged file %d took %v", i, d)
		}
		_, theirs := jpeg.Decode(bytes.NewReader(b))
		switch {
		case ours == nil && theirs == nil:
			both++
		case ours != nil && theirs != nil:
			neither++
		case ours == nil:
			onlyOurs++
		default:
			onlyGo++
		}
	}
	t.Logf("both decode %d, neither %d, only the standard library %d, only libjpeg %d", both, neither, onlyGo, onlyOurs)
	if total := both + neither + onlyGo + onlyOurs; (onlyGo+onlyOurs)*5 > total {
		t.Error("the decoders disagree on more than a fifth of damaged files")
	}
}

func FuzzJPEG(f *testing.F) {
	progressive, err := os.ReadFile("../testdata/specimen-progressive.jpg")
	if err != nil {
		f.Fatal(err)
	}
	cmyk, err := os.ReadFile("../testdata/specimen-cmyk.jpg")
	if err != nil {
		f.Fatal(err)
	}
	small := jpegOf(f, textured(40, 33), 70)
	f.Add(small, uint8(8), uint16(0), uint16(0), uint16(0), uint16(0))
	f.Add(small[:len(small)/2], uint8(4), uint16(3), uint16(5), uint16(9), uint16(7))
	f.Add(small[:len(small)-2], uint8(1), uint16(0), uint16(0), uint16(1), uint16(1))
	f.Add(progressive, uint8(2), uint16(10), uint16(10), uint16(20), uint16(20))
	f.Add(progressive[:len(progressive)*2/3], uint8(3), uint16(0), uint16(0), uint16(0), uint16(0))
	f.Add(cmyk, uint8(8), uint16(0), uint16(0), uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, eighths uint8, x, y, w, h uint16) {
		j, ok := judged(b)
		if !ok || j.Width*j.Height > 250_000 {
			return
		}
		j.MaxMemory = 4 << 20
		window := image.Rect(int(x), int(y), int(x)+int(w), int(y)+int(h))
		p, err := decodeAll(j, int(eighths), window)
		if err != nil {
			return
		}
		if !p.valid() {
			t.Fatalf("%d x %d with %d bytes", p.W, p.H, len(p.Pix))
		}
	})
}
