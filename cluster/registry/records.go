package registry

import (
	"encoding/binary"
	"errors"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// Idem is what an idempotency key remembers: the request's hash, the stamped
// time of its first try (Unix milliseconds), and the result.
type Idem struct {
	Hash   []byte         `cbor:"1,keyasint,omitempty"`
	At     int64          `cbor:"2,keyasint"`
	Result command.Result `cbor:"3,keyasint"`
}

// Undo is what a batch remembers of one entry: the version before the batch (nil
// when the batch created the entry) and the revision that the batch wrote last.
type Undo struct {
	Entry    watchlist.EntryID `cbor:"1,keyasint"`
	Prior    *watchlist.Entry  `cbor:"2,keyasint,omitempty"`
	Revision uint64            `cbor:"3,keyasint"`
}

// ReportUndo is the same of one reported document.
type ReportUndo struct {
	Report   watchlist.ReportID          `cbor:"1,keyasint"`
	Prior    *watchlist.ReportedDocument `cbor:"2,keyasint,omitempty"`
	Revision uint64                      `cbor:"3,keyasint"`
}

// Due is one line of the expiry queue: the record Bucket/Key is to be looked at
// when stamped time reaches At. Index and Seq make the line unique: the raft
// index of the command that queued it, and a count within that command.
type Due struct {
	At     int64  `cbor:"-"`
	Index  uint64 `cbor:"-"`
	Seq    uint32 `cbor:"-"`
	Bucket string `cbor:"1,keyasint"`
	Key    []byte `cbor:"2,keyasint"`
}

const dueKeyLen = 8 + 8 + 4

func (d Due) key() []byte {
	// Stamped times are positive, so their order is that of the bytes.
	b := binary.BigEndian.AppendUint64(make([]byte, 0, dueKeyLen), uint64(max(d.At, 0)))
	b = binary.BigEndian.AppendUint64(b, d.Index)
	return binary.BigEndian.AppendUint32(b, d.Seq)
}

func (d *Due) setKey(b []byte) error {
	if len(b) != dueKeyLen {
		return corrupt(bucketExpiry, errors.New("malformed key"))
	}
	d.At = int64(binary.BigEndian.Uint64(b))
	d.Index = binary.BigEndian.Uint64(b[8:])
	d.Seq = binary.BigEndian.Uint32(b[16:])
	return nil
}

// The names of buckets that the expiry queue refers to.
const (
	DueIdem    = "idem"
	DueSession = "sessions"
	DueToken   = "tokens"
	DueBatch   = "batches"
)

func idemKey(actor, key string) []byte { return append(prefixed([]byte(actor)), key...) }
