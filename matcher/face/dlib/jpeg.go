//go:build cgo && !nodlib

package dlib

/*
#cgo CFLAGS: -O2 -Wall -std=gnu11
#cgo LDFLAGS: -ljpeg
#include "jpeg.h"
*/
import "C"

import (
	"context"
	"fmt"
	"image"
	"sync/atomic"
	"unsafe"
)

// Decode gives the window (in scaled pixels; the zero rectangle means all) of
// the picture in stored position, scaled by eighths/8 inside the inverse
// transform, so that a smaller picture costs less than a full one. It is
// libjpeg's accurate integer transform with smooth chroma: the pixels do not
// depend on the CPU, and at 8/8 they are those that go-face decodes. Rows below
// the window are not read. It ends early when ctx does, with ctx's cause.
// Failures wrap ErrCorrupt, ErrUnsupported or ErrMemory.
func (j JPEG) Decode(ctx context.Context, eighths int, window image.Rectangle) (Pixels, error) {
	if window == (image.Rectangle{}) {
		window.Max = j.Size(eighths)
	}
	if len(j.Bytes) == 0 {
		return Pixels{}, fmt.Errorf("%w: no bytes", ErrCorrupt)
	}
	if eighths < 1 || eighths > 8 || window.Empty() || !window.In(image.Rectangle{Max: j.Size(eighths)}) {
		return Pixels{}, fmt.Errorf("decode a JPEG of %d x %d px at %d/8: no window %v", j.Width, j.Height, eighths, window)
	}
	var stop atomic.Int32
	unhook := context.AfterFunc(ctx, func() { stop.Store(1) })
	defer unhook()
	out := NewPixels(window.Dx(), window.Dy())
	order := C.vigie_jpeg_order{
		width: C.int(j.Width), height: C.int(j.Height), components: C.int(j.Components), eighths: C.int(eighths),
		x: C.int(window.Min.X), y: C.int(window.Min.Y), w: C.int(out.W), h: C.int(out.H),
		max_scans: C.int(j.MaxScans), max_memory: C.size_t(max(j.MaxMemory, 0)),
	}
	var message C.int
	outcome := C.vigie_jpeg_decode(
		(*C.uint8_t)(&j.Bytes[0]), C.size_t(len(j.Bytes)), order,
		(*C.int32_t)(unsafe.Pointer(&stop)), (*C.uint8_t)(&out.Pix[0]), C.size_t(len(out.Pix)), &message,
	)
	switch outcome {
	case C.VIGIE_JPEG_OK:
		return out, nil
	case C.VIGIE_JPEG_CORRUPT:
		return Pixels{}, fmt.Errorf("%w (libjpeg message %d)", ErrCorrupt, message)
	case C.VIGIE_JPEG_UNSUPPORTED:
		return Pixels{}, fmt.Errorf("%w (libjpeg message %d)", ErrUnsupported, message)
	case C.VIGIE_JPEG_MEMORY:
		return Pixels{}, fmt.Errorf("%w (libjpeg message %d)", ErrMemory, message)
	case C.VIGIE_JPEG_STOPPED:
		return Pixels{}, fmt.Errorf("decode a JPEG: %w", context.Cause(ctx))
	}
	return Pixels{}, fmt.Errorf("decode a JPEG: outcome %d", outcome)
}
