package fsm

import (
	"fmt"

	"vigie/cluster/registry"
	"vigie/watchlist"
)

// collect forgets what is past its time, at most maxCollect records per command,
// in the order of the expiry queue, which is the same on every node.
func (s *step) collect() error {
	for range maxCollect {
		d, ok, err := s.tx.NextDue(s.now)
		if err != nil || !ok {
			return err
		}
		later, done, err := s.expire(d)
		if err != nil {
			return err
		}
		if !done {
			// The line stays at the head, for the next command.
			return nil
		}
		if err := s.tx.Dequeue(d); err != nil {
			return err
		}
		if later > s.now {
			if err := s.queue(later, d.Bucket, d.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// expire removes the record of a queue line if it is due. later is when it will
// be, if its end moved; done is false when a part is left for the next time.
func (s *step) expire(d registry.Due) (later int64, done bool, err error) {
	switch d.Bucket {
	case registry.DueIdem:
		return s.expireIdem(d.Key)
	case registry.DueSession:
		return s.expireSession(string(d.Key))
	case registry.DueToken:
		return s.expireToken(d.Key)
	case registry.DueBatch:
		return s.expireBatch(watchlist.BatchID(d.Key))
	}
	return 0, false, fmt.Errorf("registry bucket expiry: %w: unknown line", registry.ErrCorrupt)
}

func (s *step) expireIdem(key []byte) (int64, bool, error) {
	r, err := s.tx.IdemAt(key)
	found, err := exists(err)
	// A key that was used again after its window has a line of its own.
	if err != nil || !found || r.At+IdemWindow > s.now {
		return 0, true, err
	}
	return 0, true, s.tx.DropIdem(key)
}

func (s *step) expireSession(hash string) (int64, bool, error) {
	r, err := s.tx.Session(hash)
	found, err := exists(err)
	if err != nil || !found || r.ExpiresAt > s.now {
		return r.ExpiresAt, true, err
	}
	return 0, true, s.tx.DropSession(hash)
}

func (s *step) expireToken(hash []byte) (int64, bool, error) {
	r, err := s.tx.Token(hash)
	found, err := exists(err)
	if err != nil || !found || r.ExpiresAt > s.now {
		return r.ExpiresAt, true, err
	}
	return 0, true, s.tx.DropToken(hash)
}

// expireBatch forgets the earlier versions that a batch kept, then the batch.
func (s *step) expireBatch(id watchlist.BatchID) (int64, bool, error) {
	b, err := s.tx.Batch(id)
	found, err := exists(err)
	if err != nil || !found || b.UndoUntil > s.now {
		return b.UndoUntil, true, err
	}
	list, err := s.tx.Undos(id, maxCollect)
	if err != nil {
		return 0, false, err
	}
	for _, u := range list {
		if err := s.tx.DropUndo(id, u.Entry); err != nil {
			return 0, false, err
		}
	}
	reports, err := s.tx.ReportUndos(id, maxCollect)
	if err != nil {
		return 0, false, err
	}
	for _, u := range reports {
		if err := s.tx.DropReportUndo(id, u.Report); err != nil {
			return 0, false, err
		}
	}
	if len(list) == maxCollect || len(reports) == maxCollect {
		return 0, false, nil
	}
	return 0, true, s.tx.DropBatch(id)
}
