package registry

import (
	"errors"
	"iter"

	"vigie/watchlist/command"

	bolt "go.etcd.io/bbolt"
)

// View is the registry at one moment: what it shows does not change while
// commands go on being applied. It holds disk space back until it is closed and
// is for one goroutine at a time. Taking one costs the same at any size.
type View struct {
	tx    *bolt.Tx
	g     *generation
	state State
}

// View takes a view of the present state. The caller must close it.
func (s *Store) View() (*View, error) {
	v, err := s.begin()
	if err != nil {
		return nil, err
	}
	if v.state, err = v.g.getState(v.tx); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// begin is View without the state.
func (s *Store) begin() (*View, error) {
	g, err := s.acquire()
	if err != nil {
		return nil, err
	}
	tx, err := g.db.Begin(false)
	if err != nil {
		return nil, errors.Join(err, g.release())
	}
	return &View{tx: tx, g: g}, nil
}

// Close ends the view. It may be called once.
func (v *View) Close() error {
	return errors.Join(v.tx.Rollback(), v.g.release())
}

// State is where the store stood when the view was taken.
func (v *View) State() State { return v.state }

// Records iterates over all replicated records in plain, bucket by bucket. The
// order within a bucket differs between nodes. Values are the caller's.
func (v *View) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, b := range buckets() {
			if b.derived {
				continue
			}
			for r, err := range v.scan(b, nil) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// scan iterates over one bucket in the order of the file's keys, from the first
// key that is not before from. It stops after an error.
func (v *View) scan(b bucket, from []byte) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		bb := v.tx.Bucket([]byte(b.name))
		if bb == nil {
			return // of a format that the file has not reached
		}
		c := bb.Cursor()
		for k, sealed := c.Seek(from); k != nil; k, sealed = c.Next() {
			r, err := v.open(b, k, sealed)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// open turns a stored value into its record.
func (v *View) open(b bucket, fileKey, sealed []byte) (Record, error) {
	plain, err := v.g.sealer.Open(sealed, associated(b.name, fileKey))
	if err != nil {
		return Record{}, corrupt(b, err)
	}
	if !b.hidden {
		return Record{Bucket: b.name, Key: append([]byte(nil), fileKey...), Value: plain}, nil
	}
	key, value, ok := cutPrefixed(plain)
	if !ok {
		return Record{}, corrupt(b, errors.New("value without its key"))
	}
	return Record{Bucket: b.name, Key: key, Value: value}, nil
}

// get reads one record, or reports that there is none.
func (v *View) get(b bucket, key []byte) (Record, bool, error) {
	if len(key) == 0 {
		return Record{}, false, nil
	}
	fk, err := v.g.fileKey(b, key)
	if err != nil {
		return Record{}, false, err
	}
	bb := v.tx.Bucket([]byte(b.name))
	if bb == nil {
		return Record{}, false, nil
	}
	sealed := bb.Get(fk)
	if sealed == nil {
		return Record{}, false, nil
	}
	r, err := v.open(b, fk, sealed)
	return r, err == nil, err
}

// getAs reads and decodes one record, or gives watchlist.ErrNotFound.
func getAs[T any](v *View, b bucket, key []byte) (T, error) {
	var out T
	r, ok, err := v.get(b, key)
	if err != nil {
		return out, err
	}
	if !ok {
		return out, notFound(b)
	}
	return decodeAs[T](b, r)
}

func decodeAs[T any](b bucket, r Record) (T, error) {
	var out T
	if err := command.Unmarshal(r.Value, &out); err != nil {
		return out, corrupt(b, err)
	}
	return out, nil
}

// allAs reads and decodes a whole bucket.
func allAs[T any](v *View, b bucket) ([]T, error) {
	var out []T
	for r, err := range v.scan(b, nil) {
		if err != nil {
			return nil, err
		}
		x, err := decodeAs[T](b, r)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}
