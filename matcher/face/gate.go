package face

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"vigie/watchlist"
)

// The gate's limits. They are what a photo of a person needs, with room.
const (
	defaultMaxBytes  = 10 << 20
	defaultMaxPixels = 40_000_000
	maxSide          = 12_000
	minSide          = 32
	// maxAspect refuses strips, which show nobody.
	maxAspect = 8
	// maxScans bounds progressive JPEGs: each scan walks the whole picture,
	// and a few bytes make one. Cameras and editors write some ten.
	maxScans = 64
)

type format int

const (
	formatJPEG format = iota + 1
	formatPNG
	formatWebP
)

// header is what the gate learned without decoding a pixel.
type header struct {
	format        format
	width, height int
	// orientation is the EXIF orientation, 1 to 8.
	orientation int
	// components of a JPEG: 1, 3 or 4.
	components int
}

func (h header) long() int { return max(h.width, h.height) }

// upright gives the size after the orientation is applied.
func (h header) upright() (width, height int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// gate judges a file by its first bytes and its header: size, kind, dimensions,
// memory to decode it, animation, number of scans. It costs microseconds and takes no slot.
type gate struct {
	maxBytes  int64
	maxPixels int
}

func (g gate) check(b []byte) (header, error) {
	if int64(len(b)) > g.maxBytes {
		return header{}, refuse(watchlist.FaceImageTooLarge, nil, "The file has more than %d bytes: send a smaller photo.", g.maxBytes)
	}
	f, err := sniff(b)
	if err != nil {
		return header{}, err
	}
	cfg, err := decodeConfig(f, b)
	if err != nil {
		return header{}, decodeError(err)
	}
	if err := g.checkSize(cfg); err != nil {
		return header{}, err
	}
	if decodeBytes(f, cfg, b) > maxDecodeBytes {
		return header{}, refuse(watchlist.FaceImageTooLarge, nil, "Decoding this photo of %d x %d px takes more than %d MB: send it smaller, or as a baseline JPEG.", cfg.Width, cfg.Height, maxDecodeBytes/1_000_000)
	}
	if f == formatJPEG && countScans(b) > maxScans {
		return header{}, errUnsupported(fmt.Sprintf("The JPEG has more than %d scans", maxScans))
	}
	return header{
		format: f, width: cfg.Width, height: cfg.Height,
		orientation: orientation(f, b), components: components(cfg.ColorModel),
	}, nil
}

func (g gate) checkSize(cfg image.Config) error {
	w, h := cfg.Width, cfg.Height
	pixels := w * h // both below 1<<31 by their formats
	if deep(cfg.ColorModel) {
		pixels *= 2 // 16 bits a channel take twice the memory
	}
	switch {
	case w <= 0 || h <= 0:
		return errCorrupt(errors.New("no dimensions"))
	case w > maxSide || h > maxSide || pixels > g.maxPixels:
		return refuse(watchlist.FaceImageTooLarge, nil, "The photo has %d x %d px, more than %d a side or %d megapixels: send it smaller.", w, h, maxSide, g.maxPixels/1_000_000)
	case w < minSide || h < minSide:
		return refuse(watchlist.FaceImageTooSmall, nil, "The photo has %d x %d px and needs %d a side: send the original.", w, h, minSide)
	case w > maxAspect*h || h > maxAspect*w:
		return errUnsupported(fmt.Sprintf("A strip of %d x %d px is no portrait", w, h))
	}
	return nil
}

// components tells how many a JPEG has from the colours it decodes to.
func components(m color.Model) int {
	switch m {
	case color.GrayModel:
		return 1
	case color.CMYKModel:
		return 4
	}
	return 3
}

func deep(m color.Model) bool {
	return m == color.NRGBA64Model || m == color.RGBA64Model || m == color.Gray16Model
}

// sniff tells the format by content, never by name or declared type, and
// refuses animations.
func sniff(b []byte) (format, error) {
	at := func(off int, s string) bool {
		return len(b) >= off+len(s) && string(b[off:off+len(s)]) == s
	}
	switch {
	case len(b) == 0:
		return 0, errCorrupt(errors.New("empty file"))
	case at(0, "\xff\xd8\xff"):
		return formatJPEG, nil
	case at(0, "\x89PNG\r\n\x1a\n"):
		if animatedPNG(b) {
			return 0, errUnsupported("The PNG is animated")
		}
		return formatPNG, nil
	case at(0, "RIFF") && at(8, "WEBP"):
		if at(12, "VP8X") && len(b) > 20 && b[20]&0x02 != 0 {
			return 0, errUnsupported("The WebP is animated")
		}
		return formatWebP, nil
	case at(0, "GIF8"):
		return 0, errUnsupported("GIF is not accepted")
	case at(4, "ftyp"):
		return 0, errUnsupported("HEIC, AVIF and video files are not accepted")
	}
	return 0, errUnsupported("The file is not a photo that Vigie reads")
}

// animatedPNG looks for the acTL chunk before the first pixel data.
func animatedPNG(b []byte) bool {
	for off := 8; off+8 <= len(b); {
		size := binary.BigEndian.Uint32(b[off:])
		switch string(b[off+4 : off+8]) {
		case "acTL":
			return true
		case "IDAT", "IEND":
			return false
		}
		if uint64(size) > uint64(len(b)) {
			return false
		}
		off += int(size) + 12
	}
	return false
}

// countScans counts the start-of-scan markers; inside the coded data the byte
// pair cannot appear. A preview in the metadata may add a few.
func countScans(b []byte) int { return bytes.Count(b, []byte{0xff, 0xda}) }

func decodeConfig(f format, b []byte) (cfg image.Config, err error) {
	defer recoverAs(&err)
	switch r := bytes.NewReader(b); f {
	case formatJPEG:
		return jpeg.DecodeConfig(r)
	case formatPNG:
		return png.DecodeConfig(r)
	default:
		return webp.DecodeConfig(r)
	}
}

// decodeError tells a file that is broken from one that is merely unusual.
func decodeError(err error) error {
	if refusal := libraryError(err); refusal != nil {
		return refusal
	}
	var j jpeg.UnsupportedError
	var p png.UnsupportedError
	if errors.As(err, &j) || errors.As(err, &p) {
		return errRare(err)
	}
	return errCorrupt(err)
}

// recoverAs turns a decoder's panic into an error, which names the type of the
// panic alone: its value may hold what was on the photo.
func recoverAs(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("decoder panicked with a %T", p)
	}
}
