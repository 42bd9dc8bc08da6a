package indextest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"vigie/watchlist"
)

func (s suite[T]) empty(t *testing.T) {
	x := s.newIndex(t)
	if got := x.Applied(); got != 0 {
		t.Errorf("Applied() of a new index = %d, want 0", got)
	}
	s.want(t, x, Entry(1, 1), false, "new index")
	apply(t, x, 3)
	s.want(t, x, Entry(1, 1), false, "after an Apply of nothing")
	apply(t, x, 4, remove(Entry(1, 1)))
	rebuild(t, x, 5)
	s.want(t, x, Entry(1, 1), false, "after a Rebuild of nothing")
	apply(t, x, 6, put(Entry(1, 1)))
	s.want(t, x, Entry(1, 1), true, "first entry after an empty Rebuild")
}

func (s suite[T]) putReplaceRemove(t *testing.T) {
	x := s.newIndex(t)
	first, second, other := Entry(1, 1), Entry(1, 2), Entry(2, 1)
	apply(t, x, 1, put(first))
	apply(t, x, 2, put(other))
	s.want(t, x, first, true, "after put")
	apply(t, x, 3, put(second))
	s.want(t, x, second, true, "after replace, by the new data")
	s.want(t, x, other, true, "a bystander after replace")
	// The old data must find no more than it finds in an index that never held it.
	fresh := s.newIndex(t)
	apply(t, fresh, 3, put(second), put(other))
	if got, want := s.lead(t, x, first), s.lead(t, fresh, first); got != want {
		t.Errorf("after replace, the old data leads to %q, in a fresh index to %q", got, want)
	}
	apply(t, x, 9, remove(second))
	s.want(t, x, second, false, "after remove")
	s.want(t, x, other, true, "a bystander after remove")
	apply(t, x, 10, put(second))
	s.want(t, x, second, true, "put again after remove")
}

func (s suite[T]) severalAtOnce(t *testing.T) {
	x := s.newIndex(t)
	list := some(0, 40)
	var changes []watchlist.Change
	for _, e := range list {
		changes = append(changes, put(e))
	}
	// Later changes of one batch win over earlier ones.
	changes = append(changes, remove(list[0]), put(Entry(1, 7)), remove(list[2]), put(list[2]))
	apply(t, x, 50, changes...)
	s.want(t, x, list[0], false, "put and removed in one batch")
	s.want(t, x, Entry(1, 7), true, "put twice in one batch")
	s.want(t, x, list[2], true, "put, removed and put in one batch")
	for _, e := range list[3:] {
		s.want(t, x, e, true, "put in one batch")
	}
}

func (s suite[T]) statusDecides(t *testing.T) {
	x := s.newIndex(t)
	index := uint64(0)
	set := func(st watchlist.Status) *watchlist.Entry {
		e := Entry(1, 1)
		e.Status = st
		index++
		apply(t, x, index, put(e))
		return e
	}
	for _, st := range []watchlist.Status{watchlist.StatusDraft, watchlist.StatusSuspended, watchlist.StatusWithdrawn} {
		s.want(t, x, set(watchlist.StatusActive), true, "active")
		s.want(t, x, set(st), false, "after it became "+string(st))
	}
	s.want(t, x, set(watchlist.StatusActive), true, "active again")
	draft := Entry(2, 1)
	draft.Status = watchlist.StatusDraft
	rebuild(t, x, index+1, draft, Entry(3, 1))
	s.want(t, x, draft, false, "a draft after Rebuild")
	s.want(t, x, Entry(3, 1), true, "an active entry after Rebuild")
}

func (s suite[T]) repeated(t *testing.T) {
	x := s.newIndex(t)
	e := Entry(1, 1)
	for i := uint64(1); i <= 3; i++ {
		apply(t, x, i, put(e), put(e))
	}
	ids, err := s.search(x, e)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != len(ids) {
		t.Errorf("an entry put several times is listed several times: %v", ids)
	}
	apply(t, x, 4, remove(e))
	s.want(t, x, e, false, "removed once after being put six times")
	apply(t, x, 5, remove(e))
	s.want(t, x, e, false, "removed twice")
}

// alike checks that entries with the same data are all found, and that taking
// one out leaves the others.
func (s suite[T]) alike(t *testing.T) {
	x := s.newIndex(t)
	var list []*watchlist.Entry
	for i := range 4 {
		e := Entry(1, 1)
		e.ID = Entry(10+i, 1).ID
		list = append(list, e)
		apply(t, x, uint64(i+1), put(e))
	}
	for _, e := range list {
		s.want(t, x, e, true, "one of four entries with equal data")
	}
	apply(t, x, 9, remove(list[1]))
	for i, e := range list {
		s.want(t, x, e, i != 1, "after one of four equal entries was removed")
	}
}

func (s suite[T]) nothingToIndex(t *testing.T) {
	x := s.newIndex(t)
	bare := Entry(1, 1)
	bare.Names, bare.Faces, bare.Documents = nil, nil, nil
	apply(t, x, 1, put(bare), put(Entry(2, 1)))
	s.want(t, x, Entry(2, 1), true, "beside an entry with nothing to index")
	bare2 := Entry(2, 2)
	bare2.Names, bare2.Faces, bare2.Documents = nil, nil, nil
	apply(t, x, 2, put(bare2))
	s.want(t, x, Entry(2, 1), false, "after its data was taken away")
	rebuild(t, x, 3, bare, bare2)
	s.want(t, x, Entry(2, 1), false, "after a Rebuild without data")
}

func (s suite[T]) rebuildReplacesAll(t *testing.T) {
	x := s.newIndex(t)
	before, after := some(0, 20), some(100, 20)
	rebuild(t, x, 7, before...)
	apply(t, x, 8, put(Entry(50, 1)))
	rebuild(t, x, 9, after...)
	for _, e := range append(before, Entry(50, 1)) {
		s.want(t, x, e, false, "gone from the registry")
	}
	for _, e := range after {
		s.want(t, x, e, true, "in the registry")
	}
	apply(t, x, 10, remove(after[0]), put(Entry(101, 2)))
	s.want(t, x, after[0], false, "removed after Rebuild")
	s.want(t, x, Entry(101, 2), true, "replaced after Rebuild")
	// A restored snapshot may lie behind what was applied.
	rebuild(t, x, 2, before[:3]...)
	s.want(t, x, before[0], true, "rebuilt at an earlier index")
}

func (s suite[T]) rebuildFailsWhole(t *testing.T) {
	x := s.newIndex(t)
	before := some(0, 5)
	rebuild(t, x, 7, before...)
	if err := x.Rebuild(failing(some(100, 5), errRegistry), 9); !errors.Is(err, errRegistry) {
		t.Fatalf("Rebuild over a failing registry: error %v, want it to wrap the registry's", err)
	}
	if got := x.Applied(); got != 7 {
		t.Errorf("Applied() = %d after a failed Rebuild, want 7", got)
	}
	for _, e := range before {
		s.want(t, x, e, true, "after a failed Rebuild")
	}
	s.want(t, x, Entry(100, 1), false, "of a failed Rebuild")
	apply(t, x, 8, put(Entry(200, 1)))
	s.want(t, x, Entry(200, 1), true, "applied after a failed Rebuild")
}

// rebuildEqualsHistory drives one index through a random history and compares
// it with another that is rebuilt from the outcome.
func (s suite[T]) rebuildEqualsHistory(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	x := s.newIndex(t)
	registry := map[watchlist.EntryID]*watchlist.Entry{}
	const ids, steps = 25, 120
	for i := uint64(1); i <= steps; i++ {
		e := Entry(rng.IntN(ids), i)
		switch rng.IntN(5) {
		case 0:
			apply(t, x, i, remove(e))
			delete(registry, e.ID)
			continue
		case 1:
			e.Status = watchlist.StatusSuspended
		case 2:
			f := Entry(1000, i).Faces[0]
			f.ID = "face-2"
			e.Faces = append(e.Faces, f)
			e.Names = append(e.Names, Entry(1000, i).Names[0])
			e.Documents = append(e.Documents, Entry(1000, i).Documents[0])
		}
		apply(t, x, i, put(e))
		registry[e.ID] = e
	}
	y := s.newIndex(t)
	var list []*watchlist.Entry
	for n := range ids {
		if e := registry[Entry(n, 1).ID]; e != nil {
			list = append(list, e)
		}
	}
	rebuild(t, y, steps, list...)
	for n := range ids {
		e := registry[Entry(n, 1).ID]
		if e == nil {
			e = Entry(n, 1)
		}
		live := registry[e.ID] != nil && e.Status == watchlist.StatusActive
		s.want(t, x, e, live, "by history")
		s.want(t, y, e, live, "by Rebuild")
		for _, z := range []T{x, y} {
			got, err := s.search(z, e)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range got {
				if r := registry[id]; r == nil || r.Status != watchlist.StatusActive {
					t.Errorf("entry %s is listed but not in the registry as active", id)
				}
			}
		}
	}
}
