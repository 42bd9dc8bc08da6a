package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// service implements the operations; its methods lie in the files named after
// their resources.
type service struct{ *Server }

var _ gen.StrictServerInterface = (*service)(nil)

func itoa(i int) string { return strconv.Itoa(i) }

// idempotent is what a write's idempotency needs.
type idempotent struct {
	// key is the client's, "" for none.
	key string
	// request is what must be the same when the key is used again; it holds no
	// secret.
	request any
}

// hash is the SHA-256 of operation and request, nil without a key.
func (i idempotent) hash(operation string) ([]byte, error) {
	if i.key == "" {
		return nil, nil
	}
	b, err := json.Marshal(i.request)
	if err != nil {
		return nil, fmt.Errorf("hash a request: %w", err)
	}
	h := sha256.New()
	h.Write([]byte(operation + "\n"))
	h.Write(b)
	return h.Sum(nil), nil
}

// part derives the idempotency of one of several commands of a request.
func (i idempotent) part(n int) idempotent {
	if i.key != "" && n > 0 {
		i.key += "#" + itoa(n)
	}
	return i
}

// namespace scopes derived ids.
var namespace = uuid.MustParse("6d1f2f0e-5f0e-4b0e-9d38-8c9f3d0f5a11")

// id gives a new UUID; with an idempotency key the same one at each try, so that
// a replayed answer names the record that the first try made.
func (s *service) id(c *call, i idempotent, what string) (string, error) {
	if i.key == "" {
		return s.opt.NewID()
	}
	return uuid.NewSHA1(namespace, []byte(c.who.ID+"\n"+c.op.id+"\n"+i.key+"\n"+what)).String(), nil
}

// keyID is 16 hexadecimal digits, derived like id.
func (s *service) keyID(c *call, i idempotent) (string, error) {
	id, err := s.id(c, i, "key")
	if err != nil {
		return "", fmt.Errorf("draw an id: %w", err)
	}
	h := sha256.Sum256([]byte(id))
	return hex.EncodeToString(h[:8]), nil
}

// propose replicates one command and tells call what it gave. A client that
// goes away doesn't stop it: the outcome is audited. A result that is not OK is
// an error. When it returns, this node has applied the command, so that the next
// request on it sees what was written; a node that lags more than ownWrites
// answers all the same, since the write is committed.
func (s *service) propose(ctx context.Context, i idempotent, body command.Body) (command.Result, error) {
	c := callOf(ctx)
	e := command.New(c.who.ID, body)
	hash, err := i.hash(c.op.id)
	if err != nil {
		return command.Result{}, err
	}
	e.IdemKey, e.IdemHash = i.key, hash
	wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.WritePatience)
	defer cancel()
	r, err := s.deps.Writer.Propose(wctx, e)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, watchlist.ErrNoLeader):
		return r, &apiError{code: "outcome_unknown", cause: err}
	case err != nil:
		return r, err
	case r.Code != command.OK:
		return r, refusal(r)
	}
	c.written(r.Index, r.Replayed)
	awaited, stop := context.WithTimeout(wctx, ownWrites)
	defer stop()
	if err := s.deps.Consistency.WaitIndex(awaited, r.Index); err != nil {
		s.opt.Logger.Warn("this node lags behind its own write", "index", r.Index, "error", err)
	}
	return r, nil
}

// ownWrites bounds the wait for a write to come back from the leader.
const ownWrites = time.Second

// freshen makes this node as fresh as a read asks for, and stamps the answer.
func (s *service) freshen(ctx context.Context, leader bool, minIndex int64) error {
	rctx, cancel := context.WithTimeout(ctx, s.opt.ReadPatience)
	defer cancel()
	if minIndex > 0 {
		if err := s.deps.Consistency.WaitIndex(rctx, uint64(minIndex)); err != nil {
			return behind(ctx, err)
		}
	}
	if leader {
		if err := s.deps.Consistency.Linearizable(rctx); err != nil {
			return leaderless(ctx, err)
		}
	}
	callOf(ctx).stamp(s.deps.Consistency.Stamp())
	return nil
}

// behind tells a wait for an index that took too long from one that the client
// gave up.
func behind(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &apiError{code: "index_not_reached", cause: err}
	}
	return err
}

// leaderless says that no quorum answered in time.
func leaderless(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &apiError{code: "no_leader", cause: err}
	}
	return err
}

// catchUp makes this node as fresh as the leader before a change that starts
// from a local read.
func (s *service) catchUp(ctx context.Context) error {
	rctx, cancel := context.WithTimeout(ctx, s.opt.ReadPatience)
	defer cancel()
	if err := s.deps.Consistency.Linearizable(rctx); err != nil {
		return leaderless(ctx, err)
	}
	return nil
}

// reach waits until this node has applied an index that it wrote itself.
func (s *service) reach(ctx context.Context, index uint64) error {
	rctx, cancel := context.WithTimeout(ctx, s.opt.ReadPatience)
	defer cancel()
	return behind(ctx, s.deps.Consistency.WaitIndex(rctx, index))
}

func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
