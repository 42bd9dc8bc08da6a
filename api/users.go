package api

import (
	"context"
	"fmt"
	"slices"
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
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	u, err := s.deps.Accounts.User(watchlist.UserID(req.User))
	if err != nil {
		return nil, err
	}
	if string(u.ID) == c.who.ID && (in.Disabled != nil && *in.Disabled || in.Role != "" && watchlist.Role(in.Role) != u.Role) {
		return nil, fail("self_change")
	}
	newSecret := in.Password != ""
	if newSecret {
		if u.PasswordHash, err = s.newPassword(ctx, in.Password, u.Login, "/password"); err != nil {
			return nil, err
		}
		u.MustChange = string(u.ID) != c.who.ID
		in.Password = "changed"
	}
	patchUser(&u, &in)
	idem := idempotent{key: req.Params.IdempotencyKey, request: struct {
		User  string
		Patch gen.UserPatch
	}{req.User, in}}
	r, err := s.propose(ctx, idem, command.UserPut{User: u})
	if err != nil {
		return nil, err
	}
	if newSecret || u.Disabled {
		if _, err := s.propose(ctx, idem.part(1), command.SessionDrop{User: u.ID}); err != nil {
			return nil, err
		}
	}
	if err := s.storedUser(ctx, r, &u); err != nil {
		return nil, err
	}
	return gen.UpdateUser200JSONResponse{User: userOut(&u), Index: int64(r.Index)}, nil
}

func patchUser(u *watchlist.User, in *gen.UserPatch) {
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
