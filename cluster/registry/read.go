package registry

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// read runs fn over a view that is closed afterwards.
func read[T any](s *Store, fn func(*View) (T, error)) (out T, err error) {
	v, err := s.begin()
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return fn(v)
}

// Position gives the last applied raft index, its term, and the state hash in
// hexadecimal; zeros and "" once closed.
func (s *Store) Position() (index, term uint64, stateHash string) {
	g := s.current.Load()
	if g == nil {
		return 0, 0, ""
	}
	st := g.state.Load()
	return st.Index, st.Term, st.Hash.String()
}

// Count gives the number of entries of any status, 0 once closed.
func (s *Store) Count() int {
	g := s.current.Load()
	if g == nil {
		return 0
	}
	return int(g.state.Load().Entries)
}

// Entry gives one entry, or watchlist.ErrNotFound.
func (s *Store) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	return read(s, func(v *View) (*watchlist.Entry, error) { return v.Entry(id) })
}

// Entries gives up to limit entries whose ids come after the given one, in the
// order of ids, leaving out those that keep refuses (nil keeps all). The second
// result is the place to go on from, "" at the end.
func (s *Store) Entries(after watchlist.EntryID, limit int, keep func(*watchlist.Entry) bool) (list []*watchlist.Entry, next watchlist.EntryID, err error) {
	v, err := s.begin()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	c := v.tx.Bucket([]byte(bucketEntries.name)).Cursor()
	k, sealed := c.Seek([]byte(after))
	if k != nil && string(k) == string(after) {
		k, sealed = c.Next()
	}
	for ; k != nil; k, sealed = c.Next() {
		if len(list) >= limit {
			if len(list) == 0 {
				return nil, after, nil
			}
			return list, list[len(list)-1].ID, nil
		}
		r, err := v.open(bucketEntries, k, sealed)
		if err != nil {
			return nil, "", err
		}
		e, err := decodeAs[watchlist.Entry](bucketEntries, r)
		if err != nil {
			return nil, "", err
		}
		if keep == nil || keep(&e) {
			list = append(list, &e)
		}
	}
	return list, "", nil
}

// Each iterates over all entries of one moment, in the order of ids. It stops
// after an error.
func (s *Store) Each() iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		v, err := s.begin()
		if err != nil {
			yield(nil, err)
			return
		}
		// Closing a view that only read can't lose anything.
		defer func() { _ = v.Close() }()
		for e, err := range v.Each() {
			if !yield(e, err) {
				return
			}
		}
	}
}

// Each iterates over the entries of the view, in the order of ids. It stops
// after an error.
func (v *View) Each() iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for r, err := range v.scan(bucketEntries, nil) {
			if err != nil {
				yield(nil, err)
				return
			}
			e, err := decodeAs[watchlist.Entry](bucketEntries, r)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&e, nil) {
				return
			}
		}
	}
}

// Entry gives one entry, or watchlist.ErrNotFound.
func (v *View) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	e, err := getAs[watchlist.Entry](v, bucketEntries, []byte(id))
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// User gives one account, or watchlist.ErrNotFound.
func (s *Store) User(id watchlist.UserID) (watchlist.User, error) {
	return read(s, func(v *View) (watchlist.User, error) { return v.User(id) })
}

// User gives one account, or watchlist.ErrNotFound.
func (v *View) User(id watchlist.UserID) (watchlist.User, error) {
	return getAs[watchlist.User](v, bucketUsers, []byte(id))
}

// UserByLogin gives the account with that login (lower case), or
// watchlist.ErrNotFound.
func (s *Store) UserByLogin(login string) (watchlist.User, error) {
	return read(s, func(v *View) (watchlist.User, error) {
		id, err := v.LoginOwner(login)
		if err != nil {
			return watchlist.User{}, err
		}
		return v.User(id)
	})
}

// LoginOwner gives the account that holds a login, or watchlist.ErrNotFound.
func (v *View) LoginOwner(login string) (watchlist.UserID, error) {
	r, ok, err := v.get(bucketLogins, []byte(login))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", notFound(bucketLogins)
	}
	return watchlist.UserID(r.Value), nil
}

// Users lists the accounts by id.
func (s *Store) Users() ([]watchlist.User, error) {
	return sorted(s, bucketUsers, func(a, b watchlist.User) int { return cmp.Compare(a.ID, b.ID) })
}

// Session gives the session with that token hash, also when it is past its end,
// or watchlist.ErrNotFound.
func (s *Store) Session(tokenHash string) (watchlist.Session, error) {
	return read(s, func(v *View) (watchlist.Session, error) { return v.Session(tokenHash) })
}

// Session gives the session with that token hash, or watchlist.ErrNotFound.
func (v *View) Session(tokenHash string) (watchlist.Session, error) {
	return getAs[watchlist.Session](v, bucketSessions, []byte(tokenHash))
}

// SessionsOf gives the token hashes of a user's sessions, sorted.
func (v *View) SessionsOf(user watchlist.UserID) ([]string, error) {
	all, err := allAs[watchlist.Session](v, bucketSessions)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range all {
		if s.User == user {
			out = append(out, s.TokenHash)
		}
	}
	slices.Sort(out)
	return out, nil
}

// APIKey gives one API key, also when it is revoked or past its end, or
// watchlist.ErrNotFound.
func (s *Store) APIKey(id watchlist.KeyID) (watchlist.APIKey, error) {
	return read(s, func(v *View) (watchlist.APIKey, error) { return v.APIKey(id) })
}

// APIKey gives one API key, or watchlist.ErrNotFound.
func (v *View) APIKey(id watchlist.KeyID) (watchlist.APIKey, error) {
	return getAs[watchlist.APIKey](v, bucketAPIKeys, []byte(id))
}

// APIKeys lists the API keys by id.
func (s *Store) APIKeys() ([]watchlist.APIKey, error) {
	return sorted(s, bucketAPIKeys, func(a, b watchlist.APIKey) int { return cmp.Compare(a.ID, b.ID) })
}

// Member gives the record of one node, or watchlist.ErrNotFound.
func (s *Store) Member(id watchlist.NodeID) (watchlist.Member, error) {
	return read(s, func(v *View) (watchlist.Member, error) { return v.Member(id) })
}

// Member gives the record of one node, or watchlist.ErrNotFound.
func (v *View) Member(id watchlist.NodeID) (watchlist.Member, error) {
	return getAs[watchlist.Member](v, bucketMembers, []byte(id))
}

// Members lists the nodes by id.
func (s *Store) Members() ([]watchlist.Member, error) {
	return sorted(s, bucketMembers, func(a, b watchlist.Member) int { return cmp.Compare(a.ID, b.ID) })
}

// HasMembers reports whether any node is recorded.
func (v *View) HasMembers() bool {
	k, _ := v.tx.Bucket([]byte(bucketMembers.name)).Cursor().First()
	return k != nil
}

// Token gives a join token by the hash of its secret, or watchlist.ErrNotFound.
func (v *View) Token(hash []byte) (command.TokenPut, error) {
	return getAs[command.TokenPut](v, bucketTokens, hash)
}

// Cluster gives what the cluster was set up with, or watchlist.ErrNotFound.
func (s *Store) Cluster() (command.ClusterSetup, error) {
	return read(s, (*View).Cluster)
}

// Cluster gives what the cluster was set up with, or watchlist.ErrNotFound.
func (v *View) Cluster() (command.ClusterSetup, error) {
	return getAs[command.ClusterSetup](v, bucketCluster, keySetup)
}

// Calibrations lists the calibration decisions, oldest first; the last one is in
// force.
func (s *Store) Calibrations() ([]watchlist.CalibrationDecision, error) {
	return read(s, (*View).Calibrations)
}

// Calibrations lists the calibration decisions, oldest first.
func (v *View) Calibrations() ([]watchlist.CalibrationDecision, error) {
	return allAs[watchlist.CalibrationDecision](v, bucketCalibrations)
}

// Clock gives the highest stamped time of the applied commands, Unix
// milliseconds; 0 before the first. A leader stamps no earlier time.
func (s *Store) Clock() (int64, error) { return read(s, (*View).Clock) }

// Clock gives the highest stamped time of the applied commands.
func (v *View) Clock() (int64, error) {
	r, ok, err := v.get(bucketCluster, keyClock)
	if err != nil || !ok {
		return 0, err
	}
	if len(r.Value) != 8 {
		return 0, corrupt(bucketCluster, errors.New("malformed clock"))
	}
	return int64(binary.BigEndian.Uint64(r.Value)), nil
}

// Batch gives the record of one import, or watchlist.ErrNotFound.
func (s *Store) Batch(id watchlist.BatchID) (watchlist.Batch, error) {
	return read(s, func(v *View) (watchlist.Batch, error) { return v.Batch(id) })
}

// Batch gives the record of one import, or watchlist.ErrNotFound.
func (v *View) Batch(id watchlist.BatchID) (watchlist.Batch, error) {
	return getAs[watchlist.Batch](v, bucketBatches, []byte(id))
}

// Batches lists the imports that can still be undone, the newest first.
func (s *Store) Batches() ([]watchlist.Batch, error) {
	return sorted(s, bucketBatches, func(a, b watchlist.Batch) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}

// Undos gives up to limit of the entries that a batch wrote and that were not
// put back yet, in the order of entry ids.
func (v *View) Undos(batch watchlist.BatchID, limit int) ([]Undo, error) {
	var out []Undo
	prefix := v.g.hide(bucketUndo.name, []byte(batch))[:undoPrefix]
	c := v.tx.Bucket([]byte(bucketUndo.name)).Cursor()
	for k, sealed := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix) && len(out) < limit; k, sealed = c.Next() {
		r, err := v.open(bucketUndo, k, sealed)
		if err != nil {
			return nil, err
		}
		u, err := decodeAs[Undo](bucketUndo, r)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// Undo gives what a batch remembers of one entry, or watchlist.ErrNotFound.
func (v *View) Undo(batch watchlist.BatchID, id watchlist.EntryID) (Undo, error) {
	return getAs[Undo](v, bucketUndo, undoKey(batch, id))
}

// Idem gives what an idempotency key remembers, or watchlist.ErrNotFound.
func (v *View) Idem(actor, key string) (Idem, error) {
	return getAs[Idem](v, bucketIdem, idemKey(actor, key))
}

// IdemAt is Idem for the key of a queue line.
func (v *View) IdemAt(key []byte) (Idem, error) { return getAs[Idem](v, bucketIdem, key) }

func sorted[T any](s *Store, b bucket, by func(a, b T) int) ([]T, error) {
	return read(s, func(v *View) ([]T, error) {
		out, err := allAs[T](v, b)
		slices.SortFunc(out, by)
		return out, err
	})
}
