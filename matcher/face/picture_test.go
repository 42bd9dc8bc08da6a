package face

import (
	"bytes"
	"context"
	"errors"
	"image"
	"testing"

	"golang.org/x/image/webp"

	"vigie/watchlist"
)

func uniform(w, h int, v uint8) plane {
	p := newPlane(w, h)
	for i := range p.pix {
		p.pix[i] = v
	}
	return p
}

// The weights of every tap sum to one: an even picture stays even, at any size,
// to the last bit.
func TestResizeKeepsLevels(t *testing.T) {
	for _, v := range []uint8{0, 1, 127, 254, 255} {
		for _, size := range [][4]int{{640, 480, 333, 77}, {7, 5, 700, 500}, {1, 1, 3, 3}, {1000, 3, 999, 4}, {12000, 32, 800, 2}} {
			out := uniform(size[0], size[1], v).resize(size[2], size[3])
			for i, got := range out.pix {
				if got != v {
					t.Fatalf("level %d became %d at %d of %v", v, got, i, size)
				}
			}
		}
	}
}

func TestResizeIsTheMeanOfTheArea(t *testing.T) {
	p := newPlane(6, 4)
	for i := range p.pix {
		p.pix[i] = uint8(10 * i)
	}
	out := p.resize(3, 2)
	for y := range 2 {
		for x := range 3 {
			var sum int
			for j := range 2 {
				for i := range 2 {
					sum += int(p.row(2*y + j)[2*x+i])
				}
			}
			if got := int(out.row(y)[x]); got != (sum+2)/4 {
				t.Errorf("(%d,%d) is %d, the mean is %d", x, y, got, (sum+2)/4)
			}
		}
	}
	ramp := plane{[]uint8{0, 100}, 2, 2, 1}
	if got := ramp.resize(4, 1).pix; !bytes.Equal(got, []uint8{0, 25, 75, 100}) {
		t.Errorf("doubling gave %v", got)
	}
}

// A row stride wider than the picture, as decoders give it, must not matter.
func TestStride(t *testing.T) {
	wide := uniform(10, 4, 200)
	for y := range 4 {
		for x := 6; x < 10; x++ {
			wide.pix[y*10+x] = 0
		}
	}
	cut := plane{wide.pix, 10, 6, 4}
	for _, out := range []plane{cut.resize(3, 2), cut.turn(6), cut.tight(), plane{cut.pix[11:], 10, 4, 2}.resize(2, 2)} {
		for _, v := range out.pix {
			if v != 200 {
				t.Fatalf("a pixel outside the picture came in: %v", out)
			}
		}
	}
}

// The drawn face stands on level 200; lossy WebP stores it in the limited range.
func TestWebPRange(t *testing.T) {
	b := readFile(t, "testdata/specimen.webp")
	m, err := webp.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if stored := m.(*image.YCbCr).Y[0]; stored > 190 {
		t.Fatalf("the decoder stretches the range itself now (%d): remove fullRange", stored)
	}
	p, err := decode(context.Background(), header{format: formatWebP, width: 320, height: 320, orientation: 1}, b)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.y.pix[0]; got < 198 || got > 202 {
		t.Errorf("background level %d instead of 200", got)
	}
}

func TestOverlap(t *testing.T) {
	a := watchlist.Box{Left: 0, Top: 0, Right: 10, Bottom: 10}
	for _, c := range []struct {
		b    watchlist.Box
		want float64
	}{
		{a, 1},
		{watchlist.Box{Left: 5, Top: 0, Right: 15, Bottom: 10}, 50.0 / 150},
		{watchlist.Box{Left: 20, Top: 0, Right: 30, Bottom: 10}, 0},
		{watchlist.Box{Left: 10, Top: 10, Right: 0, Bottom: 0}, 0},
		{watchlist.Box{}, 0},
	} {
		if got := overlap(a, c.b); got != c.want {
			t.Errorf("overlap with %v is %f, want %f", c.b, got, c.want)
		}
	}
}

// The smallest and the longest pictures that the gate lets through reach the
// detector and come back.
func TestSmallestPictures(t *testing.T) {
	e := engine(t)
	for _, size := range [][2]int{{32, 32}, {256, 32}, {32, 256}, {33, 47}, {1600, 200}} {
		if _, err := extract(t, e, jpegOf(t, grey(size[0], size[1]), 90)); code(err) != watchlist.FaceNone {
			t.Errorf("%v: %s", size, code(err))
		}
	}
}

func TestEngineSelfTest(t *testing.T) {
	forward, warning := engine(t).SelfTest()
	t.Logf("forward pass %v, warning %q", forward, warning)
	if forward <= 0 {
		t.Errorf("forward pass %v, warning %q", forward, warning)
	}
}

func TestShrinkGivesAnUprightSmallJPEG(t *testing.T) {
	small, err := Shrink(t.Context(), jpegHeader(2000, 1000, 3), 100)
	if err == nil {
		t.Fatalf("a header without pixels became %d bytes", len(small))
	}
	var fe *watchlist.FaceError
	if !errors.As(err, &fe) || fe.Code != watchlist.FaceCorrupt {
		t.Errorf("error %v", err)
	}
	wide := picture{y: uniform(400, 200, 90), cb: uniform(200, 100, 128), cr: uniform(200, 100, 128)}
	whole, err := wide.encode()
	if err != nil {
		t.Fatal(err)
	}
	for long, want := range map[int]image.Point{100: {50, 100}, 1000: {200, 400}} {
		b, err := Shrink(t.Context(), withOrientation(whole, 6), long)
		if err != nil {
			t.Fatal(err)
		}
		cfg, kind, err := image.DecodeConfig(bytes.NewReader(b))
		if err != nil || kind != "jpeg" || image.Pt(cfg.Width, cfg.Height) != want || bytes.Contains(b, []byte("Exif")) {
			t.Errorf("to %d px: %v %s %dx%d, want %v", long, err, kind, cfg.Width, cfg.Height, want)
		}
	}
	if _, err := Shrink(t.Context(), whole, 3); err == nil {
		t.Error("3 px were accepted")
	}
}
