package registry

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/command"

	bolt "go.etcd.io/bbolt"
)

// OpenReadOnly opens the registry at path for reading alone and changes no byte of
// it, so that a copy or a read-only disk will do. Update and Replace fail. It fails
// like Open; a missing or empty file is an error too.
func OpenReadOnly(path string, sealer Sealer) (*Store, error) {
	g, err := openFile(path, sealer, &bolt.Options{Timeout: lockWait, ReadOnly: true, NoStatistics: true})
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, sealer: sealer}
	s.current.Store(g)
	return s, nil
}

// Flaw is one kind of damage that Inspect tells of.
type Flaw string

// The flaws. FlawValue: a value does not open: changed, moved, or of another key.
// FlawRecord: a value opens but is no record of its bucket. FlawKey: a record lies
// under another key than its own. FlawLogin: logins and accounts differ. FlawSum: the
// records don't add up to the stored state hash or counts. FlawBucket: a bucket that
// no release makes. FlawTouched: the notes of what was written when are damaged,
// which costs a rebuild of derived indexes and nothing else. FlawPages: bbolt's own
// check complains, of keys out of order for instance.
const (
	FlawValue   Flaw = "value"
	FlawRecord  Flaw = "record"
	FlawKey     Flaw = "key"
	FlawLogin   Flaw = "login"
	FlawSum     Flaw = "sum"
	FlawBucket  Flaw = "bucket"
	FlawTouched Flaw = "touched"
	FlawPages   Flaw = "pages"
)

// Problem says how often a flaw was found in a bucket. It names no key.
type Problem struct {
	Flaw   Flaw
	Bucket string
	Count  int
}

// Inspection is what Inspect found.
type Inspection struct {
	// State is what the file says of itself, Sum what its records add up to.
	State State
	Sum   Sum
	// ID names the file, as Store.ID.
	ID       string
	Problems []Problem
}

// inspector counts what is wrong in one view.
type inspector struct {
	v     *View
	found map[Problem]int
	sum   Sum
	// records and entries are counted like those of State.
	records, entries uint64
	// logins and owned are the digests of the lines of bucket logins, and of those
	// that the accounts ask for.
	logins, owned Sum
	visit         func(Record) error
}

// Inspect reads every record of a registry, opened in any way, and goes on behind
// what is damaged. visit gets each sound replicated record, which is its own; an
// error of it, of the disk, or the end of ctx ends the reading. What is wrong with
// the content is in the Inspection.
func (s *Store) Inspect(ctx context.Context, visit func(Record) error) (out Inspection, err error) {
	v, err := s.View()
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	in := &inspector{v: v, found: map[Problem]int{}, visit: visit}
	for range v.tx.Check() { // its texts hold keys
		in.note(FlawPages, "")
	}
	for _, b := range buckets() {
		if err := in.bucket(ctx, b); err != nil {
			return out, err
		}
	}
	in.strangers()
	if in.logins != in.owned {
		in.note(FlawLogin, bucketLogins.name)
	}
	if st := v.state; in.sum != st.Hash || in.records != st.Records || in.entries != st.Entries {
		in.note(FlawSum, "")
	}
	if _, err := v.touchedSince(v.state.Index); err != nil {
		in.note(FlawTouched, string(touchedBucket))
	}
	out = Inspection{State: v.state, Sum: in.sum, ID: s.ID()}
	for p, n := range in.found {
		p.Count = n
		out.Problems = append(out.Problems, p)
	}
	slices.SortFunc(out.Problems, func(a, b Problem) int {
		return bytes.Compare([]byte(a.Bucket+"\x00"+string(a.Flaw)), []byte(b.Bucket+"\x00"+string(b.Flaw)))
	})
	return out, nil
}

func (in *inspector) note(f Flaw, bucket string) { in.found[Problem{Flaw: f, Bucket: bucket}]++ }

func (in *inspector) bucket(ctx context.Context, b bucket) error {
	bb := in.v.tx.Bucket([]byte(b.name))
	if bb == nil {
		return nil
	}
	c := bb.Cursor()
	for k, sealed := c.First(); k != nil; k, sealed = c.Next() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("inspect registry: %w", err)
		}
		r, err := in.v.open(b, k, sealed)
		if err != nil {
			in.note(FlawValue, b.name)
			continue
		}
		if b.derived {
			in.logins.Add(r)
			continue
		}
		in.sum.Add(r)
		in.records++
		if b.name == bucketEntries.name {
			in.entries++
		}
		if fk, err := in.v.g.fileKey(b, r.Key); err != nil || !bytes.Equal(fk, k) {
			in.note(FlawKey, b.name)
			continue
		}
		key, err := in.decode(b, r)
		switch {
		case err != nil:
			in.note(FlawRecord, b.name)
		case !bytes.Equal(key, r.Key):
			in.note(FlawKey, b.name)
		case in.visit != nil:
			if err := in.visit(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// strangers counts buckets that no release makes.
func (in *inspector) strangers() {
	c := in.v.tx.Cursor()
	for name, _ := c.First(); name != nil; name, _ = c.Next() {
		_, ok := bucketByName(string(name))
		if !ok && !bytes.Equal(name, metaBucket) && !bytes.Equal(name, touchedBucket) {
			in.note(FlawBucket, "")
		}
	}
}

// decode reads a record as what its bucket holds and gives the key that belongs to
// it.
func (in *inspector) decode(b bucket, r Record) (key []byte, err error) {
	switch b.name {
	case bucketEntries.name:
		x, err := decodeAs[watchlist.Entry](b, r)
		return []byte(x.ID), err
	case bucketUsers.name:
		x, err := decodeAs[watchlist.User](b, r)
		in.owned.Add(Record{Bucket: bucketLogins.name, Key: []byte(x.Login), Value: []byte(x.ID)})
		return []byte(x.ID), err
	case bucketSessions.name:
		x, err := decodeAs[watchlist.Session](b, r)
		return []byte(x.TokenHash), err
	case bucketAPIKeys.name:
		x, err := decodeAs[watchlist.APIKey](b, r)
		return []byte(x.ID), err
	case bucketMembers.name:
		x, err := decodeAs[watchlist.Member](b, r)
		return []byte(x.ID), err
	case bucketTokens.name:
		x, err := decodeAs[command.TokenPut](b, r)
		return x.Hash, err
	case bucketReports.name:
		x, err := decodeAs[watchlist.ReportedDocument](b, r)
		return []byte(x.ID), err
	case bucketCalibrations.name:
		x, err := decodeAs[watchlist.CalibrationDecision](b, r)
		return binary.BigEndian.AppendUint64(nil, x.Number), err
	case bucketFamilies.name:
		x, err := decodeAs[watchlist.FamilyChange](b, r)
		return binary.BigEndian.AppendUint64(nil, x.Number), err
	default:
		return in.decodeOwn(b, r)
	}
}

// decodeOwn is decode for what only the state machine reads.
func (in *inspector) decodeOwn(b bucket, r Record) (key []byte, err error) {
	switch b.name {
	case bucketCluster.name:
		if bytes.Equal(r.Key, keySetup) {
			_, err = decodeAs[command.ClusterSetup](b, r)
		} else if !bytes.Equal(r.Key, keyClock) || len(r.Value) != 8 {
			err = errors.New("unknown record")
		}
		return r.Key, err
	case bucketBatches.name:
		x, err := decodeAs[watchlist.Batch](b, r)
		return []byte(x.ID), err
	case bucketIdem.name:
		_, err = decodeAs[Idem](b, r)
		return r.Key, err
	case bucketUndo.name:
		x, err := decodeAs[Undo](b, r)
		return ownUndoKey(r.Key, x.Entry), err
	case bucketReportUndo.name:
		x, err := decodeAs[ReportUndo](b, r)
		return ownUndoKey(r.Key, x.Report), err
	case bucketExpiry.name:
		x, err := decodeAs[Due](b, r)
		if err == nil {
			err = x.setKey(r.Key)
		}
		return r.Key, err
	default:
		return nil, errUnknownBucket
	}
}

var errUnknownBucket = errors.New("no record of this bucket is known")

// ownUndoKey is the key that a record of bucket undo belongs under.
func ownUndoKey[ID ~string](key []byte, id ID) []byte {
	batch, _, err := splitUndoKey(key)
	if err != nil {
		return nil
	}
	return undoKey(watchlist.BatchID(batch), id)
}
