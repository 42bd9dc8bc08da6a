package face

import (
	"bytes"
	"image"
	"image/color"
)

// maxDecodeBytes caps the memory that decoding one photo may take, by the
// estimate of decodeBytes: 160 MB a worker. It leaves room for baseline JPEGs up
// to the default limit of pixels, for progressive ones of 21 megapixels (10 when
// their colours are not subsampled), and for PNGs of 22.
const maxDecodeBytes = 160_000_000

// converted is what a picture takes, in bytes a pixel, when fromAny makes three
// planes of it.
const converted = 3

// frame is what a JPEG's frame header says of the memory it needs.
type frame struct {
	progressive bool
	components  int
	// samples are the samples of all components per pixel: 3 without
	// subsampling, 1.5 for 4:2:0.
	samples float64
	// rgb: the components are red, green and blue, not luma and chroma.
	rgb bool
}

// decodeBytes estimates what decoding and converting takes at its peak, in
// bytes. It follows the decoders of the standard library and x/image.
func decodeBytes(f format, cfg image.Config, b []byte) int64 {
	perPixel := 0.0
	switch f {
	case formatJPEG:
		perPixel = frameOf(b).bytesPerPixel()
	case formatPNG:
		perPixel = pngBytesPerPixel(cfg.ColorModel)
	default:
		switch cfg.ColorModel {
		case color.YCbCrModel:
			perPixel = 2 * 1.5 // planes, and again in full range
		case color.NYCbCrAModel:
			perPixel = 1.5 + 2 + converted
		default:
			perPixel = 2*4 + converted // the lossless format, before and after its transforms
		}
	}
	return int64(perPixel * float64(cfg.Width) * float64(cfg.Height))
}

// bytesPerPixel adds a sample's byte, in progressive files the four bytes of its
// coefficient, and the copies of pictures that are not luma and chroma.
func (f frame) bytesPerPixel() float64 {
	n := f.samples
	if f.progressive {
		n += 4 * f.samples
	}
	if f.rgb || f.components == 4 {
		n += 4 + converted
	}
	return n
}

func pngBytesPerPixel(m color.Model) float64 {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2 + converted
	case color.RGBA64Model, color.NRGBA64Model:
		return 8 + converted
	}
	return 4 + converted
}

// frameOf reads a JPEG's frame header as image/jpeg does, which has accepted it
// already. A file whose header it can't find counts as the costliest kind.
func frameOf(b []byte) frame {
	for i := 2; i+1 < len(b); {
		if b[i] != 0xff {
			i++ // the decoder skips stray bytes
			continue
		}
		for i+1 < len(b) && b[i+1] == 0xff {
			i++ // fill bytes
		}
		if i+3 >= len(b) {
			break
		}
		marker, body := b[i+1], b[i+2:]
		switch {
		case marker == 0 || marker >= 0xd0 && marker <= 0xd7:
			i += 2 // stray data or a restart marker: no length
			continue
		case marker >= 0xc0 && marker <= 0xc2:
			if f, ok := readFrame(body); ok {
				f.progressive = marker == 0xc2
				f.rgb = f.rgb || adobeRGB(b)
				return f
			}
		}
		i += 2 + int(body[0])<<8 + int(body[1])
	}
	return frame{progressive: true, components: 4, samples: 4, rgb: true}
}

// readFrame reads the components: length, precision, height, width, number, and
// for each its id, sampling factors and table.
func readFrame(b []byte) (frame, bool) {
	if len(b) < 8 || len(b) < 8+3*int(b[7]) || b[7] == 0 {
		return frame{}, false
	}
	f := frame{components: int(b[7])}
	if f.components == 1 {
		f.samples = 1
		return f, true
	}
	first := int(b[9]>>4) * int(b[9]&15) // luma has the most samples
	if first == 0 {
		return frame{}, false
	}
	for c := range f.components {
		hv := b[9+3*c]
		f.samples += float64(int(hv>>4)*int(hv&15)) / float64(first)
	}
	f.rgb = f.components == 3 && b[8] == 'R' && b[11] == 'G' && b[14] == 'B'
	return f, true
}

// adobeRGB looks for an Adobe segment, anywhere, that says that the colours are
// not transformed.
func adobeRGB(b []byte) bool {
	const transform = 11 // its place after the beginning of "Adobe"
	for off := 0; ; {
		i := bytes.Index(b[off:], []byte("Adobe"))
		if i < 0 {
			return false
		}
		i += off
		if i >= 4 && b[i-4] == 0xff && b[i-3] == 0xee && i+transform < len(b) && b[i+transform] == 0 {
			return true
		}
		off = i + 5
	}
}
