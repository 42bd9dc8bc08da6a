package registry

import (
	"encoding/binary"
	"errors"
	"fmt"

	"vigie/watchlist"
	"vigie/watchlist/command"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// fillPercent packs entry pages well: ids rise with time, so pages are filled
// from left to right.
const fillPercent = 0.9

// Tx is one change of the registry. It reads its own writes. It is valid within
// the function given to Update, on its goroutine.
type Tx struct {
	View
	// index is the raft index that entries are written at.
	index   uint64
	touched touched
}

// Update runs fn and makes its changes, the raft position and the state hash
// durable together, or, when fn or the disk fails, nothing. It fails with
// ErrApplied when index is not past the applied one. When it returns, reads see
// the change.
func (s *Store) Update(index, term uint64, fn func(*Tx) error) (err error) {
	s.writer.Lock()
	defer s.writer.Unlock()
	g := s.current.Load()
	if g == nil {
		return ErrClosed
	}
	btx, err := g.db.Begin(true)
	if err != nil {
		return fmt.Errorf("registry: begin: %w", err)
	}
	defer func() {
		// After a commit there is nothing to roll back.
		if rerr := btx.Rollback(); rerr != nil && !errors.Is(rerr, bolterrors.ErrTxClosed) {
			err = errors.Join(err, rerr)
		}
	}()
	st, err := g.getState(btx)
	if err != nil {
		return err
	}
	if index <= st.Index {
		return fmt.Errorf("registry: index %d, applied %d: %w", index, st.Index, ErrApplied)
	}
	tx := &Tx{View: View{tx: btx, g: g, state: st}, index: index}
	if err := tx.beginTouched(); err != nil {
		return fmt.Errorf("registry bucket touched: %w", err)
	}
	btx.Bucket([]byte(bucketEntries.name)).FillPercent = fillPercent
	if err := fn(tx); err != nil {
		return err
	}
	tx.state.Index, tx.state.Term = index, term
	if err := g.putState(btx, tx.state); err != nil {
		return fmt.Errorf("registry: position: %w", err)
	}
	if err := tx.endTouched(); err != nil {
		return err
	}
	end := s.watch(true)
	err = btx.Commit()
	end(err)
	if err != nil {
		return fmt.Errorf("registry: commit: %w", err)
	}
	done := tx.state
	g.state.Store(&done)
	return nil
}

// put stores a record and keeps the state hash and the counts.
func (t *Tx) put(b bucket, key, value []byte) error {
	fk, err := t.g.fileKey(b, key)
	if err != nil {
		return err
	}
	bb := t.tx.Bucket([]byte(b.name))
	if bb == nil {
		if bb, err = extend(t.tx, b); err != nil {
			return fmt.Errorf("registry bucket %s: %w", b.name, err)
		}
	}
	if err := t.forget(b, bb, fk); err != nil {
		return err
	}
	plain := value
	if b.hidden {
		plain = append(prefixed(key), value...)
	}
	sealed, err := t.g.sealer.Seal(plain, associated(b.name, fk))
	if err != nil {
		return fmt.Errorf("registry bucket %s: %w", b.name, err)
	}
	if err := bb.Put(fk, sealed); err != nil {
		return fmt.Errorf("registry bucket %s: %w", b.name, err)
	}
	if !b.derived {
		t.state.Hash.Add(Record{Bucket: b.name, Key: key, Value: value})
		t.state.Records++
	}
	if b.name == bucketEntries.name {
		t.state.Entries++
	}
	return nil
}

// drop removes a record; there may be none.
func (t *Tx) drop(b bucket, key []byte) error {
	fk, err := t.g.fileKey(b, key)
	if err != nil {
		return err
	}
	bb := t.tx.Bucket([]byte(b.name))
	if err := t.forget(b, bb, fk); err != nil {
		return err
	}
	if err := bb.Delete(fk); err != nil {
		return fmt.Errorf("registry bucket %s: %w", b.name, err)
	}
	return nil
}

// forget takes the stored record out of the state hash and the counts.
func (t *Tx) forget(b bucket, bb *bolt.Bucket, fileKey []byte) error {
	old := bb.Get(fileKey)
	if old == nil {
		return nil
	}
	if !b.derived {
		r, err := t.open(b, fileKey, old)
		if err != nil {
			return err
		}
		t.state.Hash.Sub(r)
		t.state.Records--
	}
	if b.name == bucketEntries.name {
		t.state.Entries--
	}
	return nil
}

func (t *Tx) putAs(b bucket, key []byte, v any) error {
	value, err := command.Marshal(v)
	if err != nil {
		return fmt.Errorf("registry bucket %s: %w", b.name, err)
	}
	return t.put(b, key, value)
}

// At says which raft index the entries that follow are written at: that of
// their command, up to the index given to Update, which is the default.
func (t *Tx) At(index uint64) { t.index = index }

// PutEntry stores an entry under its id.
func (t *Tx) PutEntry(e *watchlist.Entry) error {
	if err := t.putAs(bucketEntries, []byte(e.ID), e); err != nil {
		return err
	}
	return t.touch(e.ID)
}

// PutUser stores an account and moves its login. The caller has checked that no
// other account holds the login.
func (t *Tx) PutUser(u watchlist.User) error {
	old, err := t.User(u.ID)
	switch {
	case err == nil && old.Login != u.Login:
		if err := t.drop(bucketLogins, []byte(old.Login)); err != nil {
			return err
		}
	case err != nil && !errors.Is(err, watchlist.ErrNotFound):
		return err
	}
	if err := t.put(bucketLogins, []byte(u.Login), []byte(u.ID)); err != nil {
		return err
	}
	return t.putAs(bucketUsers, []byte(u.ID), u)
}

// PutSession stores a session under its token hash.
func (t *Tx) PutSession(s watchlist.Session) error {
	return t.putAs(bucketSessions, []byte(s.TokenHash), s)
}

// DropSession removes a session; there may be none.
func (t *Tx) DropSession(tokenHash string) error { return t.drop(bucketSessions, []byte(tokenHash)) }

// PutAPIKey stores an API key under its id.
func (t *Tx) PutAPIKey(k watchlist.APIKey) error { return t.putAs(bucketAPIKeys, []byte(k.ID), k) }

// PutMember stores a node's record.
func (t *Tx) PutMember(m watchlist.Member) error { return t.putAs(bucketMembers, []byte(m.ID), m) }

// DropMember removes a node's record; there may be none.
func (t *Tx) DropMember(id watchlist.NodeID) error { return t.drop(bucketMembers, []byte(id)) }

// PutToken stores a join token under its hash.
func (t *Tx) PutToken(k command.TokenPut) error { return t.putAs(bucketTokens, k.Hash, k) }

// DropToken removes a join token; there may be none.
func (t *Tx) DropToken(hash []byte) error { return t.drop(bucketTokens, hash) }

// PutCluster stores what the cluster was set up with.
func (t *Tx) PutCluster(c command.ClusterSetup) error { return t.putAs(bucketCluster, keySetup, c) }

// PutCalibration stores a calibration decision under its number.
func (t *Tx) PutCalibration(d watchlist.CalibrationDecision) error {
	return t.putAs(bucketCalibrations, binary.BigEndian.AppendUint64(nil, d.Number), d)
}

// PutClock stores the highest stamped time.
func (t *Tx) PutClock(ms int64) error {
	return t.put(bucketCluster, keyClock, binary.BigEndian.AppendUint64(nil, uint64(ms)))
}

// PutIdem stores what an idempotency key remembers and returns its key for the
// expiry queue.
func (t *Tx) PutIdem(actor, key string, r Idem) ([]byte, error) {
	k := idemKey(actor, key)
	return k, t.putAs(bucketIdem, k, r)
}

// DropIdem removes an idempotency record by the key of its queue line.
func (t *Tx) DropIdem(key []byte) error { return t.drop(bucketIdem, key) }

// PutBatch stores the record of an import.
func (t *Tx) PutBatch(b watchlist.Batch) error { return t.putAs(bucketBatches, []byte(b.ID), b) }

// DropBatch removes the record of an import; its Undo records must be gone.
func (t *Tx) DropBatch(id watchlist.BatchID) error { return t.drop(bucketBatches, []byte(id)) }

// PutUndo stores what a batch remembers of one entry.
func (t *Tx) PutUndo(batch watchlist.BatchID, u Undo) error {
	return t.putAs(bucketUndo, undoKey(batch, u.Entry), u)
}

// DropUndo forgets what a batch remembers of one entry.
func (t *Tx) DropUndo(batch watchlist.BatchID, id watchlist.EntryID) error {
	return t.drop(bucketUndo, undoKey(batch, id))
}

// PutReport stores a reported document under its id.
func (t *Tx) PutReport(r *watchlist.ReportedDocument) error {
	return t.putAs(bucketReports, []byte(r.ID), r)
}

// PutReportUndo stores what a batch remembers of one report.
func (t *Tx) PutReportUndo(batch watchlist.BatchID, u ReportUndo) error {
	return t.putAs(bucketReportUndo, undoKey(batch, u.Report), u)
}

// DropReportUndo forgets what a batch remembers of one report. There must be
// some.
func (t *Tx) DropReportUndo(batch watchlist.BatchID, id watchlist.ReportID) error {
	return t.drop(bucketReportUndo, undoKey(batch, id))
}

// Enqueue adds a line to the expiry queue.
func (t *Tx) Enqueue(d Due) error { return t.putAs(bucketExpiry, d.key(), d) }

// Dequeue removes a line from the expiry queue.
func (t *Tx) Dequeue(d Due) error { return t.drop(bucketExpiry, d.key()) }

// NextDue gives the first line of the expiry queue whose time is not after now,
// and whether there is one.
func (t *Tx) NextDue(now int64) (Due, bool, error) {
	k, sealed := t.tx.Bucket([]byte(bucketExpiry.name)).Cursor().First()
	if k == nil {
		return Due{}, false, nil
	}
	var d Due
	if err := d.setKey(k); err != nil {
		return Due{}, false, err
	}
	if d.At > now {
		return Due{}, false, nil
	}
	r, err := t.open(bucketExpiry, k, sealed)
	if err != nil {
		return Due{}, false, err
	}
	at := d
	if d, err = decodeAs[Due](bucketExpiry, r); err != nil {
		return Due{}, false, err
	}
	d.At, d.Index, d.Seq = at.At, at.Index, at.Seq
	return d, true, nil
}
