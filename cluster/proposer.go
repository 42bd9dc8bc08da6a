package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/disk"
	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// proposer is the leader's half of a proposal: it stamps, seals and hands
// commands to raft.
type proposer struct {
	rep *replica
	key fsm.Sealer
	// wall gives the time to stamp after a stamped one, or refuses.
	wall func(last int64) (int64, error)
	// newTerm, when not nil, runs before the first stamp of a term.
	newTerm func(context.Context)
	// writable, when not nil, refuses what the disk can't take.
	writable func() error
	// watch, when not nil, is told how long a proposal took and how it ended.
	watch func(time.Duration, error)
	gate  chan struct{} // holds one token: the right to stamp and enqueue
	last  int64         // last stamped time; with the token only
	term  uint64        // the term that last belongs to

	slots chan struct{} // one per proposal under way
	mu    sync.Mutex
	shut  bool
	wg    sync.WaitGroup
}

func newProposer(r *replica, key fsm.Sealer, wall func(int64) (int64, error)) *proposer {
	p := &proposer{rep: r, key: key, wall: wall, gate: make(chan struct{}, 1), slots: make(chan struct{}, maxInFlight)}
	p.gate <- struct{}{}
	return p
}

// enter counts a proposal in.
func (p *proposer) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return errClosing
	}
	select {
	case p.slots <- struct{}{}:
	default:
		return watchlist.ErrOverloaded
	}
	p.wg.Add(1)
	return nil
}

func (p *proposer) leave() {
	<-p.slots
	p.wg.Done()
}

// drain refuses new proposals and waits for those under way.
func (p *proposer) drain(ctx context.Context) {
	p.mu.Lock()
	p.shut = true
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		p.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// apply puts a command in this node's log as the leader and waits until it is
// applied here. See Propose for the errors.
func (p *proposer) apply(ctx context.Context, env command.Envelope) (res command.Result, err error) {
	if p.watch != nil {
		begin := time.Now()
		defer func() { p.watch(time.Since(begin), err) }()
	}
	if p.writable != nil {
		if err := p.writable(); err != nil {
			return command.Result{}, err
		}
	}
	if err := p.enter(); err != nil {
		return command.Result{}, err
	}
	future, err := p.enqueue(ctx, env)
	if err != nil {
		p.leave()
		return command.Result{}, err
	}
	done := make(chan error, 1)
	go func() {
		defer p.leave()
		done <- future.Error()
	}()
	select {
	case err := <-done:
		if err != nil {
			return command.Result{}, classify(err)
		}
	case <-ctx.Done():
		return command.Result{}, fmt.Errorf("%w: %w", watchlist.ErrOutcomeUnknown, ctx.Err())
	}
	res, ok := future.Response().(command.Result)
	if !ok {
		// The state machine closed before it applied the command, which is in the
		// log.
		return command.Result{}, fmt.Errorf("%w: the node is shutting down", watchlist.ErrOutcomeUnknown)
	}
	return res, nil
}

// enqueue stamps a command and hands it to raft, one at a time, so that stamped
// times rise in the order of the log. Whatever fails here was not proposed.
func (p *proposer) enqueue(ctx context.Context, env command.Envelope) (raft.ApplyFuture, error) {
	select {
	case <-p.gate:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: queueing a command: %w", watchlist.ErrOverloaded, ctx.Err())
	}
	defer func() { p.gate <- struct{}{} }()
	if term := p.rep.raft.CurrentTerm(); term != p.term {
		floor, err := p.rep.reg.Clock()
		if err != nil {
			return nil, fmt.Errorf("reading the cluster's clock: %w", err)
		}
		if p.newTerm != nil {
			p.newTerm(ctx)
		}
		p.term, p.last = term, max(p.last, floor)
	}
	wall, err := p.wall(p.last)
	if err != nil {
		return nil, err
	}
	env.Time = max(p.last, wall)
	sealed, err := fsm.SealCommand(p.key, &env)
	if err != nil {
		return nil, err
	}
	p.last = env.Time
	return p.rep.raft.Apply(sealed, enqueueTimeout), nil
}

// classify turns raft's error of a proposal into one of Propose's. Raft refuses
// the first group before it appends anything; the rest is in doubt.
func classify(err error) error {
	var unsynced *disk.SyncError
	switch {
	case errors.As(err, &unsynced):
		// The bytes were written: a restart before they are cleared would find them.
		return fmt.Errorf("%w: %w", watchlist.ErrOutcomeUnknown, err)
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress),
		errors.Is(err, raft.ErrRaftShutdown):
		return fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	case errors.Is(err, raft.ErrEnqueueTimeout):
		return fmt.Errorf("%w: %w", watchlist.ErrOverloaded, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		// The leader stores an entry before it sends it; the log took it back.
		return fmt.Errorf("%w: %w", watchlist.ErrDiskFull, err)
	default:
		return fmt.Errorf("%w: %w", watchlist.ErrOutcomeUnknown, err)
	}
}
