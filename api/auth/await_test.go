package auth

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"vigie/watchlist"
)

// nobody knows no account, until a session is put.
type nobody struct {
	Accounts
	session *watchlist.Session
}

func (n *nobody) Session(string) (watchlist.Session, error) {
	if n.session == nil {
		return watchlist.Session{}, watchlist.ErrNotFound
	}
	return *n.session, nil
}

func (n *nobody) User(id watchlist.UserID) (watchlist.User, error) {
	return watchlist.User{ID: id}, nil
}

// TestForgedIndexIsNotAwaited: only an index that the cluster may reach within a
// moment is waited for, briefly, and only by whom the limiter lets.
func TestForgedIndexIsNotAwaited(t *testing.T) {
	const applied = 100
	now := time.UnixMilli(1000)
	for _, c := range []struct {
		index          uint64
		may            bool
		asked, waited  bool
		found, wantErr bool
	}{
		{index: applied, may: true, wantErr: true},
		{index: applied + 1, may: true, asked: true, waited: true, found: true},
		{index: applied + 1, may: true, asked: true, waited: true, wantErr: true},
		{index: applied + 1, may: false, asked: true, wantErr: true},
		{index: applied + maxAhead, may: true, asked: true, waited: true, found: true},
		{index: applied + maxAhead + 1, may: true, wantErr: true},
		{index: math.MaxUint64, may: true, wantErr: true},
	} {
		accounts := &nobody{}
		var asked, waited bool
		a := &Authenticator{
			Accounts: accounts, Patience: time.Hour, Applied: func() uint64 { return applied },
			Wait: func(ctx context.Context, index uint64) error {
				waited = true
				if end, ok := ctx.Deadline(); !ok || time.Until(end) > maxPatience || index != c.index {
					t.Errorf("waits for %d until %v", index, end)
				}
				if c.found {
					accounts.session = &watchlist.Session{ExpiresAt: 2000}
				}
				return nil
			},
		}
		token, err := NewSessionToken()
		if err != nil {
			t.Fatal(err)
		}
		token.Index = c.index
		_, err = a.Authenticate(context.Background(), token.String(), now, func() bool { asked = true; return c.may })
		if asked != c.asked || waited != c.waited || (err != nil) != c.wantErr || err != nil && !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%+v: asked %v, waited %v, %v", c, asked, waited, err)
		}
	}
}
