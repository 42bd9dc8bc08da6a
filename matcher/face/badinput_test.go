package face

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"strings"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// chunk is one PNG chunk.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngHeader(w, h uint32, depth, kind byte) []byte {
	data := binary.BigEndian.AppendUint32(nil, w)
	data = binary.BigEndian.AppendUint32(data, h)
	data = append(data, depth, kind, 0, 0, 0)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", data)...)
}

// jpegHeader is a baseline JPEG that stops after its frame and scan headers.
func jpegHeader(w, h uint16, components byte) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xc0, 0, 8 + 3*components, 8}
	b = binary.BigEndian.AppendUint16(b, h)
	b = binary.BigEndian.AppendUint16(b, w)
	b = append(b, components)
	for c := range components {
		b = append(b, c+1, 0x11, 0)
	}
	b = append(b, 0xff, 0xda, 0, 6+2*components, components)
	for c := range components {
		b = append(b, c+1, 0)
	}
	return append(b, 0, 63, 0)
}

func animatedWebP() []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\xff\x00\x00\xff\x00\x00")
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func animatedPNGFile(t *testing.T) []byte {
	still := pngOf(t, dlib.Specimen())
	out := append([]byte{}, still[:33]...) // signature and IHDR
	out = append(out, chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0})...)
	return append(out, still[33:]...)
}

func gifFile(t *testing.T) []byte {
	var b bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{color.Black, color.White})
	err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func flipped(b []byte, every int) []byte {
	b = append([]byte{}, b...)
	for i := len(b) / 3; i < len(b); i += every {
		b[i] ^= 0xff
	}
	return b
}

// Every kind of bad file gets its own code and one sentence, and the engine goes
// on serving.
func TestBadInput(t *testing.T) {
	e := engine(t)
	good := jpegOf(t, dlib.Specimen(), 95)
	goodPNG := pngOf(t, dlib.Specimen())
	deepPNG := image.NewNRGBA64(image.Rect(0, 0, 320, 320))
	scans := append(append([]byte{}, good...), bytes.Repeat([]byte{0xff, 0xda}, maxScans+1)...)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, watchlist.FaceCorrupt},
		{"text", []byte("not a photo, not at all"), watchlist.FaceUnsupported},
		{"PDF", []byte("%PDF-1.7\n"), watchlist.FaceUnsupported},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), watchlist.FaceUnsupported},
		{"animated GIF", gifFile(t), watchlist.FaceUnsupported},
		{"animated WebP", animatedWebP(), watchlist.FaceUnsupported},
		{"animated PNG", animatedPNGFile(t), watchlist.FaceUnsupported},
		{"JPEG magic alone", []byte{0xff, 0xd8, 0xff}, watchlist.FaceCorrupt},
		{"JPEG cut in its header", good[:100], watchlist.FaceCorrupt},
		{"JPEG cut in its pixels", good[:len(good)/2], watchlist.FaceCorrupt},
		{"JPEG without pixels", jpegHeader(320, 320, 3), watchlist.FaceCorrupt},
		{"JPEG of two components", jpegHeader(320, 320, 2), watchlist.FaceUnsupported},
		{"PNG cut", goodPNG[:len(goodPNG)/2], watchlist.FaceCorrupt},
		{"PNG with flipped bytes", flipped(goodPNG, 97), watchlist.FaceCorrupt},
		{"PNG header alone", pngHeader(320, 320, 8, 2), watchlist.FaceCorrupt},
		{"1-pixel JPEG", jpegOf(t, grey(1, 1), 90), watchlist.FaceImageTooSmall},
		{"1-pixel PNG", pngOf(t, grey(1, 1)), watchlist.FaceImageTooSmall},
		{"65,500-pixel JPEG", jpegHeader(65500, 65500, 3), watchlist.FaceImageTooLarge},
		{"65,500-pixel PNG", pngHeader(65500, 65500, 8, 2), watchlist.FaceImageTooLarge},
		{"2-gigapixel PNG side", pngHeader(1<<31-1, 40, 8, 0), watchlist.FaceImageTooLarge},
		{"48 megapixels", jpegHeader(8000, 6000, 3), watchlist.FaceImageTooLarge},
		{"24 megapixels of 16 bits", pngHeader(6000, 4000, 16, 6), watchlist.FaceImageTooLarge},
		{"strip", jpegHeader(4000, 40, 3), watchlist.FaceUnsupported},
		{"11 MB", make([]byte, 11<<20), watchlist.FaceImageTooLarge},
		{"progressive JPEG of many scans", scans, watchlist.FaceUnsupported},
		{"no face", jpegOf(t, grey(400, 300), 90), watchlist.FaceNone},
		{"16-bit black PNG", pngOf(t, deepPNG), watchlist.FaceNone},
		{"10 faces", jpegOf(t, crowd(5, 2, 160), 95), watchlist.FaceMultiple},
		{"tiny face", jpegOf(t, crowd(1, 1, 64), 95), watchlist.FaceTooSmall},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := extract(t, e, c.file)
			if code(err) != c.want {
				t.Fatalf("got %s, want %s", code(err), c.want)
			}
			if text := err.Error(); !strings.HasSuffix(text, ".") || strings.ContainsAny(text, "\n") {
				t.Errorf("not one plain sentence: %s", text)
			}
			if _, _, err := e.Enrol(context.Background(), watchlist.Photo{Bytes: c.file}); code(err) != c.want {
				t.Errorf("Enrol: got %s, want %s", code(err), c.want)
			}
		})
	}
	if _, err := extract(t, e, good); err != nil {
		t.Errorf("a good photo after all the bad ones: %v", err)
	}
}

// Unusual but honest files are read like any other.
func TestUnusualFormats(t *testing.T) {
	e := engine(t)
	src := dlib.Specimen()
	grey8 := image.NewGray(src.Rect)
	deep := image.NewNRGBA64(src.Rect)
	glass := image.NewNRGBA(src.Rect)
	for y := range 320 {
		for x := range 320 {
			c := src.RGBAAt(x, y)
			grey8.Set(x, y, c)
			deep.Set(x, y, c)
			glass.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, 250})
		}
	}
	want, err := extract(t, e, pngOf(t, src))
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"grey JPEG": jpegOf(t, grey8, 95), "grey PNG": pngOf(t, grey8), "16-bit PNG": pngOf(t, deep),
		"transparent PNG": pngOf(t, glass), "CMYK JPEG": readFile(t, "testdata/specimen-cmyk.jpg"),
		"WebP": readFile(t, "testdata/specimen.webp"), "lossless WebP": readFile(t, "testdata/specimen-lossless.webp"),
		"progressive JPEG": readFile(t, "testdata/specimen-progressive.jpg"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := extract(t, e, file)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(got.Template, want.Template); d > 0.25 {
				t.Errorf("the template lies %.2f from that of the plain file", d)
			}
		})
	}
}

// A probe may be smaller than a reference that is kept for years.
func TestEnrolmentAsksMore(t *testing.T) {
	e := engine(t)
	photo := watchlist.Photo{Bytes: jpegOf(t, crowd(1, 1, 84), 95)}
	s, _, err := e.Extract(context.Background(), photo)
	if err != nil || len(s.Quality.Flags) == 0 || s.Quality.Flags[0] != watchlist.FlagLowResolution {
		t.Errorf("probe: %v, flags %v", err, s.Quality.Flags)
	}
	if _, _, err := e.Enrol(context.Background(), photo); code(err) != watchlist.FaceTooSmall {
		t.Errorf("reference: %s", code(err))
	}
	ref, _, err := e.Enrol(context.Background(), watchlist.Photo{Bytes: jpegOf(t, crowd(1, 1, 150), 95)})
	if err != nil || ref.Quality.Flags[len(ref.Quality.Flags)-1] != watchlist.FlagLowQualityReference {
		t.Errorf("small reference: %v, flags %v", err, ref.Quality.Flags)
	}
}

func TestNoEngine(t *testing.T) {
	e := newEngine(Options{}) // as in a build without cgo: no workers
	if _, err := extract(t, e, jpegOf(t, dlib.Specimen(), 90)); code(err) != watchlist.FaceEngineAbsent {
		t.Errorf("got %s", code(err))
	}
	if _, err := extract(t, e, []byte("text")); code(err) != watchlist.FaceUnsupported {
		t.Errorf("bad input is not judged without an engine: %s", code(err))
	}
	if _, warning := e.SelfTest(); !strings.Contains(warning, "no face engine") {
		t.Errorf("warning %q", warning)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzGate(f *testing.F) {
	var deep bytes.Buffer
	if err := png.Encode(&deep, image.NewGray16(image.Rect(0, 0, 40, 40))); err != nil {
		f.Fatal(err)
	}
	f.Add(jpegOf(f, grey(40, 40), 80))
	f.Add(pngOf(f, grey(40, 40)))
	f.Add(deep.Bytes())
	f.Add(animatedWebP())
	f.Add(jpegHeader(65500, 65500, 3))
	g := gate{maxBytes: 1 << 20, maxPixels: 250_000}
	f.Fuzz(func(t *testing.T, b []byte) {
		head, err := g.check(b)
		if err != nil {
			if c := code(err); strings.HasPrefix(c, "not a") {
				t.Fatal(c)
			}
			return
		}
		p, err := decode(context.Background(), head, b)
		if err != nil {
			return
		}
		work := p.scaled(100, true).turn(head.orientation)
		w, h := head.upright()
		if (work.y.w > work.y.h) != (w > h) && work.y.w != work.y.h {
			t.Fatalf("%d x %d became %d x %d", w, h, work.y.w, work.y.h)
		}
		if _, err := work.encode(); err != nil {
			t.Fatal(err)
		}
	})
}
