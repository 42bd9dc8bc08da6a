package fsm_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"vigie/cluster/fsm"
	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
)

// files is what a keeper keeps: a state at some index.
type files struct {
	registry  string
	applied   uint64
	revisions map[watchlist.EntryID]uint64
}

// keeper is a shadow that starts from files.
type keeper struct {
	*shadow
	kept     *files
	registry string
	catchUps []int
}

func (k *keeper) Recall(registry string) {
	k.registry = registry
	if k.applied == 0 && k.kept != nil && k.kept.registry == registry {
		k.applied, k.revisions = k.kept.applied, maps.Clone(k.kept.revisions)
	}
}

func (k *keeper) CatchUp(changes []watchlist.Change, index uint64) error {
	k.catchUps = append(k.catchUps, len(changes))
	for _, c := range changes {
		if c.Index <= k.kept.applied {
			return fmt.Errorf("change at %d, files reach to %d", c.Index, k.kept.applied)
		}
		k.revisions[c.ID] = c.Entry.Revision
	}
	if index < k.applied {
		return fmt.Errorf("index %d after %d", index, k.applied)
	}
	k.applied = index
	return nil
}

func (k *keeper) save() *files {
	return &files{registry: k.registry, applied: k.applied, revisions: maps.Clone(k.revisions)}
}

// openKeeper starts a node's state machine with a plain index and a keeper.
func (n *node) openKeeper(kept *files) *keeper {
	n.t.Helper()
	reg, err := registry.Open(n.path, n.nodeKey)
	if err != nil {
		n.t.Fatal(err)
	}
	k := &keeper{shadow: newShadow(), kept: kept}
	n.reg, n.index = reg, newShadow()
	if n.fsm, err = fsm.New(reg, n.cluster, []fsm.Index{k, n.index}, quiet); err != nil {
		n.t.Fatal(err)
	}
	return k
}

// TestKeeperStarts: a keeper whose files fit is not rebuilt; it is told what
// changed, or rebuilt when that can't be told.
func TestKeeperStarts(t *testing.T) {
	o := newOne(t)
	o.close()
	k := o.openKeeper(nil)
	for n := range 3 {
		o.want(command.OK, create(n))
	}
	early := k.save()
	o.want(command.OK, create(3))
	e := entry(1)
	e.Status, e.WithdrawnReason = watchlist.StatusWithdrawn, "error"
	o.want(command.OK, command.EntryPut{Op: command.OpWithdraw, IfRevision: 1, Entry: e})
	now := k.save()
	ahead, foreign, older := k.save(), k.save(), k.save()
	ahead.applied++
	ahead.revisions[entryID(9)] = 1
	foreign.registry, foreign.applied = "another", 3
	older.applied = 0
	for name, c := range map[string]struct {
		kept     *files
		rebuilds int
		catchUps []int
	}{
		"same index":       {now, 0, nil},
		"behind":           {early, 0, []int{2}},
		"ahead":            {ahead, 1, nil},
		"another registry": {foreign, 1, nil},
		"nothing":          {nil, 1, nil},
		"empty":            {older, 1, nil},
	} {
		o.close()
		k = o.openKeeper(c.kept)
		if k.rebuilds != c.rebuilds || !cmp.Equal(k.catchUps, c.catchUps) {
			t.Errorf("%s: %d rebuilds, caught up by %v; want %d, %v", name, k.rebuilds, k.catchUps, c.rebuilds, c.catchUps)
		}
		if d := cmp.Diff(o.index.revisions, k.revisions); d != "" || k.applied != o.last || o.fsm.Applied() != o.last {
			t.Errorf("%s: at %d of %d (-registry +index):\n%s", name, k.applied, o.last, d)
		}
		if o.index.rebuilds != 1 {
			t.Errorf("%s: the other index was rebuilt %d times", name, o.index.rebuilds)
		}
	}
}

// TestKeeperModel: whatever the history and however old the files, a keeper that
// starts from them holds what the registry holds.
func TestKeeperModel(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 2))
		o := newOne(t)
		o.close()
		k := o.openKeeper(nil)
		kept := []*files{k.save()}
		revisions := map[int]uint64{}
		for range 60 {
			switch rng.IntN(8) {
			case 0:
				kept = append(kept, k.save())
			case 1: // restart with any files that were ever written
				o.close()
				k = o.openKeeper(kept[rng.IntN(len(kept))])
			case 2:
				if err := o.fsm.Restore(reader(o.persist())); err != nil {
					t.Fatal(err)
				}
			default:
				n := rng.IntN(6)
				c := command.EntryPut{Op: command.OpReplace, IfRevision: revisions[n], Entry: entry(n)}
				o.want(command.OK, c)
				revisions[n]++
			}
			if d := cmp.Diff(o.index.revisions, k.revisions); d != "" || k.applied != o.last {
				t.Fatalf("seed %d: at %d of %d (-registry +index):\n%s", seed, k.applied, o.last, d)
			}
		}
	}
}

// TestCatchUpInParts: a long list comes in parts, and only the last one moves
// the index, so that files written in between claim nothing that is missing.
func TestCatchUpInParts(t *testing.T) {
	o := newOne(t)
	o.close()
	k := o.openKeeper(nil)
	o.want(command.OK, create(1<<17))
	kept := k.save()
	for b := range 68 {
		batch := command.EntryBatch{Batch: watchlist.BatchID(fmt.Sprint(b)), Items: make([]command.EntryPut, 64)}
		for i := range batch.Items {
			batch.Items[i] = create(64*b + i)
		}
		o.want(command.OK, batch)
	}
	o.close()
	k = o.openKeeper(kept)
	if !cmp.Equal(k.catchUps, []int{4096, 256}) || k.applied != o.last || len(k.revisions) != 4353 {
		t.Errorf("caught up by %v to %d of %d with %d entries", k.catchUps, k.applied, o.last, len(k.revisions))
	}
}
