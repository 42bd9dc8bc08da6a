package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vigie/watchlist"
)

// loadChunk is how many records Replace writes per transaction.
const loadChunk = 4096

// Replace puts a whole new state in place of the present one. fill hands over
// every record and then returns the state that they must add up to. The records
// go to a new file beside the old; once it is complete, checked and on the disk,
// one rename makes it the registry, so that a crash leaves the old or the new
// state and never a mix. Readers go on with the old state meanwhile. On any
// error the old state stays.
func (s *Store) Replace(fill func(add func(Record) error) (State, error)) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	old := s.current.Load()
	if old == nil {
		return ErrClosed
	}
	path := s.path + newSuffix
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("registry: replace: %w", err)
	}
	g, err := openGeneration(path, s.sealer)
	if err != nil {
		return err
	}
	if err := g.fill(fill); err != nil {
		return errors.Join(fmt.Errorf("registry: replace: %w", err), g.db.Close(), os.Remove(path))
	}
	if err := os.Rename(path, s.path); err != nil {
		return errors.Join(fmt.Errorf("registry: replace: %w", err), g.db.Close(), os.Remove(path))
	}
	// From here the new file is the registry: go on with it whatever follows.
	s.current.Store(g)
	return errors.Join(syncDir(s.path), old.release())
}

// fill loads an empty generation, checks it and brings it to the disk.
func (g *generation) fill(fill func(add func(Record) error) (State, error)) error {
	g.db.NoSync = true
	l := &loader{g: g}
	want, err := fill(l.add)
	if err != nil {
		return errors.Join(err, l.rollback())
	}
	if err := l.begin(); err != nil {
		return err
	}
	got := l.tx.state
	if got.Hash != want.Hash || got.Records != want.Records || got.Entries != want.Entries {
		return errors.Join(fmt.Errorf("the records do not add up to the state hash: %w", ErrCorrupt), l.rollback())
	}
	if err := errors.Join(g.putState(l.tx.tx, want), g.resetTouched(l.tx.tx, want.Index)); err != nil {
		return errors.Join(err, l.rollback())
	}
	if err := l.tx.tx.Commit(); err != nil {
		return err
	}
	if err := g.db.Sync(); err != nil {
		return err
	}
	g.db.NoSync = false
	g.state.Store(&want)
	return nil
}

// loader writes records in transactions of loadChunk.
type loader struct {
	g     *generation
	tx    *Tx
	state State
	n     int
}

func (l *loader) begin() error {
	if l.tx != nil {
		return nil
	}
	btx, err := l.g.db.Begin(true)
	if err != nil {
		return err
	}
	l.tx = &Tx{View: View{tx: btx, g: l.g, state: l.state}}
	btx.Bucket([]byte(bucketEntries.name)).FillPercent = fillPercent
	return nil
}

func (l *loader) add(r Record) error {
	b, ok := bucketByName(r.Bucket)
	if !ok || b.derived {
		return errors.New("record of an unknown bucket")
	}
	if err := l.begin(); err != nil {
		return err
	}
	if _, twice, err := l.tx.get(b, r.Key); err != nil || twice {
		return errors.Join(err, fmt.Errorf("bucket %s: a record occurs twice or has a bad key", b.name))
	}
	if err := l.tx.put(b, r.Key, r.Value); err != nil {
		return err
	}
	if b.name == bucketUsers.name {
		u, err := decodeAs[watchlist.User](b, r)
		if err != nil {
			return err
		}
		if err := l.tx.put(bucketLogins, []byte(u.Login), []byte(u.ID)); err != nil {
			return err
		}
	}
	if l.n++; l.n%loadChunk != 0 {
		return nil
	}
	l.state = l.tx.state
	tx := l.tx.tx
	l.tx = nil
	return tx.Commit()
}

func (l *loader) rollback() error {
	if l.tx == nil {
		return nil
	}
	return l.tx.tx.Rollback()
}

// Verify reads every record and compares what they add up to with the stored
// state hash and counts. It gives ErrCorrupt when they differ, and stops early
// when ctx ends. It runs beside everything else.
func (s *Store) Verify(ctx context.Context) error {
	v, err := s.View()
	if err != nil {
		return err
	}
	return errors.Join(v.verify(ctx), v.Close())
}

func (v *View) verify(ctx context.Context) error {
	var sum Sum
	var records, entries uint64
	for r, err := range v.Records() {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		sum.Add(r)
		records++
		if r.Bucket == bucketEntries.name {
			entries++
		}
	}
	if st := v.state; sum != st.Hash || records != st.Records || entries != st.Entries {
		return fmt.Errorf("registry: the records do not add up to the state hash: %w", ErrCorrupt)
	}
	return nil
}
