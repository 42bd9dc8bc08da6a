package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft"
)

// ErrCorrupt: a log entry is not what was stored.
var ErrCorrupt = errors.New("the raft log is damaged")

// extMark begins the checksum in raft.Log.Extensions: "vs", format 1, CRC-32C.
var extMark = []byte{'v', 's', 1}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is over all that raft goes by: index, term, type, data.
func checksum(l *raft.Log) []byte {
	var head [17]byte
	binary.LittleEndian.PutUint64(head[:], l.Index)
	binary.LittleEndian.PutUint64(head[8:], l.Term)
	head[16] = byte(l.Type)
	sum := crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, l.Data)
	return binary.LittleEndian.AppendUint32(bytes.Clone(extMark), sum)
}

// sealed gives copies of entries with their checksums. An entry that comes with
// one, from the leader, is checked.
func sealed(logs []*raft.Log) ([]*raft.Log, error) {
	out := make([]*raft.Log, len(logs))
	for i, l := range logs {
		if err := verify(l, l.Index); err != nil {
			return nil, fmt.Errorf("an entry arrived changed: %w", err)
		}
		c := *l
		c.Extensions = checksum(l)
		out[i] = &c
	}
	return out, nil
}

// verify checks an entry that was asked for by index. One without checksum is of
// a release that wrote none; its data has a seal of its own.
func verify(l *raft.Log, index uint64) error {
	if l.Index != index {
		return fmt.Errorf("entry %d was found in place of %d: %w", l.Index, index, ErrCorrupt)
	}
	if len(l.Extensions) != 0 && !bytes.Equal(l.Extensions, checksum(l)) {
		return fmt.Errorf("entry %d has a wrong checksum: %w", index, ErrCorrupt)
	}
	return nil
}
