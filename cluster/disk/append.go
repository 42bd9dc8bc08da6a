package disk

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/types"
)

// StoreLog implements raft.LogStore.
func (l *Log) StoreLog(entry *raft.Log) error { return l.StoreLogs([]*raft.Log{entry}) }

// StoreLogs implements raft.LogStore. It returns within Limits.Hung: when the disk
// has not answered by then, with ErrHung. Raft counts the entries as not stored,
// a leader steps down; when the write ends after all, the entries are taken back
// before the next append. Nobody was told that they are stored, and raft would
// refuse others in their place.
func (l *Log) StoreLogs(logs []*raft.Log) error {
	if len(logs) == 0 {
		return nil
	}
	if l.released() {
		return errClosed
	}
	entries, err := sealed(logs)
	if err != nil {
		return err
	}
	l.mu.Lock()
	if l.out {
		l.mu.Unlock()
		return ErrHung
	}
	cut := l.cut
	l.cut = 0
	l.mu.Unlock()
	if cut != 0 {
		return l.replace(cut, entries)
	}
	if err := l.makeWay(entries[0].Index); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- l.append(entries) }()
	limit := time.NewTimer(l.m.limits.Hung)
	defer limit.Stop()
	select {
	case err := <-done:
		return l.ended(err)
	case <-limit.C:
	}
	l.mu.Lock()
	l.out = true
	l.mu.Unlock()
	go l.takeBack(done, entries[0].Index)
	return ErrHung
}

// makeWay drops the whole log when next leaves a gap behind it. Raft appends behind a
// gap only when a snapshot holds all that comes before; it drops the log then, but
// goes on when that fails, and raft-wal would refuse every append from there on.
func (l *Log) makeWay(next uint64) error {
	last, err := l.LastIndex()
	if err != nil || last == 0 || next <= last+1 {
		return err
	}
	first, err := l.FirstIndex()
	if err != nil {
		return err
	}
	return l.DeleteRange(first, last)
}

// append writes entries.
func (l *Log) append(entries []*raft.Log) error {
	err := l.with(func(w *wal.WAL) error { return w.StoreLogs(entries) })
	if errors.Is(err, types.ErrSealed) {
		// raft-wal could not begin its next file some time ago and never tries again.
		if err = l.reopen(); err == nil {
			err = l.with(func(w *wal.WAL) error { return w.StoreLogs(entries) })
		}
	}
	if err != nil {
		return fmt.Errorf("storing raft entries: %w", err)
	}
	return nil
}

// ended finishes an append that raft waited for. A mark that can't be written
// costs no promise: the entries are on the disk.
func (l *Log) ended(err error) error {
	if err != nil {
		return err
	}
	last, err := l.LastIndex()
	if err == nil {
		err = l.mark.raise(last)
	}
	if err != nil {
		l.logger.Warn("the log's mark could not be written", "error", err)
	}
	return nil
}

// takeBack waits for an append that raft gave up on and drops what it left.
func (l *Log) takeBack(done <-chan error, first uint64) {
	<-done
	for {
		last, err := l.LastIndex()
		if err == nil && last >= first {
			err = l.with(func(w *wal.WAL) error { return w.DeleteRange(first, last) })
		}
		if errors.Is(err, types.ErrSealed) {
			err = l.reopen()
			if err == nil {
				continue
			}
		}
		if err == nil {
			break
		}
		l.logger.Error("entries that nobody waited for could not be dropped yet", "error", err)
		if !l.pause() {
			break
		}
	}
	l.mu.Lock()
	l.out = false
	l.mu.Unlock()
}

// reopen replaces the files' handles by new ones, as a restart would.
func (l *Log) reopen() error {
	l.swap.Lock()
	defer l.swap.Unlock()
	if l.wal != nil {
		if err := l.wal.Close(); err != nil {
			l.logger.Warn("closing the log's files", "error", err)
		}
		l.wal = nil
	}
	for {
		w, err := l.open()
		if err == nil {
			l.wal = w
			return nil
		}
		l.logger.Error("the raft log can't be opened again yet", "error", err)
		if !l.pause() {
			return errClosed
		}
	}
}

// DeleteRange implements raft.LogStore. Dropping a conflicting end waits for the
// entries that replace it: raft believes that the end is still there when storing
// those fails, and would look for it for ever.
func (l *Log) DeleteRange(from, to uint64) error {
	first, err := l.FirstIndex()
	if err != nil {
		return err
	}
	last, err := l.LastIndex()
	if err != nil {
		return err
	}
	l.mu.Lock()
	out, later := l.out, from > first && to >= last && from <= last
	if !out && later {
		l.cut = from
	}
	l.mu.Unlock()
	if out {
		return ErrHung
	}
	if later {
		return nil
	}
	if to >= last { // nothing is left: a snapshot has taken its place
		if err := l.mark.lower(0); err != nil {
			return err
		}
	}
	end := l.m.Begin(true)
	err = l.with(func(w *wal.WAL) error { return w.DeleteRange(from, to) })
	end(err)
	return err
}

// replace drops a conflicting end and stores what comes in its place. Once the end
// is gone raft must not hear of a failure, so it waits for the disk: as a follower
// without a vote, while its searches go on. What was dropped was never committed:
// the leader that sent the replacement would hold it.
func (l *Log) replace(cut uint64, entries []*raft.Log) error {
	if err := l.mark.lower(cut - 1); err != nil {
		return err
	}
	for dropped := false; ; {
		err := l.drop(cut)
		dropped = dropped || err == nil
		if err == nil {
			err = l.append(entries)
		}
		if err == nil {
			return l.ended(nil)
		}
		if !dropped {
			l.restoreMark()
			return err
		}
		l.logger.Error("raft entries could not be stored yet", "error", err)
		if !l.pause() {
			return errClosed
		}
	}
}

// drop removes the entries from cut on, if they are still there.
func (l *Log) drop(cut uint64) error {
	last, err := l.LastIndex()
	if err != nil || last < cut {
		return err
	}
	end := l.m.Begin(true)
	err = l.with(func(w *wal.WAL) error { return w.DeleteRange(cut, last) })
	end(err)
	return err
}

func (l *Log) restoreMark() {
	if last, err := l.LastIndex(); err == nil {
		if err := l.mark.raise(last); err != nil {
			l.logger.Warn("the log's mark could not be written", "error", err)
		}
	}
}
