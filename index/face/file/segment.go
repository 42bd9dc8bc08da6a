package file

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Segment is one run of rows: what a segment's file holds. Row i is
// Vectors[i*Dim:(i+1)*Dim], belongs to the entry IDs.At(Who[i]), is its face
// Faces.At(Face[i]), was added at raft index Born[i], and was gone from raft
// index Died[i] on; 0 for a row that lived when the file was written.
type Segment struct {
	// Basis describes the codes that searches run on; the package does not look
	// into it.
	Basis []byte
	// Dim is the number of values of a row.
	Dim int
	// Vectors holds the rows, one after the other.
	Vectors    []float32
	Born, Died []uint64
	Who, Face  []uint32
	IDs, Faces Table
}

// Rows is the number of rows.
func (s *Segment) Rows() int { return len(s.Born) }

// check holds a segment to what its fields promise.
func (s *Segment) check() error {
	n := s.Rows()
	if s.Dim < 1 || len(s.Vectors) != n*s.Dim || len(s.Died) != n || len(s.Who) != n || len(s.Face) != n || !s.IDs.valid() || !s.Faces.valid() {
		return fmt.Errorf("the columns of a segment do not fit together: %w", ErrCorrupt)
	}
	if n > 0 && (int(slices.Max(s.Who)) >= s.IDs.Len() || int(slices.Max(s.Face)) >= s.Faces.Len()) {
		return fmt.Errorf("a row of a segment names no entry or face: %w", ErrCorrupt)
	}
	return nil
}

// head is the beginning of a segment's plain bytes: eight numbers. From it
// follows where everything else lies.
type head struct {
	rows, dim       uint64
	basis           uint64 // bytes
	ids, idText     uint64
	faces, faceText uint64
	reserved        uint64
}

const headLen = 8 * 8

func (s *Segment) head() head {
	return head{
		rows: uint64(s.Rows()), dim: uint64(s.Dim), basis: uint64(len(s.Basis)),
		ids: uint64(s.IDs.Len()), idText: uint64(len(s.IDs.text)),
		faces: uint64(s.Faces.Len()), faceText: uint64(len(s.Faces.text)),
	}
}

func (h *head) fields() [8]*uint64 {
	return [8]*uint64{&h.rows, &h.dim, &h.basis, &h.ids, &h.idText, &h.faces, &h.faceText, &h.reserved}
}

func (h *head) append(b []byte) []byte {
	for _, f := range h.fields() {
		b = binary.LittleEndian.AppendUint64(b, *f)
	}
	return b
}

// parseHead reads the head of plain bytes that are total long in all.
func parseHead(b []byte, total uint64) (head, error) {
	var h head
	if len(b) < headLen {
		return h, fmt.Errorf("segment without a head: %w", ErrCorrupt)
	}
	for i, f := range h.fields() {
		*f = binary.LittleEndian.Uint64(b[8*i:])
		if *f > total || *f > math.MaxUint32 {
			return h, fmt.Errorf("impossible head of a segment: %w", ErrCorrupt)
		}
	}
	if h.dim == 0 || h.rows*h.dim > total || h.length() != total {
		return h, fmt.Errorf("impossible head of a segment: %w", ErrCorrupt)
	}
	return h, nil
}

// length is how many plain bytes the segment takes.
func (h *head) length() uint64 {
	n := uint64(headLen)
	for _, c := range h.columns(&Segment{}, nil, nil) {
		n += pad8(c.size)
	}
	return n
}

// column is one part of a segment's plain bytes, padded to a multiple of 8 with
// zeros.
type column struct {
	size uint64 // bytes, without the padding
	data any    // []byte, []float32, []uint64, []uint32 or string
}

// columns lists the columns in their order, with the data of s and the given
// texts.
func (h *head) columns(s *Segment, ids, faces any) []column {
	return []column{
		{h.basis, s.Basis},
		{4 * h.rows * h.dim, s.Vectors},
		{8 * h.rows, s.Born},
		{8 * h.rows, s.Died},
		{4 * h.rows, s.Who},
		{4 * h.rows, s.Face},
		{4 * h.ids, s.IDs.ends},
		{h.idText, ids},
		{4 * h.faces, s.Faces.ends},
		{h.faceText, faces},
	}
}

func pad8(n uint64) uint64 { return (n + 7) &^ 7 }

// encode hands the plain bytes of the segment to w in order.
func (s *Segment) encode(w *partWriter) error {
	h := s.head()
	if err := w.bytes(h.append(nil)); err != nil {
		return err
	}
	for _, c := range h.columns(s, s.IDs.text, s.Faces.text) {
		var err error
		switch d := c.data.(type) {
		case []byte:
			err = w.bytes(d)
		case string:
			err = w.bytes([]byte(d))
		case []float32:
			err = putAll(w, d, 4, func(b []byte, v float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(v)) })
		case []uint64:
			err = putAll(w, d, 8, binary.LittleEndian.PutUint64)
		case []uint32:
			err = putAll(w, d, 4, binary.LittleEndian.PutUint32)
		}
		if err == nil {
			err = w.bytes(make([]byte, pad8(c.size)-c.size))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
