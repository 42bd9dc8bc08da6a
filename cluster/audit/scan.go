package audit

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"vigie/watchlist"
)

// errTorn marks a record that ends before its length says, or whose checksum is
// wrong: what a power cut leaves at the very end of a log.
var errTorn = errors.New("record incomplete")

// scanner reads the records of one segment in order.
type scanner struct {
	name string
	r    *bufio.Reader
	// off is where the next record starts, size the end of what may be read.
	off, size int64
}

func newScanner(f *os.File, name string, size int64) *scanner {
	return &scanner{name: name, r: bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 64<<10), size: size}
}

// magic reads the first bytes of the file.
func (s *scanner) magic() error {
	b := make([]byte, len(magic))
	if _, err := io.ReadFull(s.r, b); err != nil {
		return errTorn
	}
	if string(b) != magic {
		return &CorruptError{Segment: s.name, Reason: "not an audit segment"}
	}
	s.off = int64(len(magic))
	return nil
}

// length reads the frame before a record. io.EOF means that there is none.
func (s *scanner) length() (n int, sum uint32, err error) {
	if s.off == s.size {
		return 0, 0, io.EOF
	}
	var b [frameLen]byte
	if _, err := io.ReadFull(s.r, b[:]); err != nil {
		return 0, 0, errTorn
	}
	l := binary.LittleEndian.Uint32(b[:])
	if l == 0 || l > maxRecord || s.off+frameLen+int64(l) > s.size {
		return 0, 0, errTorn
	}
	return int(l), binary.LittleEndian.Uint32(b[4:]), nil
}

// next returns the sealed bytes of the next record.
func (s *scanner) next() ([]byte, error) {
	n, sum, err := s.length()
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(s.r, b); err != nil {
		return nil, errTorn
	}
	if crc32.Checksum(b, castTab) != sum {
		return nil, errTorn
	}
	s.off += frameLen + int64(n)
	return b, nil
}

// skip passes over one record without reading it.
func (s *scanner) skip() error {
	n, _, err := s.length()
	if err != nil {
		return err
	}
	if _, err := s.r.Discard(n); err != nil {
		return errTorn
	}
	s.off += frameLen + int64(n)
	return nil
}

// position is how far a verified chain has come.
type position struct {
	// seq is the last event, 0 for none; hash is its chain hash.
	seq  uint64
	hash []byte
	time int64
}

// scanResult is what reading one segment gave.
type scanResult struct {
	header segmentHeader
	end    position
	// good is the offset after the last sound record; torn tells that bytes
	// follow it that make no record.
	good int64
	torn bool
}

// readSegment checks one whole segment: its header, every seal, number and
// hash. start is the position before it, or nil to take the header's word for
// it. visit is called with each event; it may be nil.
func readSegment(f *os.File, first uint64, size int64, start *position, o Opener, visit func(watchlist.AuditEvent) error) (scanResult, error) {
	name := segmentName(first)
	s := newScanner(f, name, size)
	res := scanResult{}
	fail := func(reason string) error {
		return &CorruptError{Segment: name, Offset: s.off, Seq: res.end.seq + 1, Reason: reason}
	}
	res.end.seq = first - 1
	if err := s.magic(); err != nil {
		if errors.Is(err, errTorn) {
			res.torn = true
			return res, nil
		}
		return res, err
	}
	sealed, err := s.next()
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
		res.torn = true
		return res, nil
	}
	plain, err := o.Open(sealed, []byte(adSegment))
	if err != nil {
		return res, fail("the segment header's seal is broken")
	}
	if res.header, err = decodeHeader(plain); err != nil {
		return res, fail(err.Error())
	}
	if res.header.First != first {
		return res, fail(fmt.Sprintf("the file's name and its header differ: header says event %d", res.header.First))
	}
	if start != nil && (start.seq+1 != first || !bytes.Equal(start.hash, res.header.Prev)) {
		return res, fail("the segment does not continue the one before")
	}
	res.end.hash = res.header.Prev
	if start != nil {
		res.end.time = start.time
	}
	for {
		res.good = s.off
		sealed, err := s.next()
		if errors.Is(err, io.EOF) {
			return res, nil
		}
		if errors.Is(err, errTorn) {
			res.torn = true
			return res, nil
		}
		ev, next, err := openEvent(sealed, res.end, o)
		if err != nil {
			s.off = res.good
			return res, fail(err.Error())
		}
		res.end = next
		if visit != nil {
			if err := visit(ev); err != nil {
				return res, err
			}
		}
	}
}

// openEvent opens one record and checks that it follows at.
func openEvent(sealed []byte, at position, o Opener) (watchlist.AuditEvent, position, error) {
	var ev watchlist.AuditEvent
	plain, err := o.Open(sealed, []byte(adEvent))
	if err != nil {
		return ev, at, errors.New("the event's seal is broken")
	}
	if err := decMode.Unmarshal(plain, &ev); err != nil {
		return ev, at, errors.New("the event is unreadable")
	}
	if ev.Seq != at.seq+1 {
		return ev, at, fmt.Errorf("found event %d: events were dropped, repeated or reordered", ev.Seq)
	}
	if !bytes.Equal(ev.Prev, at.hash) {
		return ev, at, errors.New("the event does not continue the chain")
	}
	return ev, position{seq: ev.Seq, hash: chain(at.hash, plain), time: ev.Time}, nil
}
