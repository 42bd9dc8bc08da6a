package registry

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// plainSealer leaves bytes as they are.
type plainSealer struct{}

func (plainSealer) Seal(plain, _ []byte) ([]byte, error)  { return append([]byte{}, plain...), nil }
func (plainSealer) Open(sealed, _ []byte) ([]byte, error) { return append([]byte{}, sealed...), nil }

// TestInspectKnowsEveryBucket: a bucket that a later release adds must be decoded.
func TestInspectKnowsEveryBucket(t *testing.T) {
	in := &inspector{found: map[Problem]int{}}
	for _, b := range buckets() {
		if b.derived {
			continue
		}
		_, err := in.decode(b, Record{Bucket: b.name, Key: []byte("k"), Value: []byte{0xff}})
		if err == nil || errors.Is(err, errUnknownBucket) {
			t.Errorf("bucket %s: a junk record gives %v", b.name, err)
		}
	}
}

// TestInspectFlaws plants what seals and the state hash can't show.
func TestInspectFlaws(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*Tx) error
		want  []Problem
	}{
		"sound": {func(tx *Tx) error { return tx.PutUser(watchlist.User{ID: "u2", Login: "b"}) }, nil},
		"a login of nobody": {
			func(tx *Tx) error { return tx.put(bucketLogins, []byte("x"), []byte("u9")) },
			[]Problem{{FlawLogin, "logins", 1}},
		},
		"a login too few": {
			func(tx *Tx) error { return tx.drop(bucketLogins, []byte("a")) },
			[]Problem{{FlawLogin, "logins", 1}},
		},
		"an entry under another's id": {
			func(tx *Tx) error { return tx.putAs(bucketEntries, []byte("SEN-2"), &watchlist.Entry{ID: "SEN-3"}) },
			[]Problem{{FlawKey, "entries", 1}},
		},
		"no entry": {
			func(tx *Tx) error { return tx.put(bucketEntries, []byte("SEN-2"), []byte{0xff}) },
			[]Problem{{FlawRecord, "entries", 1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(filepath.Join(t.TempDir(), "registry.db"), plainSealer{})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Update(1, 1, func(tx *Tx) error {
				return errors.Join(tx.PutUser(watchlist.User{ID: "u1", Login: "a"}), tx.PutEntry(&watchlist.Entry{ID: "SEN-1"}), c.plant(tx))
			})
			if err != nil {
				t.Fatal(err)
			}
			in, err := s.Inspect(t.Context(), nil)
			if err != nil || !cmp.Equal(in.Problems, c.want) || in.Sum != in.State.Hash {
				t.Errorf("%+v, %v; want %+v", in, err, c.want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
