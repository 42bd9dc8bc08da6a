package codes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const (
	magic   = "VGFB" // Vigie face basis
	version = 4      // 1 had 64 dimensions, 2 two planes for other ends, 3 one of 40 to 64
	// maxShift is how far the scale of a part's weights can be refined: sums of
	// whole codes are shifted up by maxShift less that.
	maxShift = fineShift - 4
)

// MarshalBinary encodes the basis: a magic, a version, then little-endian fields
// in the order of the struct. The encoding is canonical.
func (b *Basis) MarshalBinary() ([]byte, error) { return b.encode(), nil }

func (b *Basis) encode() []byte {
	le := binary.LittleEndian
	out := make([]byte, 0, 128+8*Dims+4*len(b.rows))
	out = append(out, magic...)
	for _, v := range []uint32{version, uint32(b.dim), uint32(b.planes), b.biasShift} {
		out = le.AppendUint32(out, v)
	}
	for _, v := range []float64{b.unit, b.bref[0], b.bref[1], b.limitE[0], b.limitE[1]} {
		out = le.AppendUint64(out, math.Float64bits(v))
	}
	out = le.AppendUint32(out, math.Float32bits(b.unitE8))
	for _, s := range [][]float32{b.scale[:], b.offset[:], b.rows} {
		for _, v := range s {
			out = le.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out
}

var errShort = errors.New("codes: basis: wrong length")

// ParseBasis decodes what MarshalBinary wrote. It trusts nothing: all fields are
// checked, and the rounding bounds, the rotation's defect among them, are worked
// out again from the values themselves.
func ParseBasis(data []byte) (*Basis, error) {
	le := binary.LittleEndian
	const head = len(magic) + 4*4
	const fixed = head + 5*8 + 4 + 2*4*Dims
	if len(data) < fixed {
		return nil, errShort
	}
	if string(data[:len(magic)]) != magic {
		return nil, errors.New("codes: basis: wrong magic")
	}
	var ints [4]uint32
	for i := range ints {
		ints[i] = le.Uint32(data[len(magic)+4*i:])
	}
	if ints[0] != version {
		return nil, fmt.Errorf("codes: basis: version %d, want %d", ints[0], version)
	}
	if ints[1] > MaxDim || len(data) != fixed+4*Dims*int(ints[1]) {
		return nil, errShort
	}
	b := &Basis{dim: int(ints[1]), planes: int(ints[2] & 0xff), biasShift: ints[3]}
	if ints[2] > 0xff {
		return nil, errors.New("codes: basis: too many planes")
	}
	at := head
	for _, f := range []*float64{&b.unit, &b.bref[0], &b.bref[1], &b.limitE[0], &b.limitE[1]} {
		*f = math.Float64frombits(le.Uint64(data[at:]))
		at += 8
	}
	b.unitE8 = math.Float32frombits(le.Uint32(data[at:]))
	at += 4
	b.rows = make([]float32, Dims*b.dim)
	for _, s := range [][]float32{b.scale[:], b.offset[:], b.rows} {
		for i := range s {
			s[i] = math.Float32frombits(le.Uint32(data[at:]))
			at += 4
		}
	}
	if err := b.finish(); err != nil {
		return nil, fmt.Errorf("codes: basis: %w", err)
	}
	return b, nil
}
