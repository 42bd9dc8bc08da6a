package fsck

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft-wal/types"
)

// The layout of a raft-wal segment, version 0 (raft-wal/segment/format.go): a header
// of 32 bytes, then frames, each with a header of 8 bytes and padded to 8. A commit
// frame carries the CRC-32C of everything since the commit frame before it, for the
// first one since the beginning of the file.
const (
	segMagic     = 0x58eb6b0d
	segHeaderLen = 32
	frameLen     = 8

	frameEntry  = 1
	frameIndex  = 2
	frameCommit = 3
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segScan is what one segment's file holds.
type segScan struct {
	// entries are the payloads of all entries in whole batches, in order; the first
	// has the segment's base index.
	entries [][]byte
	offsets []uint32
	// indexStart is where the table of offsets of a sealed segment begins.
	indexStart uint64
	// index is that table's content.
	index []byte
	// end is the offset behind the last whole batch.
	end int
	// rest: bytes that are not zero follow end. after: among them is a whole batch,
	// so what lies between was damaged later.
	rest, after bool
	header      string // what is wrong with the header, "" for nothing
}

// scanSegment reads a segment's bytes.
func scanSegment(b []byte, info types.SegmentInfo) segScan {
	s := segScan{header: badHeader(b, info)}
	off, start := segHeaderLen, 0
	var entries [][]byte
	var offsets []uint32
	for {
		kind, n, ok := frameAt(b, off)
		if !ok {
			break
		}
		switch kind {
		case frameEntry:
			entries = append(entries, b[off+frameLen:off+frameLen+n])
			offsets = append(offsets, uint32(off))
		case frameIndex:
			s.indexStart, s.index = uint64(off+frameLen), b[off+frameLen:off+frameLen+n]
		case frameCommit:
			if crc32.Checksum(b[start:off], castagnoli) != binary.LittleEndian.Uint32(b[off+4:]) {
				s.tail(b)
				return s
			}
			s.entries, s.offsets, s.end = append(s.entries, entries...), append(s.offsets, offsets...), off+frameLen
			entries, offsets, start = nil, nil, off+frameLen
		}
		off += frameLen + (n+7)&^7
	}
	s.tail(b)
	return s
}

// frameAt reads the frame header at off; ok is false at the end of what was written
// and on what is no frame.
func frameAt(b []byte, off int) (kind byte, n int, ok bool) {
	if off+frameLen > len(b) {
		return 0, 0, false
	}
	switch kind = b[off]; kind {
	case frameCommit:
		return kind, 0, true
	case frameEntry, frameIndex:
		n = int(binary.LittleEndian.Uint32(b[off+4:]))
		return kind, n, n <= len(b)-off-frameLen
	default:
		return 0, 0, false
	}
}

// tail looks at what follows the last whole batch. Two commit frames whose CRC fits
// what lies between them make a whole batch.
func (s *segScan) tail(b []byte) {
	last := -1
	for off := s.end &^ 7; off+frameLen <= len(b); off += 8 {
		w := binary.LittleEndian.Uint64(b[off:])
		if w == 0 {
			continue
		}
		s.rest = true
		if w&0xFFFFFFFF != frameCommit {
			continue
		}
		if last >= 0 && crc32.Checksum(b[last:off], castagnoli) == uint32(w>>32) {
			s.after = true
			return
		}
		last = off + frameLen
	}
}

func badHeader(b []byte, info types.SegmentInfo) string {
	switch {
	case len(b) < segHeaderLen:
		return "the file has no header"
	case binary.LittleEndian.Uint32(b) != segMagic || binary.LittleEndian.Uint32(b[4:]) != 0:
		return "the header is not that of a log file"
	case binary.LittleEndian.Uint64(b[8:]) != info.BaseIndex || binary.LittleEndian.Uint64(b[16:]) != info.ID || binary.LittleEndian.Uint64(b[24:]) != info.Codec:
		return "the header is another file's"
	}
	return ""
}

// badTable tells what is wrong with the table of offsets of a sealed segment.
func (s *segScan) badTable(info types.SegmentInfo) string {
	if s.indexStart == 0 || s.indexStart != info.IndexStart || len(s.index) < 4*len(s.offsets) {
		return "the table of entries is missing or elsewhere"
	}
	for i, off := range s.offsets {
		if binary.LittleEndian.Uint32(s.index[4*i:]) != off {
			return fmt.Sprintf("the table of entries is wrong at entry %d", i)
		}
	}
	return ""
}
