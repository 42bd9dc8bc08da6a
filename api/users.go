package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// ListUsers lists the accounts by login.
func (s *service) ListUsers(ctx context.Context, req gen.ListUsersRequestObject) (gen.ListUsersResponseObject, error) {
	if err := s.freshen(ctx, req.Params.Consistency != gen.ListUsersParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	users, err := s.deps.AccountList.Users()
	if err != nil {
		return nil, err
	}
	users = slices.Clone(users)
	slices.SortFunc(users, func(a, b watchlist.User) int { return strings.Compare(a.Login, b.Login) })
	out := gen.ListUsers200JSONResponse{Items: make([]gen.User, len(users))}
	for i := range users {
		out.Items[i] = userOut(&users[i])
	}
	return out, nil
}

// CreateUser creates the account of a person.
func (s *service) CreateUser(ctx context.Context, req gen.CreateUserRequestObject) (gen.CreateUserResponseObject, error) {
	c := callOf(ctx)
	in := *req.Body
	hash, err := s.newPassword(ctx, in.Password, in.Login, "/password")
	if err != nil {
		return nil, err
	}
	// The request is remembered without the password: a fast hash of one must
	// not lie in the replicated state.
	in.Password = ""
	idem := idempotent{key: req.Params.IdempotencyKey, request: in}
	id, err := s.id(c, idem, "user")
	if err != nil {
		return nil, fmt.Errorf("draw an id: %w", err)
	}
	c.event.Subject, c.event.Changes = id, []string{"role=" + string(in.Role)}
	u := watchlist.User{
		ID: watchlist.UserID(id), Login: in.Login, Role: watchlist.Role(in.Role), PasswordHash: hash, Post: in.Post,
		CreatedAt: s.opt.Now().UnixMilli(), MustChange: in.MustChange == nil || *in.MustChange,
	}
	r, err := s.propose(ctx, idem, command.UserPut{User: u, Create: true})
	if err != nil {
		return nil, err
	}
	if err := s.storedUser(ctx, r, &u); err != nil {
		return nil, err
	}
	c.headers["Location"] = "/v1/users/" + string(u.ID)
	return gen.CreateUser201JSONResponse{User: userOut(&u), Index: int64(r.Index)}, nil
}

// storedUser replaces u by what is stored when an idempotency key answered.
func (s *service) storedUser(ctx context.Context, r command.Result, u *watchlist.User) error {
	if !r.Replayed {
		return nil
	}
	if err := s.reach(ctx, r.Index); err != nil {
		return err
	}
	stored, err := s.deps.Accounts.User(u.ID)
	if err != nil {
		return err
	}
	*u = stored
	return nil
}

// UpdateUser changes an account.
func (s *service) UpdateUser(ctx context.Context, req gen.UpdateUserRequestObject) (gen.UpdateUserResponseObject, error) {
	c := callOf(ctx)
	in := *req.Body
	c.event.Subject, c.event.Changes = req.User, userChanges(&in)
	if in.Password != "" && req.User == c.who.ID {
		// A session left open would otherwise be enough to take the account over.
		e := failField("self_change", "/password", "self_change", "PUT /v1/me/password asks for the old one too")
		e.detail = "Change your own password with PUT /v1/me/password."
		return nil, e
	}
	hash, err := s.resetPassword(ctx, watchlist.UserID(req.User), &in)
	if err != nil {
		return nil, err
	}
	unlock, err := s.lockAccounts(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	u, err := s.deps.Accounts.User(watchlist.UserID(req.User))
	if err != nil {
		return nil, err
	}
	before := u
	patchUser(&u, &in, hash)
	if err := s.mayUpdate(c, &before, &u); err != nil {
		return nil, err
	}
	idem := idempotent{key: req.Params.IdempotencyKey, request: struct {
		User  string
		Patch gen.UserPatch
	}{req.User, in}}
	r, err := s.propose(ctx, idem, command.UserPut{User: u})
	if err != nil {
		return nil, err
	}
	if hash != "" || u.Disabled {
		if _, err := s.propose(ctx, idem.part(1), command.SessionDrop{User: u.ID}); err != nil {
			return nil, err
		}
	}
	if err := s.storedUser(ctx, r, &u); err != nil {
		return nil, err
	}
	return gen.UpdateUser200JSONResponse{User: userOut(&u), Index: int64(r.Index)}, nil
}

// resetPassword hashes the new password of a patch, if there is one, and takes
// it out of the patch. It comes before the account is read for the change, since
// it takes long.
func (s *service) resetPassword(ctx context.Context, id watchlist.UserID, in *gen.UserPatch) (hash string, err error) {
	if in.Password == "" {
		return "", nil
	}
	if err := s.catchUp(ctx); err != nil {
		return "", err
	}
	u, err := s.deps.Accounts.User(id)
	if err != nil {
		return "", err
	}
	hash, err = s.newPassword(ctx, in.Password, u.Login, "/password")
	in.Password = "changed"
	return hash, err
}

// mayUpdate refuses to change one's own role, to disable oneself, and to take
// away the last administrator who can sign in: keys expire, and nobody could
// make another.
func (s *service) mayUpdate(c *call, before, after *watchlist.User) error {
	if string(after.ID) == c.who.ID && (after.Disabled || after.Role != before.Role) {
		return fail("self_change")
	}
	administers := func(u *watchlist.User) bool { return u.Role == watchlist.RoleAdministrator && !u.Disabled }
	if !administers(before) || administers(after) {
		return nil
	}
	users, err := s.deps.AccountList.Users()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(users, func(u watchlist.User) bool { return u.ID != after.ID && administers(&u) }) {
		return fail("last_administrator")
	}
	return nil
}

// lockAccounts lets one change of an account at a time start from a read on this
// node. Call unlock at its end.
func (s *service) lockAccounts(ctx context.Context) (unlock func(), err error) {
	wctx, cancel := context.WithTimeout(ctx, s.opt.WritePatience)
	defer cancel()
	if err := s.accounts.Acquire(wctx, 1); err != nil {
		return nil, watchlist.ErrOverloaded
	}
	return func() { s.accounts.Release(1) }, nil
}

// userChanges words a patch for the audit log.
func userChanges(in *gen.UserPatch) []string {
	var out []string
	if in.Role != "" {
		out = append(out, "role="+string(in.Role))
	}
	if in.Disabled != nil {
		out = append(out, "disabled="+strconv.FormatBool(*in.Disabled))
	}
	if in.Password != "" {
		out = append(out, "password")
	}
	if in.Post != nil {
		out = append(out, "post")
	}
	if in.MustChange != nil {
		out = append(out, "must_change="+strconv.FormatBool(*in.MustChange))
	}
	return out
}

// patchUser changes u; hash is that of the new password, "" for none. Unless the
// patch says otherwise, the password works once.
func patchUser(u *watchlist.User, in *gen.UserPatch, hash string) {
	if hash != "" {
		u.PasswordHash, u.MustChange = hash, true
	}
	if in.Role != "" {
		u.Role = watchlist.Role(in.Role)
	}
	if in.Post != nil {
		u.Post = *in.Post
	}
	if in.Disabled != nil {
		u.Disabled = *in.Disabled
	}
	if in.MustChange != nil {
		u.MustChange = *in.MustChange
	}
}

func userOut(u *watchlist.User) gen.User {
	return gen.User{
		Id: string(u.ID), Login: u.Login, Role: gen.Role(u.Role), Post: u.Post,
		Disabled: u.Disabled, MustChange: u.MustChange, CreatedAt: millis(u.CreatedAt),
	}
}
