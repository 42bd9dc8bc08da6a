package face

import (
	"maps"
	"slices"
	"testing"

	"vigie/index/face/file"
	"vigie/watchlist"
)

// TestKeeperModel drives galleries through random histories in which they are
// written, killed and opened again at random points, told only what changed
// since their files, and holds every answer, present and past, to the
// definition.
func TestKeeperModel(t *testing.T) {
	worlds := 12
	if testing.Short() {
		worlds = 4
	}
	for seed := range uint64(worlds) {
		w := newWorld(seed, 128)
		w.many = 12
		lives := &lives{world: w, shelf: newShelf(t), touched: map[watchlist.EntryID]uint64{}}
		lives.space = w.g.space
		lives.live(t, 30)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// lives is a world whose gallery dies and comes back.
type lives struct {
	*world
	*shelf
	k       *Keeper
	touched map[watchlist.EntryID]uint64
	loads   int
}

func (l *lives) live(t *testing.T, steps int) {
	l.k = Keep(l.g, file.NewDir(l.dir, l.seal), KeepOptions{Calibration: "v1", Every: never})
	l.k.Recall("r1")
	if err := l.k.Rebuild(listed(nil), 1); err != nil {
		t.Fatal(err)
	}
	l.truth.index = 1
	for range steps {
		l.change(t)
		switch l.rng.IntN(5) {
		case 0, 1:
			save(t, l.k)
		case 2:
			l.die(t)
		}
		for range 5 {
			l.check(t)
		}
	}
	l.die(t)
	for range 20 {
		l.check(t)
	}
	drop(t, l.k)
}

// change makes one step at a raft index of its own.
func (l *lives) change(t *testing.T) {
	t.Helper()
	if err := l.k.Apply(nil, l.g.Applied()+1); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(l.entries)
	l.step(t)
	l.k.note(1)
	for id, e := range l.entries {
		if before[id] != e {
			l.touched[id] = l.g.Applied()
		}
	}
	for id := range before {
		if l.entries[id] == nil {
			l.touched[id] = l.g.Applied()
		}
	}
}

// die ends the gallery and opens another from the files, as a start does.
func (l *lives) die(t *testing.T) {
	t.Helper()
	old, to, saved := l.g, l.g.Applied(), l.k.KeptStats().Applied
	if l.rng.IntN(3) == 0 {
		if err := l.k.Close(); err != nil { // writes what is left
			t.Fatal(err)
		}
		saved = l.k.KeptStats().Applied
	} else {
		drop(t, l.k)
	}
	l.g = New(old.space, Options{Kernel: old.kernel, MaxWaiting: 1000, History: old.w.history})
	l.g.w.sizes = old.w.sizes
	l.k = Keep(l.g, file.NewDir(l.dir, l.seal), KeepOptions{Calibration: "v1", Every: never})
	l.k.Recall("r1")
	from := l.g.Applied()
	if from != saved {
		t.Fatalf("the files reach to %d, %d was written last", from, saved)
	}
	if from == 0 {
		l.g.w.base = to
		if err := l.k.Rebuild(listed(slices.Collect(maps.Values(l.entries))), to); err != nil {
			t.Fatal(err)
		}
		return
	}
	l.loads++
	l.catchUp(t, from, to)
	if got, want := l.g.Skipped(), old.Skipped(); got != want {
		t.Errorf("%d templates skipped, were %d", got, want)
	}
	if got, want := l.g.Size(), old.Size(); got != want {
		t.Errorf("%d templates, were %d", got, want)
	}
}

func (l *lives) catchUp(t *testing.T, from, to uint64) {
	t.Helper()
	if from == to {
		return
	}
	var changes []watchlist.Change
	for id, at := range l.touched {
		if at > from {
			changes = append(changes, watchlist.Change{ID: id, Entry: l.entries[id], Index: at})
		}
	}
	if len(changes) > 1 && l.rng.IntN(2) == 0 {
		half := len(changes) / 2
		if err := l.k.CatchUp(changes[:half], from); err != nil {
			t.Fatal(err)
		}
		if l.rng.IntN(2) == 0 {
			save(t, l.k) // what is written here claims nothing that is missing
			if o := l.g.Oldest(); o <= from {
				t.Errorf("half caught up, the state at %d is said to be answerable from %d on", from, o)
			}
		}
		changes = changes[half:]
	}
	if err := l.k.CatchUp(changes, to); err != nil {
		t.Fatal(err)
	}
	if o := l.g.Oldest(); len(changes) > 0 && o != to {
		t.Errorf("caught up to %d, oldest is %d", to, o)
	}
}
