package registry

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/command"

	bolt "go.etcd.io/bbolt"
)

// The touched bucket lists which entry was written at which raft index, so that
// a derived index with files of its own can catch up instead of starting over.
// It belongs to this file alone: neither in snapshots nor in the state hash. A
// line's key is the raft index, big-endian, and the entry id; its value is
// empty.
var (
	touchedBucket = []byte("touched")
	metaTouched   = []byte("touched")
)

// The most lines kept: one per entry, but within these bounds.
const (
	minTouched = 1 << 10
	maxTouched = 1 << 18
)

// touched says what the lines are worth. It is sealed in meta and written with
// every position: a release that does not know the lines writes positions
// without it, which shows.
type touched struct {
	// At is the position that the lines go up to.
	At uint64 `cbor:"1,keyasint"`
	// Since is the index from which on no line is missing: lines have higher ones.
	Since uint64 `cbor:"2,keyasint"`
	// Lines counts the lines, and Sum adds them up as a state hash does, so that a
	// damaged or vanished line shows.
	Lines uint64 `cbor:"3,keyasint"`
	Sum   Sum    `cbor:"4,keyasint"`
}

func touchedKey(index uint64, id watchlist.EntryID) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(id)), index), id...)
}

func touchedLine(key []byte) Record { return Record{Bucket: string(touchedBucket), Key: key} }

// loadTouched reads what the lines are worth at a position; ok is false when
// they are worth nothing.
func (g *generation) loadTouched(tx *bolt.Tx, position uint64) (t touched, ok bool) {
	sealed := tx.Bucket(metaBucket).Get(metaTouched)
	if sealed == nil || tx.Bucket(touchedBucket) == nil {
		return touched{}, false
	}
	plain, err := g.sealer.Open(sealed, metaAD(metaTouched))
	if err != nil || command.Unmarshal(plain, &t) != nil || t.At != position {
		return touched{}, false
	}
	return t, true
}

// resetTouched begins an empty list at a position.
func (g *generation) resetTouched(tx *bolt.Tx, position uint64) error {
	if tx.Bucket(touchedBucket) != nil {
		if err := tx.DeleteBucket(touchedBucket); err != nil {
			return err
		}
	}
	if _, err := tx.CreateBucket(touchedBucket); err != nil {
		return err
	}
	return g.putTouched(tx, touched{At: position, Since: position})
}

func (g *generation) putTouched(tx *bolt.Tx, t touched) error {
	b, err := command.Marshal(t)
	if err != nil {
		return err
	}
	sealed, err := g.sealer.Seal(b, metaAD(metaTouched))
	if err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(metaTouched, sealed)
}

// beginTouched makes the list ready for the lines of a transaction. A file of an
// earlier release, one that such a release wrote to since, and one whose lines
// were found damaged get a new one.
func (t *Tx) beginTouched() error {
	var ok bool
	if t.touched, ok = t.g.loadTouched(t.tx, t.state.Index); ok && !t.g.torn.Swap(false) {
		return nil
	}
	t.touched = touched{At: t.state.Index, Since: t.state.Index}
	return t.g.resetTouched(t.tx, t.state.Index)
}

// touch notes that an entry was written at the transaction's present index.
func (t *Tx) touch(id watchlist.EntryID) error {
	key := touchedKey(t.index, id)
	b := t.tx.Bucket(touchedBucket)
	if b.Get(key) != nil {
		return nil
	}
	b.FillPercent = fillPercent
	if err := b.Put(key, []byte{}); err != nil {
		return fmt.Errorf("registry bucket touched: %w", err)
	}
	t.touched.Sum.Add(touchedLine(key))
	t.touched.Lines++
	return nil
}

// endTouched drops the oldest lines beyond the bound and stores what the lines
// are worth at the transaction's end.
func (t *Tx) endTouched() error {
	most := min(max(t.state.Entries, minTouched), maxTouched)
	b := t.tx.Bucket(touchedBucket)
	for t.touched.Lines > most {
		key, _ := b.Cursor().First()
		if len(key) < 8 {
			return t.g.resetTouched(t.tx, t.state.Index)
		}
		t.touched.Since = binary.BigEndian.Uint64(key)
		t.touched.Sum.Sub(touchedLine(key))
		t.touched.Lines--
		if err := b.Delete(bytes.Clone(key)); err != nil {
			return fmt.Errorf("registry bucket touched: %w", err)
		}
	}
	t.touched.At = t.state.Index
	return t.g.putTouched(t.tx, t.touched)
}

// ID names the file that holds the state. Another one takes its place when a
// restored state replaces it, and no two files share one. "" once closed.
func (s *Store) ID() string {
	g := s.current.Load()
	if g == nil {
		return ""
	}
	return hex.EncodeToString(g.hide("file", nil)[:16])
}

// ChangedSince lists the entries that were written after raft index since, each
// once, as it is when the iterator comes to it, in the order in which they were
// written last; Change.Index is the raft index of that. ok is false when the
// store can't tell: the file is younger, or has dropped the lines of so long
// ago, or since lies ahead. The iterator stops after an error.
func (s *Store) ChangedSince(since uint64) (changes iter.Seq2[watchlist.Change, error], ok bool) {
	list, err := read(s, func(v *View) ([]watchlist.Change, error) { return v.touchedSince(since) })
	if err != nil {
		return nil, false
	}
	return func(yield func(watchlist.Change, error) bool) {
		for _, c := range list {
			e, err := s.Entry(c.ID)
			if errors.Is(err, watchlist.ErrNotFound) {
				e, err = nil, nil
			}
			c.Entry = e
			if !yield(c, err) || err != nil {
				return
			}
		}
	}, true
}

var errUntold = errors.New("the registry does not know what changed since")

// touchedSince lists, without the entries themselves, what was written after
// since. All lines are checked first.
func (v *View) touchedSince(since uint64) ([]watchlist.Change, error) {
	st, err := v.g.getState(v.tx)
	if err != nil {
		return nil, err
	}
	t, ok := v.g.loadTouched(v.tx, st.Index)
	if !ok || since < t.Since || since > st.Index {
		return nil, errUntold
	}
	var list []watchlist.Change
	last := map[watchlist.EntryID]uint64{}
	var found touched
	c := v.tx.Bucket(touchedBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		found.Sum.Add(touchedLine(k))
		found.Lines++
		if len(k) < 8 {
			continue // not ours: the sum will tell
		}
		if index := binary.BigEndian.Uint64(k); index > since {
			id := watchlist.EntryID(k[8:])
			list, last[id] = append(list, watchlist.Change{ID: id, Index: index}), index
		}
	}
	if found.Lines != t.Lines || found.Sum != t.Sum {
		v.g.torn.Store(true)
		return nil, errUntold
	}
	return slices.DeleteFunc(list, func(c watchlist.Change) bool { return last[c.ID] != c.Index }), nil
}
