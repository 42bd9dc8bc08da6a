package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"vigie/cluster/registry"
)

// Version is the format that this release writes.
const Version uint16 = 1

const (
	magic     = "VIGIESNP"
	headerLen = len(magic) + 2 + 8 + 8 + 32 + 8 + 8

	kindRecords = 1
	kindTrailer = 2
	trailerLen  = 1 + 8 + 32

	// frameSize is how many bytes of records go into one frame before it is
	// compressed.
	frameSize = 256 << 10
	// maxRecord bounds one record, maxFrame what a reader holds in memory.
	maxRecord = 4 << 20
	maxFrame  = frameSize + maxRecord
	// maxSealed bounds a part in the stream: zstd adds a little to what it can't
	// shrink, and the seal adds its own.
	maxSealed = maxFrame + maxFrame/128 + 4096
)

var (
	// ErrCorrupt: the stream is not a whole, unchanged snapshot of this cluster.
	ErrCorrupt = errors.New("snapshot is damaged, cut short, or of another cluster")
	// ErrVersion: a newer release wrote the snapshot (D20).
	ErrVersion = errors.New("snapshot has a newer format than this release reads")
)

// Sealer encrypts the parts under the cluster key; ad binds a part to its
// snapshot and its place.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

func encodeHeader(st registry.State) []byte {
	b := make([]byte, 0, headerLen)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint16(b, Version)
	b = binary.BigEndian.AppendUint64(b, st.Index)
	b = binary.BigEndian.AppendUint64(b, st.Term)
	b = append(b, st.Hash.Bytes()...)
	b = binary.BigEndian.AppendUint64(b, st.Records)
	return binary.BigEndian.AppendUint64(b, st.Entries)
}

func decodeHeader(b []byte) (registry.State, error) {
	var st registry.State
	if string(b[:len(magic)]) != magic {
		return st, fmt.Errorf("no snapshot header: %w", ErrCorrupt)
	}
	b = b[len(magic):]
	if v := binary.BigEndian.Uint16(b); v != Version {
		if v > Version {
			return st, fmt.Errorf("snapshot version %d, this release reads up to %d: %w", v, Version, ErrVersion)
		}
		return st, fmt.Errorf("snapshot version %d: %w", v, ErrCorrupt)
	}
	st.Index = binary.BigEndian.Uint64(b[2:])
	st.Term = binary.BigEndian.Uint64(b[10:])
	sum, err := registry.ParseSum(b[18:50])
	if err != nil {
		return st, err
	}
	st.Hash = sum
	st.Records = binary.BigEndian.Uint64(b[50:])
	st.Entries = binary.BigEndian.Uint64(b[58:])
	return st, nil
}

// place is the associated data of part seq.
func place(header [sha256.Size]byte, seq uint64) []byte {
	b := append([]byte("vigie/snapshot/1\x00"), header[:]...)
	return binary.BigEndian.AppendUint64(b, seq)
}

func appendRecord(b []byte, r registry.Record) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.Bucket)))
	b = append(b, r.Bucket...)
	b = binary.AppendUvarint(b, uint64(len(r.Key)))
	b = append(b, r.Key...)
	b = binary.AppendUvarint(b, uint64(len(r.Value)))
	return append(b, r.Value...)
}

// cutRecord splits the first record off b.
func cutRecord(b []byte) (registry.Record, []byte, error) {
	var parts [3][]byte
	for i := range parts {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return registry.Record{}, nil, fmt.Errorf("malformed record: %w", ErrCorrupt)
		}
		parts[i], b = b[w:w+int(n)], b[w+int(n):]
	}
	return registry.Record{Bucket: string(parts[0]), Key: parts[1], Value: parts[2]}, b, nil
}
