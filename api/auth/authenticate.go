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
	// Patience bounds that wait.
	Patience time.Duration
	// Applied is the index that the node has applied.
	Applied func() uint64
}

// Authenticate checks a session token or API key at now. It returns
// ErrUnauthenticated (wrapped) when the credential doesn't hold, other errors
// when it can't tell.
func (a *Authenticator) Authenticate(ctx context.Context, credential string, now time.Time) (Identity, error) {
	if k, ok := ParseAPIKeyToken(credential); ok {
		return a.key(k, now)
	}
	if t, ok := ParseSessionToken(credential); ok {
		return a.session(ctx, t, now)
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

func (a *Authenticator) session(ctx context.Context, t SessionToken, now time.Time) (Identity, error) {
	s, err := a.Accounts.Session(t.Hash())
	if errors.Is(err, watchlist.ErrNotFound) && a.Wait != nil && a.Applied() < t.Index {
		wctx, cancel := context.WithTimeout(ctx, a.Patience)
		defer cancel()
		if a.Wait(wctx, t.Index) == nil {
			s, err = a.Accounts.Session(t.Hash())
		}
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
