package face

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// jpegQuality is that of the JPEGs kept: high enough that a second encoding
// moves a template little.
const jpegQuality = 95

// plane is one 8-bit channel.
type plane struct {
	pix          []uint8
	stride, w, h int
}

func newPlane(w, h int) plane {
	return plane{pix: make([]uint8, w*h), stride: w, w: w, h: h}
}

func (p plane) row(y int) []uint8 { return p.pix[y*p.stride : y*p.stride+p.w] }

// picture is a photo as luma and chroma of full range (JFIF); the chroma planes
// may have any size and cover the same area.
type picture struct{ y, cb, cr plane }

func (p picture) long() int { return max(p.y.w, p.y.h) }

// decode decodes the whole file by Go code to a picture in stored position.
// Reading stops when ctx ends.
func decode(ctx context.Context, h header, b []byte) (p picture, err error) {
	defer recoverAs(&err)
	r := &ctxReader{ended: ctx.Err, r: bytes.NewReader(b)}
	var img image.Image
	switch h.format {
	case formatJPEG:
		img, err = jpeg.Decode(r)
	case formatPNG:
		img, err = png.Decode(r)
	default:
		img, err = webp.Decode(r)
	}
	if err != nil {
		return picture{}, err
	}
	if size := img.Bounds().Size(); size.X != h.width || size.Y != h.height {
		return picture{}, errors.New("the pixels do not fit the header")
	}
	p = fromImage(img)
	if yuv, ok := img.(*image.YCbCr); ok && h.format == formatWebP {
		p = fullRange(yuv)
	}
	return p, nil
}

// ctxReader fails once its context has ended, so that a slow decode can be
// given up.
type ctxReader struct {
	ended func() error // the request's ctx.Err
	r     io.Reader
}

func (c *ctxReader) Read(b []byte) (int, error) {
	if err := c.ended(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// fromImage takes luma and chroma as they are where the decoder gives them, and
// converts everything else, transparent pixels over white.
func fromImage(img image.Image) picture {
	switch m := img.(type) {
	case *image.YCbCr:
		return fromYCbCr(m)
	case *image.Gray:
		grey := newPlane(1, 1)
		grey.pix[0] = 128
		b := m.Rect
		return picture{y: plane{m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride, b.Dx(), b.Dy()}, cb: grey, cr: grey}
	}
	return fromAny(img)
}

func fromYCbCr(m *image.YCbCr) picture {
	b := m.Rect
	last := b.Max.Sub(image.Pt(1, 1))
	c0, c1 := m.COffset(b.Min.X, b.Min.Y), m.COffset(last.X, last.Y)
	cw := (c1-c0)%m.CStride + 1
	ch := (c1-c0)/m.CStride + 1
	return picture{
		y:  plane{m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, b.Dx(), b.Dy()},
		cb: plane{m.Cb[c0:], m.CStride, cw, ch},
		cr: plane{m.Cr[c0:], m.CStride, cw, ch},
	}
}

// fullRange stretches the limited range of WebP's lossy format (luma 16 to 235,
// chroma 16 to 240), which the decoder hands out as it is.
func fullRange(m *image.YCbCr) picture {
	var luma, chroma [256]uint8
	for i := range 256 {
		luma[i] = clamp8((float64(i) - 16) * 255 / 219)
		chroma[i] = clamp8((float64(i)-128)*255/224 + 128)
	}
	p := fromYCbCr(m)
	return picture{y: p.y.mapped(&luma), cb: p.cb.mapped(&chroma), cr: p.cr.mapped(&chroma)}
}

func clamp8(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

func (p plane) mapped(table *[256]uint8) plane {
	out := newPlane(p.w, p.h)
	for y := range p.h {
		dst := out.row(y)
		for x, v := range p.row(y) {
			dst[x] = table[v]
		}
	}
	return out
}

// fromAny converts strip by strip, so that no second full-size copy is made.
func fromAny(img image.Image) picture {
	const strip = 64
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := picture{y: newPlane(w, h), cb: newPlane(w, h), cr: newPlane(w, h)}
	rgba := image.NewRGBA(image.Rect(0, 0, w, min(strip, h)))
	for top := 0; top < h; top += strip {
		rows := image.Rect(0, 0, w, min(strip, h-top))
		draw.Draw(rgba, rows, image.White, image.Point{}, draw.Src)
		draw.Draw(rgba, rows, img, b.Min.Add(image.Pt(0, top)), draw.Over)
		for y := range rows.Dy() {
			src := rgba.Pix[y*rgba.Stride:]
			at := (top + y) * w
			for x := range w {
				s := src[4*x : 4*x+3 : 4*x+3]
				out.y.pix[at+x], out.cb.pix[at+x], out.cr.pix[at+x] = color.RGBToYCbCr(s[0], s[1], s[2])
			}
		}
	}
	return out
}

// encode writes the picture as a JPEG with three components, chroma halved, and
// no metadata.
func (p picture) encode() ([]byte, error) {
	cw, ch := (p.y.w+1)/2, (p.y.h+1)/2
	y, cb, cr := p.y.tight(), p.cb.resize(cw, ch).tight(), p.cr.resize(cw, ch).tight()
	img := &image.YCbCr{
		Y: y.pix, Cb: cb.pix, Cr: cr.pix, YStride: y.stride, CStride: cw,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, y.w, y.h),
	}
	var b bytes.Buffer
	b.Grow(y.w * y.h / 3)
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// tight gives the plane without padding between rows.
func (p plane) tight() plane {
	if p.stride == p.w {
		return p
	}
	out := newPlane(p.w, p.h)
	for y := range p.h {
		copy(out.row(y), p.row(y))
	}
	return out
}
