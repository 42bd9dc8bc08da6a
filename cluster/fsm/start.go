package fsm

import (
	"errors"
	"fmt"
	"sync"

	"vigie/watchlist"
)

// catchUpChunk is how many entries go to an index at once when it catches up.
const catchUpChunk = 4096

// startIndexes brings the indexes of a new state machine to raft index to.
func (f *FSM) startIndexes(to uint64) error {
	var (
		wg   sync.WaitGroup
		rest []Index
		errs = make([]error, len(f.indexes)+1)
	)
	for i, ix := range f.indexes {
		k, keeps := ix.(Keeper)
		if !keeps {
			rest = append(rest, ix)
			continue
		}
		wg.Go(func() { errs[i] = f.recall(ix, k, to) })
	}
	errs[len(f.indexes)] = rebuildAll(f.reg.Each(), to, rest)
	wg.Wait()
	return errors.Join(errs...)
}

// recall starts an index from what it kept, as far as that goes.
func (f *FSM) recall(ix Index, k Keeper, to uint64) error {
	k.Recall(f.reg.ID())
	from := ix.Applied()
	switch {
	case from == to && to > 0:
		f.log.Info("an index starts from its files", "index", to)
		return nil
	case from > 0:
		done, err := f.catchUp(k, from, to)
		if done || err != nil {
			return err
		}
		f.log.Warn("an index is rebuilt: the registry can't tell what changed since its files were written", "from", from, "index", to)
	}
	return rebuildAll(f.reg.Each(), to, []Index{ix})
}

// catchUp tells an index what changed between two raft indexes, unless the
// registry can't say.
func (f *FSM) catchUp(k Keeper, from, to uint64) (done bool, err error) {
	changes, ok := f.reg.ChangedSince(from)
	if !ok {
		return false, nil
	}
	chunk := make([]watchlist.Change, 0, catchUpChunk)
	n := 0
	for c, err := range changes {
		if err != nil {
			return false, fmt.Errorf("read what changed: %w", err)
		}
		n++
		if len(chunk) == cap(chunk) {
			// Files written now must not claim more than from: the rest is missing.
			if err := k.CatchUp(chunk, from); err != nil {
				return false, err
			}
			chunk = make([]watchlist.Change, 0, catchUpChunk)
		}
		chunk = append(chunk, c)
	}
	if err := k.CatchUp(chunk, to); err != nil {
		return false, err
	}
	f.log.Info("an index starts from its files and has caught up", "from", from, "index", to, "entries", n)
	return true, nil
}

// rebuildIndexes builds all indexes anew from a registry that took the place of
// another.
func (f *FSM) rebuildIndexes(to uint64) error {
	for _, ix := range f.indexes {
		if k, keeps := ix.(Keeper); keeps {
			k.Recall(f.reg.ID())
		}
	}
	return rebuildAll(f.reg.Each(), to, f.indexes)
}
