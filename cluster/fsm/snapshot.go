package fsm

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"vigie/cluster/planted"
	"vigie/cluster/registry"
	"vigie/cluster/snapshot"

	"github.com/hashicorp/raft"
)

// Snapshot takes a view of the registry; its cost does not depend on the size.
func (f *FSM) Snapshot() (raft.FSMSnapshot, error) {
	if f.isClosed() {
		return nil, ErrClosed
	}
	v, err := f.reg.View()
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return &frozen{view: v, sealer: f.sealer, log: f.log, waiting: &f.waiting}, nil
}

// Hurry lets snapshots be written without rests, at low priority still, until the
// function that it returns is called: somebody waits for one. Safe for concurrent
// use.
func (f *FSM) Hurry() (done func()) {
	f.waiting.Add(1)
	return func() { f.waiting.Add(-1) }
}

// frozen is the state at one raft index. Raft writes it out beside Apply.
type frozen struct {
	view   *registry.View
	sealer Sealer
	log    *slog.Logger
	// waiting counts those who wait for a snapshot.
	waiting *atomic.Int32
}

// Persist writes the state to sink and closes it, or cancels it on an error. It
// leaves the processor to searches: see snapshot.Pacer.
func (z *frozen) Persist(sink raft.SnapshotSink) error {
	pace := snapshot.NewPacer(z.waiting)
	write := func() error { return writeSnapshot(sink, z.sealer, z.view, pace.Step) }
	if err := snapshot.AtLowPriority(write); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	if err := sink.Close(); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// Release lets the view go.
func (z *frozen) Release() {
	if err := z.view.Close(); err != nil {
		z.log.Error("release snapshot", "error", err)
	}
}

// WriteSnapshot writes a view of a registry as a snapshot.
func WriteSnapshot(w io.Writer, s Sealer, v *registry.View) error {
	return writeSnapshot(w, s, v, func() {})
}

// writeSnapshot calls step before each record.
func writeSnapshot(w io.Writer, s Sealer, v *registry.View, step func()) error {
	state, records := planted.Snapshot(v.State(), v.Records())
	sw, err := snapshot.NewWriter(w, s, state)
	if err != nil {
		return err
	}
	for r, err := range records {
		step()
		if err != nil {
			return err
		}
		if err := sw.Add(r); err != nil {
			return err
		}
	}
	return sw.Close()
}

// Restore puts the state of a snapshot in place of the present one and rebuilds
// the indexes. A snapshot that is not whole and unchanged, or older than the
// present state, is refused and the present state stays. Readers are served all the time. It closes rc.
func (f *FSM) Restore(rc io.ReadCloser) (err error) {
	defer func() { err = errors.Join(err, rc.Close()) }()
	if f.isClosed() {
		return ErrClosed
	}
	r, err := snapshot.NewReader(rc, f.sealer)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if at, _, _ := f.reg.Position(); r.State().Index < at && !planted.Alive(planted.Rollback) {
		return fmt.Errorf("restore: a snapshot of raft index %d, applied is %d: %w", r.State().Index, at, ErrOlder)
	}
	// First: no hash of the old state may be taken for one of the new.
	f.history.reset()
	err = f.reg.Replace(func(add func(registry.Record) error) (registry.State, error) {
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				return planted.Restored(r.State(), f.reg, add)
			}
			if err != nil {
				return registry.State{}, err
			}
			if err := add(rec); err != nil {
				return registry.State{}, err
			}
		}
	})
	index, _, hash := f.reg.Position()
	if err != nil {
		if now := f.progress.get(); index != now.index || hash != now.hash {
			panic(fmt.Errorf("state machine: the restored state may not be durable: %w", err))
		}
		return fmt.Errorf("restore: %w", err)
	}
	f.replaying = false
	// The registry is the new one: going on with indexes of the old would answer
	// wrongly.
	if err := f.adopt(f.rebuildIndexes); err != nil {
		f.log.Error("restored state cannot be used, stopping", "index", index, "error", err)
		panic(fmt.Errorf("state machine: restored state at raft index %d: %w", index, err))
	}
	f.log.Info("state restored from a snapshot", "index", index, "entries", f.reg.Count())
	return nil
}
