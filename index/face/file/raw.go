package file

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// value is what columns are made of; each lies in a file little-endian.
type value interface{ uint32 | uint64 | float32 }

// nativeOrder reports whether this machine has values in memory as a file has
// them, so that they can be copied as bytes, at the memory's speed.
func nativeOrder() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// raw is the memory of the values.
func raw[T value](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(*new(T))))
}

// decode reads values from the front of b until v is full.
func decode[T value](v []T, b []byte) {
	if nativeOrder() {
		copy(raw(v), b)
		return
	}
	reorder(v, b)
}

// reorder is decode for any machine.
func reorder[T value](v []T, b []byte) {
	switch d := any(v).(type) {
	case []float32:
		for i := range d {
			d[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case []uint32:
		for i := range d {
			d[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
	case []uint64:
		for i := range d {
			d[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	}
}

// encodeValues hands the values to w.
func encodeValues[T value](w *partWriter, v []T) error {
	if nativeOrder() {
		return w.bytes(raw(v))
	}
	// The bytes of the mirrored values are the mirrored bytes: reorder undoes
	// itself.
	const piece = 1 << 12
	turned := make([]T, piece)
	for len(v) > 0 {
		n := min(len(v), piece)
		reorder(turned[:n], raw(v[:n]))
		if err := w.bytes(raw(turned[:n])); err != nil {
			return err
		}
		v = v[n:]
	}
	return nil
}
