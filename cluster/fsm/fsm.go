package fsm

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"vigie/cluster/planted"
	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/hashicorp/raft"
)

// diskFullWait is how long a node waits before it tries again to apply commands
// on a full disk. Answers go on meanwhile, from the state before them.
const diskFullWait = 500 * time.Millisecond

// ErrClosed: the state machine was closed before it applied the command. The
// command stays in the log and is applied at the next start.
var ErrClosed = errors.New("state machine is closed")

// ErrDiverged: the registry holds a command that the raft log does not. The
// node's data can't be used; remove the node and let it join again.
var ErrDiverged = errors.New("the raft log and the registry hold different histories; remove this node and join it again")

// ErrOlder: a snapshot lies before what is applied. Going back would undo writes
// that were acknowledged.
var ErrOlder = errors.New("the snapshot is older than the present state")

// Sealer encrypts the commands in the log and the snapshots, under the cluster
// key. It is safe for concurrent use.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

// Index is a derived index that follows the registry. Its calls come from one
// goroutine, in the order of raft indexes, each after the registry made the
// change durable.
type Index interface {
	// Apply takes over the changes up to raft index; there may be none. An error
	// stops the node.
	Apply(changes []watchlist.Change, index uint64) error
	// Rebuild takes the whole content over in place of its own.
	Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error
	// Applied is the raft index of the last Apply or Rebuild.
	Applied() uint64
}

// Keeper is an Index that keeps files of its own, so that a start need not build
// it anew.
type Keeper interface {
	// Recall names the registry file that all later calls speak of. An index that
	// is still empty takes over what it kept of that file; Applied then tells how
	// far it reaches, 0 for nothing. What does not fit is no error.
	Recall(registry string)
	// CatchUp takes over the entries that were written between Applied and index,
	// in their newest version only. They come in one call or more, all but the
	// last with Applied as the index.
	CatchUp(changes []watchlist.Change, index uint64) error
}

// FSM implements raft.BatchingFSM over a registry. Apply, ApplyBatch, Snapshot
// and Restore are for raft's one goroutine; the rest is safe for concurrent use.
type FSM struct {
	reg     *registry.Store
	sealer  Sealer
	indexes []Index
	log     *slog.Logger

	// origin is the cluster's origin once it is set up; owned by raft's goroutine.
	origin watchlist.Origin
	setUp  bool
	// replaying: raft hands over again what lies before the registry's position;
	// owned by raft's goroutine.
	replaying bool

	progress progress
	history  history
	// waiting counts those who wait for a snapshot to be written.
	waiting atomic.Int32

	closeOnce sync.Once
	closed    chan struct{}
}

var _ raft.BatchingFSM = (*FSM)(nil)

// New makes the state machine and brings every index to the registry's state: a
// Keeper by what it kept, if that fits, all others by Rebuild. It returns when
// they are ready to answer.
func New(reg *registry.Store, sealer Sealer, indexes []Index, log *slog.Logger) (*FSM, error) {
	f := &FSM{reg: reg, sealer: sealer, indexes: indexes, log: log, closed: make(chan struct{})}
	f.history.reset()
	if err := f.adopt(f.startIndexes); err != nil {
		return nil, fmt.Errorf("start state machine: %w", err)
	}
	return f, nil
}

// Close frees a goroutine that waits in ApplyBatch for disk space; nothing is
// applied afterwards. Call it before raft's shutdown. It does not close the
// registry.
func (f *FSM) Close() { f.closeOnce.Do(func() { close(f.closed) }) }

// Apply applies one log entry and gives its command.Result, or nil for an entry
// that is no command or is applied already. See ApplyBatch.
func (f *FSM) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch applies log entries in one transaction of the registry, then tells
// the indexes, then publishes the new position. Each answer is a command.Result,
// nil for an entry that is no command or that the registry holds already, or
// ErrClosed. It panics on what would let replicas drift apart. Entries on both sides
// of a checkpoint are applied in two transactions (see history).
func (f *FSM) ApplyBatch(logs []*raft.Log) []any {
	answers := make([]any, 0, len(logs))
	for len(logs) > 0 {
		n := upToCheck(logs)
		f.history.passed((logs[0].Index-1)/checkEvery*checkEvery, f.progress.get())
		part := f.applyPart(logs[:n])
		answers = append(answers, part...)
		if logs = logs[n:]; part[0] == ErrClosed {
			return append(answers, closedAnswers(len(logs))...)
		}
	}
	return answers
}

// applyPart is ApplyBatch for what is applied in one transaction.
func (f *FSM) applyPart(logs []*raft.Log) []any {
	for stalled := false; ; stalled = true {
		answers, err := f.applyBatch(logs)
		switch {
		case err == nil:
			if stalled {
				f.log.Info("there is room on the disk again, changes go on", "index", logs[0].Index)
			}
			return answers
		case errors.Is(err, ErrClosed):
			return closedAnswers(len(logs))
		case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
			if !stalled {
				f.log.Error("disk full: the watchlist can't take changes until there is room", "index", logs[0].Index)
			}
			f.wait(diskFullWait)
		default:
			f.log.Error("cannot apply commands, stopping", "first_index", logs[0].Index, "last_index", logs[len(logs)-1].Index, "error", err)
			panic(fmt.Errorf("state machine: applying raft index %d to %d: %w", logs[0].Index, logs[len(logs)-1].Index, err))
		}
	}
}

// wait pauses for d or until Close.
func (f *FSM) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-f.closed:
	}
}

func closedAnswers(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = ErrClosed
	}
	return out
}

func (f *FSM) isClosed() bool {
	select {
	case <-f.closed:
		return true
	default:
		return false
	}
}

func (f *FSM) applyBatch(logs []*raft.Log) ([]any, error) {
	if f.isClosed() {
		return nil, ErrClosed
	}
	answers := make([]any, len(logs))
	applied, term, _ := f.reg.Position()
	if err := f.sameHistory(logs, applied, term); err != nil {
		return nil, err
	}
	last := logs[len(logs)-1]
	if last.Index <= applied {
		return answers, nil
	}
	envs, err := f.decode(logs, applied)
	if err != nil {
		return nil, err
	}
	var changes []watchlist.Change
	var reports []watchlist.ReportChange
	setup, decided, families := f.setup(), false, false
	if planted.Alive(planted.EarlyCursor) {
		f.progress.set(position{index: last.Index})
	}
	err = f.reg.Update(last.Index, last.Term, func(tx *registry.Tx) error {
		b, err := newBatch(tx, setup)
		if err != nil {
			return err
		}
		for i, l := range logs {
			if envs[i] == nil {
				continue
			}
			r, err := b.apply(l.Index, envs[i])
			if err != nil {
				return fmt.Errorf("raft index %d: %w", l.Index, err)
			}
			answers[i] = r
		}
		changes, reports, setup, decided, families = b.changes, b.reports, b.setup, b.decided, b.families
		return b.finish()
	})
	if err != nil {
		return nil, err
	}
	f.origin, f.setUp = setup.origin, setup.done
	if decided {
		if err := f.tellCalibrations(); err != nil {
			return nil, err
		}
	}
	if families {
		if err := f.tellFamilies(); err != nil {
			return nil, err
		}
	}
	for _, ix := range f.indexes {
		if r, ok := ix.(Reported); ok && len(reports) > 0 {
			if err := r.ApplyReports(reports, last.Index); err != nil {
				return nil, fmt.Errorf("derived index of reported documents: %w", err)
			}
		}
		if err := ix.Apply(changes, last.Index); err != nil {
			return nil, fmt.Errorf("derived index: %w", err)
		}
	}
	f.publish()
	return answers, nil
}

// sameHistory checks that the registry's last command is the one that the log
// has at its index: logs that agree on index and term agree on all before it. A
// log that lost entries which the registry holds would otherwise go on silently
// with other ones in their place. Raft hands every entry over that a registry
// can stand at, so one that is passed over was replaced too.
func (f *FSM) sameHistory(logs []*raft.Log, applied, term uint64) error {
	for _, l := range logs {
		switch {
		case l.Index < applied:
			f.replaying = true
		case l.Index == applied && l.Term == term:
			f.replaying = false
		case l.Index == applied || f.replaying:
			return fmt.Errorf("raft index %d of term %d follows, the registry is at %d of term %d: %w", l.Index, l.Term, applied, term, ErrDiverged)
		}
	}
	return nil
}

// decode opens the commands past the applied index; the others stay nil.
func (f *FSM) decode(logs []*raft.Log, applied uint64) ([]*command.Envelope, error) {
	envs := make([]*command.Envelope, len(logs))
	for i, l := range logs {
		if l.Index <= applied {
			continue
		}
		applied = l.Index
		if l.Type != raft.LogCommand {
			continue
		}
		e, err := OpenCommand(f.sealer, l.Data)
		if err != nil {
			return nil, fmt.Errorf("raft index %d: %w", l.Index, err)
		}
		envs[i] = &e
	}
	return envs, nil
}

func (f *FSM) setup() setup { return setup{origin: f.origin, done: f.setUp} }

// adopt takes over the registry's present state: origin, calibration, indexes by
// means of fill, position.
func (f *FSM) adopt(fill func(index uint64) error) error {
	switch c, err := f.reg.Cluster(); {
	case err == nil:
		f.origin, f.setUp = c.Origin, true
	case errors.Is(err, watchlist.ErrNotFound):
		f.origin, f.setUp = watchlist.Origin{}, false
	default:
		return err
	}
	if err := errors.Join(f.tellCalibrations(), f.tellFamilies()); err != nil {
		return err
	}
	index, _, _ := f.reg.Position()
	if err := f.fillReports(index); err != nil {
		return fmt.Errorf("derived index of reported documents: %w", err)
	}
	if err := fill(index); err != nil {
		return fmt.Errorf("derived indexes: %w", err)
	}
	f.publish()
	return nil
}

func (f *FSM) publish() {
	index, _, hash := f.reg.Position()
	f.progress.set(position{index: index, hash: hash})
	f.history.published(position{index: index, hash: hash})
}
