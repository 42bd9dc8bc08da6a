package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"vigie/watchlist"
)

const (
	magic     = "VIGAUD1\n"
	segSuffix = ".seg"
	headName  = "head"
	// maxRecord bounds one sealed record, bytes.
	maxRecord = 1 << 20
	// frameLen is the length and the checksum before each sealed record.
	frameLen = 8
	hashLen  = sha256.Size

	// Associated data of the sealed parts.
	adEvent   = "vigie/audit/event/1"
	adSegment = "vigie/audit/segment/1"
	adHead    = "vigie/audit/head/1"
)

// Sealer encrypts and authenticates bytes at rest.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Opener
}

// Opener is the reading half of Sealer.
type Opener interface {
	Open(sealed, ad []byte) ([]byte, error)
}

// CorruptError says where a log is broken and how. It holds no event content.
type CorruptError struct {
	// Segment is the file's base name, Offset a byte offset in it.
	Segment string
	Offset  int64
	// Seq is the event expected there.
	Seq    uint64
	Reason string
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("audit log damaged: %s at byte %d, event %d expected: %s", e.Segment, e.Offset, e.Seq, e.Reason)
}

// segmentHeader is the first record of a segment: it ties the segment to the
// one before.
type segmentHeader struct {
	First uint64           `cbor:"1,keyasint"`
	Prev  []byte           `cbor:"2,keyasint"`
	Node  watchlist.NodeID `cbor:"3,keyasint"`
}

var (
	encMode = mustEnc()
	decMode = mustDec()
	castTab = crc32.MakeTable(crc32.Castagnoli)
)

func mustEnc() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // constant options
	}
	return m
}

func mustDec() cbor.DecMode {
	m, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: 8, IndefLength: cbor.IndefLengthForbidden}.DecMode()
	if err != nil {
		panic(err) // constant options
	}
	return m
}

// chain is the hash of an event: SHA-256 over the hash before it and the
// event's canonical bytes.
func chain(prev, canonical []byte) []byte {
	h := sha256.New()
	h.Write(prev)
	h.Write(canonical)
	return h.Sum(nil)
}

// genesis is the hash before event 1.
func genesis() []byte { return make([]byte, hashLen) }

// frame appends length, checksum and sealed bytes to buf. The checksum tells a
// torn write from a lie without the key; the seal is what protects.
func frame(buf, sealed []byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(sealed)))
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(sealed, castTab))
	return append(buf, sealed...)
}

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segSuffix) }

// segments lists the first event numbers of the segments in dir, ascending.
func segments(dir string) ([]uint64, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the audit log: %w", err)
	}
	var firsts []uint64
	for _, e := range list {
		num, ok := strings.CutSuffix(e.Name(), segSuffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(num, 10, 64)
		if err != nil || segmentName(n) != e.Name() {
			return nil, fmt.Errorf("the audit folder holds a file of unknown name %q", e.Name())
		}
		firsts = append(firsts, n)
	}
	slices.Sort(firsts)
	return firsts, nil
}

func segmentPath(dir string, first uint64) string { return filepath.Join(dir, segmentName(first)) }

func decodeHeader(b []byte) (segmentHeader, error) {
	var h segmentHeader
	if err := decMode.Unmarshal(b, &h); err != nil {
		return h, errors.New("segment header unreadable")
	}
	if len(h.Prev) != hashLen {
		return h, errors.New("segment header incomplete")
	}
	return h, nil
}
