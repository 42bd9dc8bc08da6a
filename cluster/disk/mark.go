package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// mark remembers beside the log up to which index it has confirmed entries. raft-wal
// takes an unreadable end for an unfinished write and drops it; with one flipped
// bit that end holds entries that this node has voted for with its acknowledgement.
// The mark tells the two apart.
//
// Raising it is not synced: it outlives the process at once, and a power cut at
// worst with an older value, which refuses nothing wrongly. Lowering it is.
type mark struct {
	f *os.File
}

const markLen = 12

func openMark(path string) (mark, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return mark{}, fmt.Errorf("opening the log's mark: %w", err)
	}
	return mark{f}, nil
}

// get is the index, 0 when there is none or it can't be read.
func (k mark) get() (uint64, error) {
	b := make([]byte, markLen)
	if _, err := k.f.ReadAt(b, 0); errors.Is(err, io.EOF) {
		return 0, nil
	} else if err != nil {
		return 0, fmt.Errorf("reading the log's mark: %w", err)
	}
	if crc32.Checksum(b[:8], castagnoli) != binary.LittleEndian.Uint32(b[8:]) {
		return 0, nil
	}
	return binary.LittleEndian.Uint64(b), nil
}

func (k mark) raise(index uint64) error {
	b := binary.LittleEndian.AppendUint64(nil, index)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if _, err := k.f.WriteAt(b, 0); err != nil {
		return fmt.Errorf("writing the log's mark: %w", err)
	}
	return nil
}

func (k mark) lower(index uint64) error {
	if err := k.raise(index); err != nil {
		return err
	}
	if err := k.f.Sync(); err != nil {
		return fmt.Errorf("syncing the log's mark: %w", err)
	}
	return nil
}
