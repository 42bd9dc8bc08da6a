package registry

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"vigie/watchlist"
)

// bucket describes one bbolt bucket.
type bucket struct {
	name string
	// hidden: keys in the file are keyed hashes, and the sealed value begins with
	// the real key.
	hidden bool
	// derived: rebuilt from other buckets, neither in snapshots nor in the state
	// hash.
	derived bool
	// since is the format that brought the bucket, 0 for the first one.
	since uint16
}

// BucketEntries names the bucket of the watchlist entries in a Record.
const BucketEntries = "entries"

// The buckets. Only ids of entries and reports, times, raft indexes and numbers of
// decisions and of changes to the table of spelling families stand in the clear.
var (
	bucketEntries  = bucket{name: BucketEntries}
	bucketUsers    = bucket{name: "users", hidden: true}
	bucketLogins   = bucket{name: "logins", hidden: true, derived: true}
	bucketSessions = bucket{name: "sessions", hidden: true}
	bucketAPIKeys  = bucket{name: "apikeys", hidden: true}
	bucketMembers  = bucket{name: "members", hidden: true}
	bucketTokens   = bucket{name: "tokens", hidden: true}
	bucketCluster  = bucket{name: "cluster", hidden: true}
	bucketIdem     = bucket{name: "idem", hidden: true}
	bucketBatches  = bucket{name: "batches", hidden: true}
	bucketUndo     = bucket{name: "undo", hidden: true}
	bucketExpiry   = bucket{name: "expiry"}

	bucketCalibrations = bucket{name: "calibrations", since: 2}
	bucketReports      = bucket{name: "reports", since: 3}
	bucketReportUndo   = bucket{name: "report_undo", hidden: true, since: 3}
	bucketFamilies     = bucket{name: "families", since: 4}
)

// buckets lists all of them in the order of a snapshot.
func buckets() []bucket {
	return []bucket{
		bucketCluster, bucketMembers, bucketTokens, bucketUsers, bucketLogins, bucketSessions,
		bucketAPIKeys, bucketEntries, bucketBatches, bucketUndo, bucketIdem, bucketExpiry, bucketCalibrations,
		bucketReports, bucketReportUndo, bucketFamilies,
	}
}

func bucketByName(name string) (bucket, bool) {
	for _, b := range buckets() {
		if b.name == name {
			return b, true
		}
	}
	return bucket{}, false
}

// The meta bucket holds the file's own data, outside the replicated state.
var (
	metaBucket   = []byte("meta")
	metaFormat   = []byte("format")
	metaSecret   = []byte("secret")
	metaPosition = []byte("position")

	keySetup = []byte("setup")
	keyClock = []byte("clock")
)

// undoPrefix is how many bytes of the batch's hash begin a key of bucketUndo.
const undoPrefix = 16

var errUndoKey = errors.New("malformed key in bucket undo")

// fileKey gives the key of a record in the file. Keys of bucketUndo begin with
// and bucketReportUndo begin with the hash of their batch and end with the entry's
// or report's id, so that one batch is one range in the order of ids.
func (g *generation) fileKey(b bucket, key []byte) ([]byte, error) {
	if !b.hidden {
		return key, nil
	}
	if b.name != bucketUndo.name && b.name != bucketReportUndo.name {
		return g.hide(b.name, key), nil
	}
	batch, id, err := splitUndoKey(key)
	if err != nil {
		return nil, err
	}
	return append(g.hide(b.name, batch)[:undoPrefix:undoPrefix], id...), nil
}

func (g *generation) hide(name string, key []byte) []byte {
	m := hmac.New(sha256.New, g.secret)
	m.Write([]byte(name))
	m.Write([]byte{0})
	m.Write(key)
	return m.Sum(nil)
}

func undoKey[ID ~string](batch watchlist.BatchID, id ID) []byte {
	return append(prefixed([]byte(batch)), id...)
}

func splitUndoKey(key []byte) (batch, id []byte, err error) {
	batch, id, ok := cutPrefixed(key)
	if !ok {
		return nil, nil, errUndoKey
	}
	return batch, id, nil
}

// prefixed gives b behind its length as a varint.
func prefixed(b []byte) []byte {
	return append(binary.AppendUvarint(make([]byte, 0, len(b)+64), uint64(len(b))), b...)
}

// cutPrefixed splits what prefixed wrote from what follows it.
func cutPrefixed(b []byte) (head, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}
