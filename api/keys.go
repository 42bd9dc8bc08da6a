package api

import (
	"context"
	"slices"
	"time"

	"vigie/api/auth"
	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// idemLife is how long the state machine remembers an idempotency key.
const idemLife = 24 * time.Hour

// ListKeys lists the API keys, the newest first.
func (s *service) ListKeys(ctx context.Context, req gen.ListKeysRequestObject) (gen.ListKeysResponseObject, error) {
	if err := s.freshen(ctx, req.Params.Consistency != gen.ListKeysParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	keys, err := s.deps.AccountList.APIKeys()
	if err != nil {
		return nil, err
	}
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b watchlist.APIKey) int { return int(min(max(b.CreatedAt-a.CreatedAt, -1), 1)) })
	out := gen.ListKeys200JSONResponse{Items: make([]gen.APIKey, len(keys))}
	for i := range keys {
		out.Items[i] = keyOut(&keys[i])
	}
	return out, nil
}

// CreateKey creates an API key and shows its secret, once.
func (s *service) CreateKey(ctx context.Context, req gen.CreateKeyRequestObject) (gen.CreateKeyResponseObject, error) {
	c := callOf(ctx)
	idem := idempotent{key: req.Params.IdempotencyKey, request: req.Body}
	id, err := s.keyID(c, idem)
	if err != nil {
		return nil, err
	}
	c.event.Subject, c.event.Changes = id, []string{"role=" + string(req.Body.Role)}
	if old, err := s.deps.Accounts.APIKey(watchlist.KeyID(id)); err == nil && s.opt.Now().UnixMilli()-old.CreatedAt > idemLife.Milliseconds() {
		// The idempotency key is long forgotten: it must not replace that key.
		return nil, fail("exists")
	}
	token, err := auth.NewAPIKeyToken(watchlist.KeyID(id))
	if err != nil {
		return nil, err
	}
	now := s.opt.Now()
	k := watchlist.APIKey{
		ID: token.ID, SecretHash: token.Hash(), Role: watchlist.Role(req.Body.Role), Label: req.Body.Label,
		Post: req.Body.Post, CreatedAt: now.UnixMilli(),
	}
	if end := req.Body.ExpiresAt; !end.IsZero() {
		if !end.After(now) {
			return nil, failField("invalid", "/expires_at", "out_of_range", "the end must lie ahead")
		}
		k.ExpiresAt = end.UnixMilli()
	}
	r, err := s.propose(ctx, idem, command.APIKeyPut{Key: k})
	if err != nil {
		return nil, err
	}
	out := gen.CreateKey201JSONResponse{Key: keyOut(&k), Index: int64(r.Index), Secret: token.String()}
	if r.Replayed {
		// The first answer's secret is gone: only its hash was kept.
		if err := s.reach(ctx, r.Index); err != nil {
			return nil, err
		}
		stored, err := s.deps.Accounts.APIKey(k.ID)
		if err != nil {
			return nil, err
		}
		out.Key, out.Secret = keyOut(&stored), ""
	}
	return out, nil
}

// RevokeKey revokes an API key.
func (s *service) RevokeKey(ctx context.Context, req gen.RevokeKeyRequestObject) (gen.RevokeKeyResponseObject, error) {
	c := callOf(ctx)
	c.event.Subject, c.event.Changes = req.Key, []string{"revoked"}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	k, err := s.deps.Accounts.APIKey(watchlist.KeyID(req.Key))
	if err != nil {
		return nil, err
	}
	if !k.Revoked {
		k.Revoked = true
		if _, err := s.propose(ctx, idempotent{}, command.APIKeyPut{Key: k}); err != nil {
			return nil, err
		}
	}
	return gen.RevokeKey204Response{}, nil
}

func keyOut(k *watchlist.APIKey) gen.APIKey {
	out := gen.APIKey{
		Id: string(k.ID), Label: k.Label, Role: gen.Role(k.Role), Post: k.Post,
		CreatedAt: millis(k.CreatedAt), Revoked: k.Revoked,
	}
	if k.ExpiresAt != 0 {
		out.ExpiresAt = millis(k.ExpiresAt)
	}
	return out
}
