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

// Reader reads one snapshot. It is for one goroutine. What Next gives must not
// be used before Next has said io.EOF.
type Reader struct {
	r      io.Reader
	sealer Sealer
	// dec is made for the first frame.
	dec    *zstd.Decoder
	header [sha256.Size]byte
	state  registry.State
	seq    uint64

	// frame is what is left of the frame that was opened last.
	frame   []byte
	sum     registry.Sum
	records uint64
	entries uint64
	// err is what Next says from now on.
	err error
}

// NewReader reads and checks the header. It fails with ErrVersion on a snapshot
// of a newer release and with ErrCorrupt when sealer does not fit or the header
// is changed.
func NewReader(r io.Reader, sealer Sealer) (*Reader, error) {
	h := make([]byte, headerLen)
	if err := readFull(r, h); err != nil {
		return nil, err
	}
	st, err := decodeHeader(h)
	if err != nil {
		return nil, err
	}
	s := &Reader{r: r, sealer: sealer, header: sha256.Sum256(h), state: st}
	plain, err := s.part()
	if err != nil {
		return nil, err
	}
	if len(plain) != 0 {
		return nil, fmt.Errorf("header seal: %w", ErrCorrupt)
	}
	return s, nil
}

// State is what the header tells: the snapshot's raft index, term, state hash
// and counts.
func (s *Reader) State() registry.State { return s.state }

// Next gives the next record, in memory of its own; io.EOF once all records and
// the trailer were read and add up; else what is wrong. After an error it gives
// the same error again.
func (s *Reader) Next() (registry.Record, error) {
	if s.err != nil {
		return registry.Record{}, s.err
	}
	r, err := s.next()
	if err != nil {
		s.err = err
		if s.dec != nil {
			s.dec.Close()
		}
	}
	return r, err
}

func (s *Reader) next() (registry.Record, error) {
	for len(s.frame) == 0 {
		plain, err := s.part()
		if err != nil {
			return registry.Record{}, err
		}
		if len(plain) == 0 {
			return registry.Record{}, fmt.Errorf("empty part: %w", ErrCorrupt)
		}
		switch plain[0] {
		case kindRecords:
			if s.frame, err = s.unpack(plain[1:]); err != nil {
				return registry.Record{}, err
			}
		case kindTrailer:
			return registry.Record{}, s.finish(plain)
		default:
			return registry.Record{}, fmt.Errorf("unknown part: %w", ErrCorrupt)
		}
	}
	r, rest, err := cutRecord(s.frame)
	if err != nil {
		return registry.Record{}, err
	}
	s.frame = rest
	s.sum.Add(r)
	s.records++
	if r.Bucket == registry.BucketEntries {
		s.entries++
	}
	return r, nil
}

// unpack decompresses one frame into memory of its own.
func (s *Reader) unpack(packed []byte) ([]byte, error) {
	if s.dec == nil {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame))
		if err != nil {
			return nil, fmt.Errorf("snapshot: %w", err)
		}
		s.dec = dec
	}
	b, err := s.dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("snapshot frame: %w: %w", ErrCorrupt, err)
	}
	return b, nil
}

// finish checks the trailer and that nothing follows it.
func (s *Reader) finish(plain []byte) error {
	if len(plain) != trailerLen {
		return fmt.Errorf("trailer: %w", ErrCorrupt)
	}
	sum, err := registry.ParseSum(plain[9:])
	if err != nil {
		return fmt.Errorf("trailer: %w: %w", ErrCorrupt, err)
	}
	st := s.state
	if binary.BigEndian.Uint64(plain[1:]) != s.records || sum != s.sum ||
		st.Hash != s.sum || st.Records != s.records || st.Entries != s.entries {
		return fmt.Errorf("the records do not add up to the state hash: %w", ErrCorrupt)
	}
	var one [1]byte
	switch _, err := io.ReadFull(s.r, one[:]); {
	case err == nil:
		return fmt.Errorf("bytes after the trailer: %w", ErrCorrupt)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("snapshot: %w", err)
	}
	return io.EOF
}

// part reads and opens one part.
func (s *Reader) part() ([]byte, error) {
	var n [4]byte
	if err := readFull(s.r, n[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(n[:])
	if size > maxSealed {
		return nil, fmt.Errorf("part of %d bytes: %w", size, ErrCorrupt)
	}
	sealed := make([]byte, size)
	if err := readFull(s.r, sealed); err != nil {
		return nil, err
	}
	plain, err := s.sealer.Open(sealed, place(s.header, s.seq))
	if err != nil {
		return nil, fmt.Errorf("snapshot part %d: %w: %w", s.seq, ErrCorrupt, err)
	}
	s.seq++
	return plain, nil
}

// readFull fills b; an early end of the stream is ErrCorrupt.
func readFull(r io.Reader, b []byte) error {
	switch _, err := io.ReadFull(r, b); {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the stream ends early: %w", ErrCorrupt)
	default:
		return fmt.Errorf("snapshot: %w", err)
	}
}
