package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"vigie/cluster/registry"

	"github.com/klauspost/compress/zstd"
)

// Writer writes one snapshot. It is for one goroutine.
type Writer struct {
	w      io.Writer
	sealer Sealer
	enc    *zstd.Encoder
	header [sha256.Size]byte
	want   registry.State
	seq    uint64

	// buf gathers the records of the next frame.
	buf []byte
	// packed is the compressed frame; kept for its memory.
	packed  []byte
	sum     registry.Sum
	records uint64
	entries uint64
}

// NewWriter begins a snapshot of a state by writing its header.
func NewWriter(w io.Writer, sealer Sealer, st registry.State) (*Writer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	h := encodeHeader(st)
	s := &Writer{w: w, sealer: sealer, enc: enc, header: sha256.Sum256(h), want: st}
	if _, err := w.Write(h); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return s, s.part(nil)
}

// Add takes one record. The record is not kept.
func (s *Writer) Add(r registry.Record) error {
	if n := len(r.Bucket) + len(r.Key) + len(r.Value); n > maxRecord-64 {
		return fmt.Errorf("snapshot: record of %d bytes in bucket %s", n, r.Bucket)
	}
	s.buf = appendRecord(s.buf, r)
	s.sum.Add(r)
	s.records++
	if r.Bucket == registry.BucketEntries {
		s.entries++
	}
	if len(s.buf) < frameSize {
		return nil
	}
	return s.flush()
}

func (s *Writer) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	s.packed = s.enc.EncodeAll(s.buf, append(s.packed[:0], kindRecords))
	s.buf = s.buf[:0]
	return s.part(s.packed)
}

// Close writes the trailer; it does not close the underlying writer. It fails
// when the records do not add up to the state given to NewWriter: a registry
// that is damaged must not be copied.
func (s *Writer) Close() error {
	if err := s.flush(); err != nil {
		return err
	}
	if s.sum != s.want.Hash || s.records != s.want.Records || s.entries != s.want.Entries {
		return fmt.Errorf("snapshot: the records do not add up to the state hash: %w", registry.ErrCorrupt)
	}
	t := binary.BigEndian.AppendUint64([]byte{kindTrailer}, s.records)
	return errors.Join(s.part(append(t, s.sum.Bytes()...)), s.enc.Close())
}

// part seals and writes one part.
func (s *Writer) part(plain []byte) error {
	sealed, err := s.sealer.Seal(plain, place(s.header, s.seq))
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	s.seq++
	// One write per part: the sink may be a network or a checksum.
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(sealed)), uint32(len(sealed)))
	if _, err := s.w.Write(append(b, sealed...)); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}
