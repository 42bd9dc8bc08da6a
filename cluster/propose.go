package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

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
//     ErrClock besides when the leader's clock is the reason.
//   - watchlist.ErrDiverged: this node's state is wrong; nothing was sent.
//   - watchlist.ErrOverloaded, watchlist.ErrDiskFull, watchlist.ErrDiskStuck:
//     refused, not committed.
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
	if n.diverged() {
		return command.Result{}, watchlist.ErrDiverged
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
			return command.Result{}, doubt(n.alone(err), inDoubt)
		}
		select {
		case <-ctx.Done():
			return command.Result{}, doubt(errors.Join(err, ctx.Err()), inDoubt)
		case <-n.stopping:
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
	body, err := roundTrip(ctx, n.net.Client(), http.MethodPost, leader, pathPropose, encoded, maxReply)
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
