package file

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Segment is one run of rows: what a segment's file holds. Row i is
// Vectors[i*Stride:(i+1)*Stride]. It was put in by the change with stamp Born[i]
// and taken out by that of Died[i], 0 for a row that lived when the file was
// written; stamps rise with time. Rows of one identity have the same number in
// Who, and Name says where in Names the texts of the row begin. What stamps,
// numbers and names mean is the gallery's business.
type Segment struct {
	// Basis describes the codes that searches run on.
	Basis []byte
	// Stride is the number of values of a row, padding included.
	Stride     int
	Vectors    []float32
	Born, Died []uint64
	Who, Name  []uint32
	Names      []byte
}

// Rows is the number of rows.
func (s *Segment) Rows() int { return len(s.Born) }

// check holds a segment to what its fields promise.
func (s *Segment) check() error {
	n := s.Rows()
	if s.Stride < 1 || len(s.Vectors) != n*s.Stride || len(s.Died) != n || len(s.Who) != n || len(s.Name) != n {
		return fmt.Errorf("the columns of a segment do not fit together: %w", ErrCorrupt)
	}
	if n > 0 && uint64(slices.Max(s.Name)) >= uint64(len(s.Names)) {
		return fmt.Errorf("a row of a segment has no name: %w", ErrCorrupt)
	}
	return nil
}

// head is the beginning of a segment's plain bytes: four numbers. From it
// follows where everything else lies.
type head struct {
	rows, stride, basis, names uint64 // the last two in bytes
}

const headLen = 4 * 8

func (s *Segment) head() head {
	return head{rows: uint64(s.Rows()), stride: uint64(s.Stride), basis: uint64(len(s.Basis)), names: uint64(len(s.Names))}
}

func (h *head) fields() [4]*uint64 { return [4]*uint64{&h.rows, &h.stride, &h.basis, &h.names} }

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
	if h.stride == 0 || h.rows*h.stride > total || h.length() != total {
		return h, fmt.Errorf("impossible head of a segment: %w", ErrCorrupt)
	}
	return h, nil
}

// length is how many plain bytes the segment takes.
func (h *head) length() uint64 {
	n := uint64(headLen)
	for _, c := range h.columns(&Segment{}) {
		n += pad8(c.size)
	}
	return n
}

// column is one part of a segment's plain bytes, padded to a multiple of 8 with
// zeros.
type column struct {
	size uint64 // bytes, without the padding
	data any    // []byte, []float32, []uint64 or []uint32
}

// columns lists the columns in their order, with the data of s.
func (h *head) columns(s *Segment) []column {
	return []column{
		{h.basis, s.Basis},
		{4 * h.rows * h.stride, s.Vectors},
		{8 * h.rows, s.Born},
		{8 * h.rows, s.Died},
		{4 * h.rows, s.Who},
		{4 * h.rows, s.Name},
		{h.names, s.Names},
	}
}

func pad8(n uint64) uint64 { return (n + 7) &^ 7 }

// encode hands the plain bytes of the segment to w in order.
func (s *Segment) encode(w *partWriter) error {
	h := s.head()
	if err := w.bytes(h.append(nil)); err != nil {
		return err
	}
	for _, c := range h.columns(s) {
		var err error
		switch d := c.data.(type) {
		case []byte:
			err = w.bytes(d)
		case []float32:
			err = encodeValues(w, d)
		case []uint64:
			err = encodeValues(w, d)
		case []uint32:
			err = encodeValues(w, d)
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
