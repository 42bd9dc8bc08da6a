package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"vigie/api/auth"
	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// The limits on sign-in: per login and address, and per address alone, which is
// wider since a post shares one.
const (
	loginBurst = 5
	loginEvery = 12 * time.Second
	loginKeys  = 10000
	addrBurst  = 40
	addrEvery  = 2 * time.Second
	// hashPatience bounds the wait for a slot to check a password.
	hashPatience = 3 * time.Second
)

// CreateSession signs a person in.
func (s *service) CreateSession(ctx context.Context, req gen.CreateSessionRequestObject) (gen.CreateSessionResponseObject, error) {
	c := callOf(ctx)
	login := req.Body.Login
	limitKey := login + "\n" + c.ip
	for _, l := range []struct {
		limit *auth.Limiter
		key   string
	}{{s.addrLimit, c.ip}, {s.loginLimit, limitKey}} {
		if ok, wait := l.limit.Allow(l.key, s.opt.Now()); !ok {
			c.event.Kind = "" // an event each would let a stranger fill the log
			s.metrics.logins.WithLabelValues("limited").Inc()
			return nil, &apiError{code: "too_many_attempts", retry: wait}
		}
	}
	u, err := s.checkLogin(ctx, login, req.Body.Password)
	if err != nil {
		s.metrics.logins.WithLabelValues("refused").Inc()
		return nil, err
	}
	s.loginLimit.Reset(limitKey)
	token, err := auth.NewSessionToken()
	if err != nil {
		return nil, err
	}
	now := s.opt.Now()
	ends := now.Add(s.opt.SessionLife)
	r, err := s.propose(ctx, idempotent{}, command.SessionPut{Session: watchlist.Session{
		TokenHash: token.Hash(), User: u.ID, CreatedAt: now.UnixMilli(), ExpiresAt: ends.UnixMilli(),
	}})
	if err != nil {
		return nil, err
	}
	token.Index = r.Index
	c.headers["Set-Cookie"] = cookie(token.String(), ends).String()
	s.metrics.logins.WithLabelValues("ok").Inc()
	return gen.CreateSession201JSONResponse{Token: token.String(), ExpiresAt: millis(ends.UnixMilli()), User: userOut(&u)}, nil
}

// checkLogin finds the account of a login and checks its password. Whether the
// login is unknown, the password wrong or the account disabled is not told.
func (s *service) checkLogin(ctx context.Context, login, password string) (watchlist.User, error) {
	c := callOf(ctx)
	u, err := s.deps.Accounts.UserByLogin(login)
	if err != nil && !errors.Is(err, watchlist.ErrNotFound) {
		return u, err
	}
	known := err == nil
	hash := ""
	if known {
		c.who.Principal = watchlist.Principal{ID: string(u.ID), Name: u.Login, Role: u.Role, Post: u.Post}
		hash = u.PasswordHash
	}
	hctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	err = s.hasher.Verify(hctx, hash, password)
	switch {
	case errors.Is(err, auth.ErrPassword):
		return u, fail("invalid_credentials")
	case err != nil:
		return u, err
	}
	return s.stillGood(ctx, u)
}

// stillGood gives the account as the leader has it now. A password that was
// changed elsewhere, or an account that was disabled, opens no session on a node
// that lags behind.
func (s *service) stillGood(ctx context.Context, u watchlist.User) (watchlist.User, error) {
	if u.Disabled {
		return u, fail("invalid_credentials")
	}
	if err := s.catchUp(ctx); err != nil {
		return u, err
	}
	now, err := s.deps.Accounts.User(u.ID)
	if err != nil && !errors.Is(err, watchlist.ErrNotFound) {
		return u, err
	}
	if err != nil || now.Disabled || now.PasswordHash != u.PasswordHash {
		return u, fail("invalid_credentials")
	}
	return now, nil
}

func cookie(value string, ends time.Time) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", Expires: ends,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// EndSession signs out.
func (s *service) EndSession(ctx context.Context, _ gen.EndSessionRequestObject) (gen.EndSessionResponseObject, error) {
	c := callOf(ctx)
	if c.who.Machine {
		return nil, fail("people_only")
	}
	_, err := s.propose(ctx, idempotent{}, command.SessionDrop{TokenHash: c.who.TokenHash})
	if err != nil && asAPIError(err).code != "not_found" {
		return nil, err
	}
	gone := cookie("", time.Unix(0, 0))
	gone.MaxAge = -1
	c.headers["Set-Cookie"] = gone.String()
	return gen.EndSession204Response{}, nil
}

// GetMe tells who makes the request and how fresh the list is.
func (s *service) GetMe(ctx context.Context, _ gen.GetMeRequestObject) (gen.GetMeResponseObject, error) {
	who := callOf(ctx).who
	kind := gen.MeKindUser
	if who.Machine {
		kind = gen.MeKindKey
	}
	perms := []string{}
	for _, p := range auth.Granted(who.Role) {
		perms = append(perms, string(p))
	}
	return gen.GetMe200JSONResponse{
		Id: who.ID, Name: who.Name, Kind: kind, Role: gen.Role(who.Role), Post: who.Post,
		MustChange: who.MustChange, Permissions: perms, Stamp: stampOut(s.deps.Consistency.Stamp()),
	}, nil
}

// ChangeMyPassword sets one's own password and ends all one's sessions.
func (s *service) ChangeMyPassword(ctx context.Context, req gen.ChangeMyPasswordRequestObject) (gen.ChangeMyPasswordResponseObject, error) {
	c := callOf(ctx)
	if c.who.Machine {
		return nil, fail("people_only")
	}
	limitKey := c.who.ID + "\n" + c.ip
	if ok, wait := s.loginLimit.Allow(limitKey, s.opt.Now()); !ok {
		return nil, &apiError{code: "too_many_attempts", retry: wait}
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	u, err := s.deps.Accounts.User(watchlist.UserID(c.who.ID))
	if err != nil {
		return nil, err
	}
	hctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	if err := s.hasher.Verify(hctx, u.PasswordHash, req.Body.Old); errors.Is(err, auth.ErrPassword) {
		return nil, failField("invalid", "/old", "wrong_password", "the old password is wrong")
	} else if err != nil {
		return nil, err
	}
	if req.Body.New == req.Body.Old {
		return nil, failField("invalid", "/new", "unchanged", "the new password must differ from the old one")
	}
	hash, err := s.newPassword(ctx, req.Body.New, u.Login, "/new")
	if err != nil {
		return nil, err
	}
	s.loginLimit.Reset(limitKey)
	if err := s.putPassword(ctx, &u, hash); err != nil {
		return nil, err
	}
	return gen.ChangeMyPassword204Response{}, nil
}

// putPassword stores the new hash in the account as it is now, not as it was
// before the long hashing: what an administrator did meanwhile stays. checked is
// the account whose old password was checked.
func (s *service) putPassword(ctx context.Context, checked *watchlist.User, hash string) error {
	unlock, err := s.lockAccounts(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	u, err := s.deps.Accounts.User(checked.ID)
	switch {
	case err != nil:
		return err
	case u.Disabled:
		return fail("unauthenticated")
	case u.PasswordHash != checked.PasswordHash:
		return failField("invalid", "/old", "wrong_password", "the old password is wrong")
	}
	u.PasswordHash, u.MustChange = hash, false
	if _, err := s.propose(ctx, idempotent{}, command.UserPut{User: u}); err != nil {
		return err
	}
	_, err = s.propose(ctx, idempotent{}, command.SessionDrop{User: u.ID})
	return err
}

// newPassword checks and hashes a password for a login.
func (s *service) newPassword(ctx context.Context, password, login, pointer string) (string, error) {
	if err := auth.CheckNewPassword(password, login, pointer); err != nil {
		return "", err
	}
	hctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	return s.hasher.Hash(hctx, password)
}
