package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

const (
	// maxInFlight proposals wait on one node at once; more are refused.
	maxInFlight = 4096
	// defaultPropose bounds a proposal whose context has no deadline.
	defaultPropose = 15 * time.Second
	// enqueueTimeout bounds the wait for raft to take a proposal.
	enqueueTimeout = 5 * time.Second
)

// Propose sends a command through the log and returns its result. It works on
// any node. The result says whether the command was accepted (Result.Code); an
// error says that there is no result:
//
//   - watchlist.ErrTooLarge: the command exceeds 64 KiB; nothing was sent.
//   - watchlist.ErrNoLeader: no leader took it in time; nothing was committed.
//   - watchlist.ErrOverloaded, watchlist.ErrDiskFull: refused, not committed.
//   - watchlist.ErrOutcomeUnknown: it may have been committed or may still be.
//
// With an IdemKey the outcome is never in doubt for the cluster, so Propose
// tries again by itself as long as ctx allows (15 s without a deadline).
func (n *Node) Propose(ctx context.Context, env command.Envelope) (command.Result, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultPropose)
		defer cancel()
	}
	encoded, err := env.Encode()
	if err != nil {
		return command.Result{}, err
	}
	patience := time.Now().Add(n.electionWait())
	inDoubt := false // an earlier try may have been committed
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		res, err := n.proposeOnce(ctx, env, encoded)
		if err == nil {
			return res, nil
		}
		switch {
		case errors.Is(err, watchlist.ErrOutcomeUnknown):
			inDoubt = true
			if env.IdemKey == "" {
				return command.Result{}, err
			}
			patience = time.Now().Add(n.electionWait())
		case !errors.Is(err, watchlist.ErrNoLeader):
			return command.Result{}, doubt(err, inDoubt)
		}
		if time.Now().After(patience) {
			return command.Result{}, doubt(err, inDoubt)
		}
		select {
		case <-ctx.Done():
			return command.Result{}, doubt(errors.Join(err, ctx.Err()), inDoubt)
		case <-n.ctx.Done():
			return command.Result{}, doubt(errClosing, inDoubt)
		case <-time.After(pause):
		}
	}
}

// doubt marks an error that follows a try whose outcome is unknown.
func doubt(err error, inDoubt bool) error {
	if inDoubt && !errors.Is(err, watchlist.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: then: %w", watchlist.ErrOutcomeUnknown, err)
	}
	return err
}

// electionWait is how long a node waits for a leader to appear: several
// elections.
func (n *Node) electionWait() time.Duration { return max(10*n.timing.election, 3*time.Second) }

// proposeOnce tries the leader of the moment. watchlist.ErrNoLeader means that
// nothing was committed and another try is right.
func (n *Node) proposeOnce(ctx context.Context, env command.Envelope, encoded []byte) (command.Result, error) {
	if n.leads() {
		return n.proposals.apply(ctx, env)
	}
	leader := n.leader()
	if leader == "" || leader == n.id.Node {
		return command.Result{}, watchlist.ErrNoLeader
	}
	body, err := n.roundTrip(ctx, http.MethodPost, leader, pathPropose, encoded, maxReply)
	var ce *callError
	switch {
	case err == nil:
	case errors.As(err, &ce) && !ce.unsent:
		return command.Result{}, fmt.Errorf("%w: %w", watchlist.ErrOutcomeUnknown, err)
	case errors.As(err, &ce), errors.Is(err, errNotLeader):
		return command.Result{}, fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	default:
		return command.Result{}, err
	}
	res, err := command.DecodeResult(body)
	if err != nil {
		return command.Result{}, fmt.Errorf("%w: the leader's answer is unreadable: %w", watchlist.ErrOutcomeUnknown, err)
	}
	return res, nil
}

// servePropose is the leader's half of a forwarded proposal. It never forwards
// again.
func (n *Node) servePropose(w http.ResponseWriter, r *http.Request) {
	res, err := n.forwarded(r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	b, err := res.Encode()
	if err != nil {
		reply(w, nil, fmt.Errorf("%w: encoding a result: %w", watchlist.ErrOutcomeUnknown, err))
		return
	}
	writeBody(w, http.StatusOK, b)
}

func (n *Node) forwarded(r *http.Request) (command.Result, error) {
	b, err := readAll(r)
	if err != nil {
		return command.Result{}, err
	}
	env, err := command.Decode(b)
	if err != nil {
		return command.Result{}, fmt.Errorf("%w: %w", errRefused, err)
	}
	if !n.leads() {
		return command.Result{}, errNotLeader
	}
	return n.proposals.apply(r.Context(), env)
}

// proposer is the leader's half of a proposal: it stamps, seals and hands
// commands to raft.
type proposer struct {
	rep  *replica
	key  fsm.Sealer
	now  func() time.Time
	gate chan struct{} // holds one token: the right to stamp and enqueue
	last int64         // last stamped time; with the token only
	term uint64        // the term that last belongs to

	slots chan struct{} // one per proposal under way
	mu    sync.Mutex
	shut  bool
	wg    sync.WaitGroup
}

func newProposer(r *replica, key fsm.Sealer, now func() time.Time) *proposer {
	p := &proposer{rep: r, key: key, now: now, gate: make(chan struct{}, 1), slots: make(chan struct{}, maxInFlight)}
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
func (p *proposer) apply(ctx context.Context, env command.Envelope) (command.Result, error) {
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
		p.term, p.last = term, max(p.last, floor)
	}
	env.Time = max(p.last, p.now().UnixMilli())
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
	switch {
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
