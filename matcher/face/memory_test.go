package face

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"runtime"
	"testing"

	"vigie/watchlist"
)

// framed is a JPEG header of a kind of frame with the sampling factors.
func framed(marker byte, w, h uint16, factors ...byte) []byte {
	b := jpegHeader(w, h, byte(len(factors)))
	b[3] = marker
	for c, hv := range factors {
		b[13+3*c] = hv
	}
	return b
}

// The memory that a file asks for is bounded by its header, whatever its size.
func TestMemoryIsBounded(t *testing.T) {
	g := gate{maxBytes: defaultMaxBytes, maxPixels: defaultMaxPixels}
	const baseline, progressive = 0xc0, 0xc2
	rgb := framed(baseline, 5000, 4000, 0x11, 0x11, 0x11)
	rgb[12], rgb[15], rgb[18] = 'R', 'G', 'B'
	adobe := append([]byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"), framed(baseline, 5000, 4000, 0x11, 0x11, 0x11)[2:]...)
	padded := append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 2, 0, 0, 0xff, 0, 0xff, 0xd0, 0xff}, framed(progressive, 6300, 6300, 0x11, 0x11, 0x11)[2:]...)
	for _, c := range []struct {
		name    string
		file    []byte
		refused bool
	}{
		{"progressive 4:4:4 of 40 megapixels", framed(progressive, 6300, 6300, 0x11, 0x11, 0x11), true},
		{"the same behind stray bytes", padded, true},
		{"progressive 4:4:4 of 12 megapixels", framed(progressive, 4000, 3000, 0x11, 0x11, 0x11), true},
		{"progressive 4:4:4 of 10 megapixels", framed(progressive, 4000, 2500, 0x11, 0x11, 0x11), false},
		{"progressive 4:2:0 of 20 megapixels", framed(progressive, 5000, 4000, 0x22, 0x11, 0x11), false},
		{"progressive 4:2:0 of 40 megapixels", framed(progressive, 6300, 6300, 0x22, 0x11, 0x11), true},
		{"progressive grey of 30 megapixels", framed(progressive, 6000, 5000, 0x22), false},
		{"baseline 4:4:4 of 40 megapixels", framed(baseline, 6300, 6300, 0x11, 0x11, 0x11), false},
		{"baseline 4:2:0 of 40 megapixels", framed(baseline, 6300, 6300, 0x22, 0x11, 0x11), false},
		{"baseline CMYK of 20 megapixels", framed(baseline, 5000, 4000, 0x11, 0x11, 0x11, 0x11), true},
		{"baseline RGB of 20 megapixels", rgb, true},
		{"baseline of 20 megapixels that Adobe calls RGB", adobe, true},
		{"PNG of 20 megapixels", pngHeader(5000, 4000, 8, 2), false},
		{"PNG of 35 megapixels", pngHeader(7000, 5000, 8, 6), true},
		{"grey PNG of 35 megapixels", pngHeader(7000, 5000, 8, 0), false},
	} {
		_, err := g.check(c.file)
		if refused := code(err) == watchlist.FaceImageTooLarge; refused != c.refused || err != nil && !refused {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The estimate is not below what a decode takes, nor far above.
func TestMemoryEstimate(t *testing.T) {
	const w, h = 1600, 1200
	colour := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range colour.Pix {
		colour.Pix[i] = byte(i / 3)
	}
	deep := image.NewNRGBA64(colour.Rect)
	deep.SetNRGBA64(3, 3, color.NRGBA64{R: 9, A: 9})
	for name, file := range map[string][]byte{
		"JPEG": jpegOf(t, colour, 90), "PNG": pngOf(t, colour), "deep PNG": pngOf(t, deep), "grey PNG": pngOf(t, grey(w, h)),
		"progressive": readFile(t, "testdata/specimen-progressive.jpg"), "CMYK": readFile(t, "testdata/specimen-cmyk.jpg"),
		"WebP": readFile(t, "testdata/specimen.webp"), "lossless": readFile(t, "testdata/specimen-lossless.webp"),
	} {
		f, err := sniff(file)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := decodeConfig(f, file)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := decode(context.Background(), header{format: f, width: cfg.Width, height: cfg.Height}, bytes.Clone(file)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		// Tables, rows and the file itself come on top.
		took, want := int64(after.TotalAlloc-before.TotalAlloc)-int64(len(file)), decodeBytes(f, cfg, file)
		if slack := int64(400_000); took > want+want/10+slack || took < want/2 {
			t.Errorf("%s of %d x %d: estimated %d bytes, took %d", name, cfg.Width, cfg.Height, want, took)
		}
	}
}
