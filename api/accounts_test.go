package api

import (
	"strings"
	"testing"
	"time"

	"vigie/api/auth"
	"vigie/api/gen"
	"vigie/watchlist"
)

func TestUsers(t *testing.T) {
	r := newRig(t)
	create := ask{method: "POST", path: "/v1/users", role: admin, body: map[string]any{"login": "awa", "password": goodPassword, "role": "officer", "post": "rosso"}}
	rec := r.want(201, create)
	w := decode[gen.UserWritten](t, rec)
	if w.User.Login != "awa" || !w.User.MustChange || w.User.Post != "rosso" || w.Index == 0 || rec.Header().Get("Location") != "/v1/users/"+w.User.Id {
		t.Errorf("created %+v", w)
	}
	stored := r.w.users[watchlist.UserID(w.User.Id)]
	if !strings.HasPrefix(stored.PasswordHash, "$argon2id$v=19$") {
		t.Errorf("hash %q", stored.PasswordHash)
	}
	r.problem("exists", create)
	path := "/v1/users/" + w.User.Id
	patch := func(body string) ask {
		return ask{method: "PATCH", path: path, role: admin, kind: mediaPatch, body: body}
	}
	got := decode[gen.UserWritten](t, r.want(200, patch(`{"role":"supervisor","post":null,"must_change":false}`)))
	if got.User.Role != "supervisor" || got.User.MustChange {
		t.Errorf("patched %+v", got)
	}
	s := decode[gen.Session](t, r.want(201, login("awa", goodPassword)))
	r.want(200, patch(`{"password":"another long secret"}`))
	r.problem("unauthenticated", ask{method: "GET", path: "/v1/me", token: s.Token})
	if u := r.w.users[stored.ID]; !u.MustChange || u.Role != watchlist.RoleSupervisor {
		t.Errorf("after a reset %+v", u)
	}
	r.want(200, patch(`{"disabled":true}`))
	r.problem("invalid_credentials", login("awa", "another long secret"))
	r.want(200, patch(`{"disabled":false}`))
	r.want(201, login("awa", "another long secret"))
	r.problem("invalid_request", patch(`{}`))
	r.problem("not_found", ask{method: "PATCH", path: "/v1/users/0192f0c1-4444-7abc-8def-0123456789ab", role: admin, kind: mediaPatch, body: `{"disabled":true}`})
	list := decode[gen.UserList](t, r.want(200, ask{method: "GET", path: "/v1/users", role: admin}))
	if len(list.Items) != 1 || strings.Contains(r.do(ask{method: "GET", path: "/v1/users", role: admin}).Body.String(), "argon2") {
		t.Errorf("list %+v", list)
	}
	if e := r.lastEvent(); e.Kind != watchlist.AuditPolicy {
		t.Errorf("event %+v", e)
	}
}

func TestNobodyDemotesThemselves(t *testing.T) {
	r := newRig(t)
	id := r.person("boss", admin)
	s := decode[gen.Session](t, r.want(201, login("boss", goodPassword)))
	for _, body := range []string{`{"role":"officer"}`, `{"disabled":true}`} {
		r.problem("self_change", ask{method: "PATCH", path: "/v1/users/" + string(id), token: s.Token, kind: mediaPatch, body: body})
	}
	r.want(200, ask{method: "PATCH", path: "/v1/users/" + string(id), token: s.Token, kind: mediaPatch, body: `{"post":"dakar"}`})
}

// TestOwnPasswordNeedsTheOldOne: whoever finds a session open can't take the
// account over with it.
func TestOwnPasswordNeedsTheOldOne(t *testing.T) {
	r := newRig(t)
	id := r.person("boss", admin)
	other := r.person("second", admin)
	s := decode[gen.Session](t, r.want(201, login("boss", goodPassword)))
	patch := func(id watchlist.UserID) ask {
		return ask{method: "PATCH", path: "/v1/users/" + string(id), token: s.Token, kind: mediaPatch, body: `{"password":"another long secret","post":"x"}`}
	}
	before := r.w.users[id]
	p := r.problem("self_change", patch(id))
	if p.Errors[0].Pointer != "/password" || !strings.Contains(p.Detail, "/v1/me/password") || r.w.users[id] != before {
		t.Errorf("%+v", p)
	}
	r.want(200, ask{method: "GET", path: "/v1/me", token: s.Token})
	r.want(200, patch(other))
	if u := r.w.users[other]; !u.MustChange {
		t.Errorf("another one's new password works for good: %+v", u)
	}
}

// TestUserReplay: the replayed answer is the first one, and no fast hash of the
// password lies in the log.
func TestUserReplay(t *testing.T) {
	r := newRig(t)
	a := ask{
		method: "POST", path: "/v1/users", role: admin, header: map[string]string{"Idempotency-Key": "user-0001"},
		body: map[string]any{"login": "awa", "password": goodPassword, "role": "officer"},
	}
	one := decode[gen.UserWritten](t, r.want(201, a))
	rec := r.want(201, a)
	if two := decode[gen.UserWritten](t, rec); two != one || rec.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("%+v, then %+v", one, two)
	}
	first := r.w.log[0].IdemHash
	a.body = map[string]any{"login": "awa", "password": "another long secret", "role": "officer"}
	a.header["Idempotency-Key"] = "user-0002"
	r.problem("exists", a)
	if string(r.w.log[len(r.w.log)-1].IdemHash) != string(first) {
		t.Error("the password is part of the remembered request")
	}
	a.body = map[string]any{"login": "other", "password": goodPassword, "role": "officer"}
	a.header["Idempotency-Key"] = "user-0001"
	r.problem("idempotency_mismatch", a)
}

func TestKeys(t *testing.T) {
	r := newRig(t)
	a := ask{
		method: "POST", path: "/v1/keys", role: admin, header: map[string]string{"Idempotency-Key": "kiosk-001"},
		body: map[string]any{"label": "kiosk", "role": "officer", "expires_at": testNow.Add(time.Hour)},
	}
	one := decode[gen.KeyCreated](t, r.want(201, a))
	tok, ok := auth.ParseAPIKeyToken(one.Secret)
	if !ok || string(tok.ID) != one.Key.Id || r.w.keys[tok.ID].SecretHash != tok.Hash() {
		t.Fatalf("key %+v", one)
	}
	two := decode[gen.KeyCreated](t, r.want(201, a))
	if two.Secret != "" || two.Key.Id != one.Key.Id {
		t.Errorf("replay %+v", two)
	}
	r.want(200, ask{method: "POST", path: "/v1/match", token: one.Secret, body: probeInput()})
	rec := r.want(200, ask{method: "GET", path: "/v1/keys", role: admin})
	if strings.Contains(rec.Body.String(), tok.Hash()) || strings.Contains(rec.Body.String(), one.Secret) {
		t.Error("the list shows a secret")
	}
	r.want(204, ask{method: "DELETE", path: "/v1/keys/" + one.Key.Id, role: admin})
	r.problem("unauthenticated", ask{method: "GET", path: "/v1/me", token: one.Secret})
	writes := len(r.w.log)
	r.want(204, ask{method: "DELETE", path: "/v1/keys/" + one.Key.Id, role: admin})
	if len(r.w.log) != writes {
		t.Error("revoking twice wrote twice")
	}
	r.problem("not_found", ask{method: "DELETE", path: "/v1/keys/ffffffffffffffff", role: admin})
	r.problem("invalid", ask{method: "POST", path: "/v1/keys", role: admin, body: map[string]any{"label": "k", "role": "officer", "expires_at": testNow}})

	// After the state machine has forgotten the key, the same one must not
	// replace the old credential.
	delete(r.w.idem, "0000000000000003|kiosk-001")
	k := r.w.keys[tok.ID]
	k.CreatedAt -= idemLife.Milliseconds() + 1
	r.w.keys[tok.ID] = k
	r.problem("exists", a)
}
