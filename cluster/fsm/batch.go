package fsm

import (
	"bytes"
	"errors"
	"fmt"

	"vigie/cluster/planted"
	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// How long things are remembered, in milliseconds of stamped time.
const (
	// IdemWindow is how long an idempotency key answers.
	IdemWindow int64 = 24 * 3600 * 1000
	// UndoWindow is how long after its last item a batch can be undone.
	UndoWindow int64 = 30 * 24 * 3600 * 1000
)

// The most work that one command does beside its own, so that no command holds
// up the others for long. These bounds are part of the replicated behaviour:
// changing one needs a new command format.
const (
	maxCollect = 64
	maxUndo    = 4096
	// maxFields is how many wrong fields a result names per entry, and
	// maxBatchFields per batch: a peer reads results up to 1 MiB, and those under
	// an idempotency key are stored.
	maxFields      = 32
	maxBatchFields = 1024
)

// setup is what the rules need of the ClusterSetup.
type setup struct {
	origin watchlist.Origin
	done   bool
}

// batch applies the commands of one transaction.
type batch struct {
	tx      *registry.Tx
	setup   setup
	changes []watchlist.Change
	// stored is the clock as the registry has it, clock as the commands moved it.
	stored, clock int64
	// reports lists the reported documents that were written.
	reports []watchlist.ReportChange
	// decided tells that a calibration was put in force, families that the table of
	// spelling families changed.
	decided, families bool
}

func newBatch(tx *registry.Tx, s setup) (*batch, error) {
	clock, err := tx.Clock()
	if err != nil {
		return nil, err
	}
	return &batch{tx: tx, setup: s, stored: clock, clock: clock}, nil
}

// finish writes what is written once per transaction; at the same raft index it
// is the same however the log was cut into transactions.
func (b *batch) finish() error {
	if b.clock == b.stored {
		return nil
	}
	return b.tx.PutClock(b.clock)
}

// step is one command being applied.
type step struct {
	*batch
	index uint64
	now   int64
	env   *command.Envelope
	// queued counts the lines that the command added to the expiry queue.
	queued uint32
}

// apply runs one command. An error means that the node must stop; a refusal is
// a Result.
func (b *batch) apply(index uint64, env *command.Envelope) (command.Result, error) {
	// Leaders stamp times that never fall; an older one counts as the latest.
	b.clock = max(b.clock, env.Time)
	s := &step{batch: b, index: index, now: planted.Clock(b.clock), env: env}
	if err := s.collect(); err != nil {
		return command.Result{}, err
	}
	if env.IdemKey != "" && !planted.Alive(planted.NoDedup) {
		r, found, err := s.replay()
		if err != nil || found {
			return r, err
		}
	}
	r, err := s.dispatch()
	if err != nil {
		return command.Result{}, err
	}
	r.Index = index
	if env.IdemKey != "" {
		if err := s.remember(r); err != nil {
			return command.Result{}, err
		}
	}
	return r, nil
}

func (s *step) dispatch() (command.Result, error) {
	switch body := s.env.Body.(type) {
	case command.EntryPut:
		return s.entryPut(&body, "")
	case command.EntryBatch:
		return s.entryBatch(&body)
	case command.BatchUndo:
		return s.batchUndo(&body)
	case command.UserPut:
		return s.userPut(body.User, body.Create)
	case command.SessionPut:
		return s.sessionPut(body.Session)
	case command.SessionDrop:
		return s.sessionDrop(body)
	case command.APIKeyPut:
		return s.apiKeyPut(body.Key)
	case command.MemberPut:
		return s.memberPut(body.Member)
	case command.MemberDrop:
		return s.memberDrop(body.ID)
	case command.TokenPut:
		return s.tokenPut(body)
	case command.TokenBurn:
		return s.tokenBurn(body)
	case command.ClusterSetup:
		return s.clusterSetup(body)
	case command.CalibrationPut:
		return s.calibrationPut(body)
	case command.ReportPut:
		return s.reportPut(&body)
	case command.ReportUndo:
		return s.reportUndo(&body)
	case command.FamilyPropose:
		return s.familyPropose(&body)
	case command.FamilyReview:
		return s.familyReview(&body)
	}
	return command.Result{}, fmt.Errorf("kind %d: %w", s.env.Kind, command.ErrUnknown)
}

// replay answers from an idempotency key that is still remembered.
func (s *step) replay() (command.Result, bool, error) {
	old, err := s.tx.Idem(s.env.Actor, s.env.IdemKey)
	if errors.Is(err, watchlist.ErrNotFound) {
		return command.Result{}, false, nil
	}
	if err != nil {
		return command.Result{}, false, err
	}
	if s.now >= old.At+IdemWindow {
		return command.Result{}, false, nil
	}
	if !bytes.Equal(old.Hash, s.env.IdemHash) {
		return command.Result{Index: s.index, Code: command.IdemMismatch}, true, nil
	}
	r := old.Result
	r.Replayed = true
	return r, true, nil
}

// remember stores the result under the idempotency key.
func (s *step) remember(r command.Result) error {
	key, err := s.tx.PutIdem(s.env.Actor, s.env.IdemKey, registry.Idem{Hash: s.env.IdemHash, At: s.now, Result: r})
	if err != nil {
		return err
	}
	return s.queue(s.now+IdemWindow, registry.DueIdem, key)
}

// queue asks to look at a record again once stamped time reaches at.
func (s *step) queue(at int64, bucket string, key []byte) error {
	d := registry.Due{At: at, Index: s.index, Seq: s.queued, Bucket: bucket, Key: key}
	s.queued++
	return s.tx.Enqueue(d)
}

// refused is a Result without other content.
func refused(c command.Code) (command.Result, error) { return command.Result{Code: c}, nil }

// invalid is the Result of one wrong field.
func invalid(pointer, code, detail string) (command.Result, error) {
	return command.Result{Code: command.Invalid, Fields: watchlist.ValidationError{{Pointer: pointer, Code: code, Detail: detail}}}, nil
}

// exists turns the error of a lookup into an answer.
func exists(err error) (bool, error) {
	if errors.Is(err, watchlist.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
