package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/watchlist"
)

// Accounts reads the replicated accounts of this node. Methods return
// watchlist.ErrNotFound (wrapped) for an unknown one, don't block on the
// network, and may be called concurrently.
type Accounts interface {
	User(id watchlist.UserID) (watchlist.User, error)
	UserByLogin(login string) (watchlist.User, error)
	Session(tokenHash string) (watchlist.Session, error)
	APIKey(id watchlist.KeyID) (watchlist.APIKey, error)
}

// maxAhead is how far beyond the node's applied index a session may have been
// stored to be waited for. A token proves nothing until its session is found, so
// an index that no cluster reaches within a second is not believed.
const maxAhead = 1024

// maxPatience bounds the wait for a session that may not exist.
const maxPatience = time.Second

// ErrUnauthenticated: the credential is missing, unknown, expired or revoked.
// Which of them is not told.
var ErrUnauthenticated = errors.New("not authenticated")

// Identity is an authenticated principal and what it came with.
type Identity struct {
	watchlist.Principal
	// Machine is true for an API key.
	Machine bool
	// MustChange demands a new password before anything else.
	MustChange bool
	// TokenHash names the session, "" for a machine.
	TokenHash string
}

// Authenticator turns credentials into identities from this node's accounts.
type Authenticator struct {
	Accounts Accounts
	// Wait returns once the node has applied an index, or when ctx ends. It is
	// called for a session that this node may not have received yet.
	Wait func(ctx context.Context, index uint64) error
	// Patience bounds that wait; default and most is a second.
	Patience time.Duration
	// Applied is the index that the node has applied.
	Applied func() uint64
}

// Authenticate checks a session token or API key at now. It returns
// ErrUnauthenticated (wrapped) when the credential doesn't hold, other errors
// when it can't tell. mayWait is asked once before a wait for a session that the
// node doesn't know yet; false refuses it at once.
func (a *Authenticator) Authenticate(ctx context.Context, credential string, now time.Time, mayWait func() bool) (Identity, error) {
	if k, ok := ParseAPIKeyToken(credential); ok {
		return a.key(k, now)
	}
	if t, ok := ParseSessionToken(credential); ok {
		return a.session(ctx, t, now, mayWait)
	}
	return Identity{}, fmt.Errorf("malformed credential: %w", ErrUnauthenticated)
}

func (a *Authenticator) key(k APIKeyToken, now time.Time) (Identity, error) {
	rec, err := a.Accounts.APIKey(k.ID)
	if errors.Is(err, watchlist.ErrNotFound) {
		return Identity{}, fmt.Errorf("unknown key: %w", ErrUnauthenticated)
	} else if err != nil {
		return Identity{}, fmt.Errorf("read the key: %w", err)
	}
	if !k.Matches(rec.SecretHash) || rec.Revoked || rec.ExpiresAt != 0 && now.UnixMilli() >= rec.ExpiresAt {
		return Identity{}, fmt.Errorf("key refused: %w", ErrUnauthenticated)
	}
	return Identity{
		Principal: watchlist.Principal{ID: string(rec.ID), Name: rec.Label, Role: rec.Role, Post: rec.Post},
		Machine:   true,
	}, nil
}

// awaited waits for the write that stored a session, and tells whether the node
// has it now.
func (a *Authenticator) awaited(ctx context.Context, index uint64, mayWait func() bool) bool {
	if a.Wait == nil {
		return false
	}
	applied := a.Applied()
	if index <= applied || index-applied > maxAhead || !mayWait() {
		return false
	}
	patience := maxPatience
	if a.Patience > 0 {
		patience = min(patience, a.Patience)
	}
	wctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return a.Wait(wctx, index) == nil
}

func (a *Authenticator) session(ctx context.Context, t SessionToken, now time.Time, mayWait func() bool) (Identity, error) {
	s, err := a.Accounts.Session(t.Hash())
	if errors.Is(err, watchlist.ErrNotFound) && a.awaited(ctx, t.Index, mayWait) {
		s, err = a.Accounts.Session(t.Hash())
	}
	if errors.Is(err, watchlist.ErrNotFound) {
		return Identity{}, fmt.Errorf("unknown session: %w", ErrUnauthenticated)
	} else if err != nil {
		return Identity{}, fmt.Errorf("read the session: %w", err)
	}
	u, err := a.Accounts.User(s.User)
	if errors.Is(err, watchlist.ErrNotFound) {
		return Identity{}, fmt.Errorf("session without account: %w", ErrUnauthenticated)
	} else if err != nil {
		return Identity{}, fmt.Errorf("read the account: %w", err)
	}
	if now.UnixMilli() >= s.ExpiresAt || u.Disabled {
		return Identity{}, fmt.Errorf("session refused: %w", ErrUnauthenticated)
	}
	return Identity{
		Principal:  watchlist.Principal{ID: string(u.ID), Name: u.Login, Role: u.Role, Post: u.Post},
		MustChange: u.MustChange,
		TokenHash:  s.TokenHash,
	}, nil
}
