package indextest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"vigie/watchlist"
)

// Index is what the raft apply goroutine needs of a derived index.
type Index interface {
	Apply(changes []watchlist.Change, index uint64) error
	Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error
	Applied() uint64
}

// Find searches x with the entry's own data (its names, faces or documents, as
// suits the index) and returns the ids found, best first. It must not cut the
// entry's own id away: ask for at least ten results and no threshold that an
// equal record fails. It is called from several goroutines at once.
type Find[T Index] func(ctx context.Context, x T, e *watchlist.Entry) ([]watchlist.EntryID, error)

// patience is how long a search may take before the suite calls it blocked.
const patience = 20 * time.Second

// Run holds the indexes that newIndex makes to the contract in the package
// comment. newIndex registers its own clean-up with the testing.TB.
func Run[T Index](t *testing.T, newIndex func(testing.TB) T, find Find[T]) {
	s := suite[T]{newIndex: newIndex, find: find}
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"Empty", s.empty},
		{"PutReplaceRemove", s.putReplaceRemove},
		{"SeveralChangesAtOnce", s.severalAtOnce},
		{"StatusDecides", s.statusDecides},
		{"Repeated", s.repeated},
		{"EntriesAlike", s.alike},
		{"NothingToIndex", s.nothingToIndex},
		{"RebuildReplacesAll", s.rebuildReplacesAll},
		{"RebuildFailsWhole", s.rebuildFailsWhole},
		{"RebuildEqualsHistory", s.rebuildEqualsHistory},
		{"ReadersDuringRebuild", s.readersDuringRebuild},
		{"ReadersRacingSwap", s.readersRacingSwap},
		{"ReadersDuringApply", s.readersDuringApply},
	} {
		t.Run(c.name, c.run)
	}
}

type suite[T Index] struct {
	newIndex func(testing.TB) T
	find     Find[T]
}

// found reports whether a search for e finds e's id.
func (s suite[T]) found(t testing.TB, x T, e *watchlist.Entry) bool {
	t.Helper()
	ids, err := s.search(x, e)
	if err != nil {
		t.Fatalf("search for %s: %v", e.ID, err)
	}
	return slices.Contains(ids, e.ID)
}

func (s suite[T]) search(x T, e *watchlist.Entry) ([]watchlist.EntryID, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.find(ctx, x, e)
}

// lead returns the first id that a search for e finds, or "".
func (s suite[T]) lead(t testing.TB, x T, e *watchlist.Entry) watchlist.EntryID {
	t.Helper()
	ids, err := s.search(x, e)
	if err != nil {
		t.Fatalf("search for %s: %v", e.ID, err)
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

func (s suite[T]) want(t testing.TB, x T, e *watchlist.Entry, want bool, when string) {
	t.Helper()
	if got := s.found(t, x, e); got != want {
		t.Errorf("%s: entry %s revision %d found = %v, want %v", when, e.ID, e.Revision, got, want)
	}
}

func apply[T Index](t testing.TB, x T, index uint64, changes ...watchlist.Change) {
	t.Helper()
	for i := range changes {
		changes[i].Index = index
	}
	if err := x.Apply(changes, index); err != nil {
		t.Fatalf("Apply at %d: %v", index, err)
	}
	if got := x.Applied(); got != index {
		t.Fatalf("Applied() = %d after Apply at %d", got, index)
	}
}

func put(e *watchlist.Entry) watchlist.Change    { return watchlist.Change{ID: e.ID, Entry: e} }
func remove(e *watchlist.Entry) watchlist.Change { return watchlist.Change{ID: e.ID} }

func rebuild[T Index](t testing.TB, x T, index uint64, entries ...*watchlist.Entry) {
	t.Helper()
	if err := x.Rebuild(each(entries), index); err != nil {
		t.Fatalf("Rebuild at %d: %v", index, err)
	}
	if got := x.Applied(); got != index {
		t.Fatalf("Applied() = %d after Rebuild at %d", got, index)
	}
}

func each(entries []*watchlist.Entry) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// failing yields the entries and then an error.
func failing(entries []*watchlist.Entry, err error) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for e := range each(entries) {
			if !yield(e, nil) {
				return
			}
		}
		yield(nil, err)
	}
}

func some(from, n int) []*watchlist.Entry {
	out := make([]*watchlist.Entry, n)
	for i := range out {
		out[i] = Entry(from+i, 1)
	}
	return out
}

var errRegistry = errors.New("the registry failed")
