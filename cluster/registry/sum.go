package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Sum is the state hash: the sum modulo 2^256 of the SHA-256 of every replicated
// record. The order of the records does not matter, so it is kept up to date by
// adding and taking away. It tells two states apart by accident or fault; it is
// no defence against somebody who chooses the records.
type Sum [4]uint64

// Add takes the record in.
func (s *Sum) Add(r Record) {
	d, carry := r.digest(), uint64(0)
	for i := range s {
		s[i], carry = bits.Add64(s[i], d[i], carry)
	}
}

// Sub takes the record out.
func (s *Sum) Sub(r Record) {
	d, borrow := r.digest(), uint64(0)
	for i := range s {
		s[i], borrow = bits.Sub64(s[i], d[i], borrow)
	}
}

// Bytes gives the 32 bytes, least significant first.
func (s Sum) Bytes() []byte {
	b := make([]byte, 0, 32)
	for _, w := range s {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// ParseSum reads Bytes.
func ParseSum(b []byte) (Sum, error) {
	var s Sum
	if len(b) != 32 {
		return s, fmt.Errorf("a state hash has 32 bytes, not %d", len(b))
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s, nil
}

// String is Bytes in hexadecimal.
func (s Sum) String() string { return hex.EncodeToString(s.Bytes()) }

// Record is one replicated record in plain: what a snapshot carries and what the
// state hash sums. Key is the logical key, not the one in the file.
type Record struct {
	Bucket     string
	Key, Value []byte
}

// digest is SHA-256(len(bucket) ‖ bucket ‖ len(key) ‖ key ‖ value) as four
// words; the lengths are unsigned varints, so no two records share an input.
func (r Record) digest() [4]uint64 {
	var head [128]byte
	b := binary.AppendUvarint(head[:0], uint64(len(r.Bucket)))
	b = append(b, r.Bucket...)
	b = binary.AppendUvarint(b, uint64(len(r.Key)))
	b = append(b, r.Key...)
	h := sha256.New()
	h.Write(b)
	h.Write(r.Value)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	var w [4]uint64
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(sum[8*i:])
	}
	return w
}
