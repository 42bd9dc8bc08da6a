package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"vigie/api/auth"
	"vigie/api/gen"
	"vigie/watchlist"
)

const goodPassword = "correct horse battery"

// person adds an account and gives its id.
func (r *rig) person(login string, role watchlist.Role, change ...func(*watchlist.User)) watchlist.UserID {
	r.Helper()
	h, err := r.s.hasher.Hash(context.Background(), goodPassword)
	if err != nil {
		r.Fatal(err)
	}
	id, err := newUUID()
	if err != nil {
		r.Fatal(err)
	}
	u := watchlist.User{ID: watchlist.UserID(id), Login: login, Role: role, PasswordHash: h}
	for _, f := range change {
		f(&u)
	}
	r.w.users[u.ID] = u
	return u.ID
}

func login(name, password string) ask {
	return ask{method: "POST", path: "/v1/sessions", body: map[string]string{"login": name, "password": password}}
}

func TestSignIn(t *testing.T) {
	r := newRig(t)
	id := r.person("awa", officer)
	rec := r.want(201, login("awa", goodPassword))
	s := decode[gen.Session](t, rec)
	if e := r.lastEvent(); e.Kind != watchlist.AuditLogin || e.Principal != string(id) || e.Outcome != "ok" {
		t.Errorf("event %+v", e)
	}
	if s.User.Login != "awa" || !s.ExpiresAt.Equal(testNow.Add(12*time.Hour)) || strings.Contains(rec.Body.String(), "argon2") {
		t.Errorf("session %+v", s)
	}
	for hash := range r.w.sessions {
		if strings.Contains(s.Token, hash) || len(hash) != 64 {
			t.Error("the token itself is stored")
		}
	}
	res := rec.Result()
	defer res.Body.Close()
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Value != s.Token {
		t.Errorf("cookies %v", cookies)
	}
	me := decode[gen.Me](t, r.want(200, ask{method: "GET", path: "/v1/me", token: s.Token}))
	if me.Name != "awa" || me.Kind != "user" || len(me.Permissions) != 1 || me.Permissions[0] != "match.run" || me.Stamp.AppliedIndex == 0 {
		t.Errorf("me %+v", me)
	}
	r.want(200, ask{method: "POST", path: "/v1/match", token: s.Token, body: probeInput()})

	rec = r.want(204, ask{method: "DELETE", path: "/v1/sessions/current", token: s.Token})
	if !strings.Contains(rec.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("cookie %q", rec.Header().Get("Set-Cookie"))
	}
	r.problem("unauthenticated", ask{method: "GET", path: "/v1/me", token: s.Token})
	r.problem("people_only", ask{method: "DELETE", path: "/v1/sessions/current", role: officer})
}

func TestSignInRefused(t *testing.T) {
	r := newRig(t)
	id := r.person("awa", officer)
	r.person("off", officer, func(u *watchlist.User) { u.Disabled = true })
	a := r.problem("invalid_credentials", login("awa", "wrong password 1"))
	if e := r.lastEvent(); e.Kind != watchlist.AuditLogin || e.Principal != string(id) || e.Outcome != "invalid_credentials" {
		t.Errorf("event %+v", e)
	}
	b := r.problem("invalid_credentials", login("nobody", "wrong password 1"))
	if e := r.lastEvent(); e.Principal != "unknown" {
		t.Errorf("event %+v", e)
	}
	c := r.problem("invalid_credentials", login("off", goodPassword))
	a.TraceId, b.TraceId, c.TraceId = "", "", ""
	if jsonText(t, a) != jsonText(t, b) || jsonText(t, a) != jsonText(t, c) {
		t.Error("the answer tells which logins exist")
	}
	if len(r.w.sessions) != 0 {
		t.Error("a session was made")
	}
	r.w.writeErr = watchlist.ErrNoLeader
	r.problem("no_leader", login("awa", goodPassword))
}

func TestSignInIsLimited(t *testing.T) {
	now := testNow
	r := newRig(t, func(o *Options) { o.Now = func() time.Time { return now } })
	r.person("awa", officer)
	for range loginBurst {
		r.problem("invalid_credentials", login("awa", "wrong password 1"))
	}
	before := r.eventCount()
	rec := r.want(429, login("awa", goodPassword))
	if rec.Header().Get("Retry-After") != "12" || r.eventCount() != before {
		t.Errorf("Retry-After %q, %d events", rec.Header().Get("Retry-After"), r.eventCount()-before)
	}
	other := login("awa", goodPassword)
	other.remote = "192.0.2.99:1"
	r.want(201, other) // another address is another limit
	now = now.Add(loginEvery)
	r.want(201, login("awa", goodPassword))
	r.want(201, login("awa", goodPassword)) // a success gives the allowance back

	for range deniedBurst {
		r.problem("unauthenticated", ask{method: "GET", path: "/v1/me", token: "vk_0000000000000001_" + strings.Repeat("A", 43)})
	}
	before = r.eventCount()
	r.problem("too_many_attempts", ask{method: "GET", path: "/v1/me", token: "vk_0000000000000001_" + strings.Repeat("A", 43)})
	if r.eventCount() != before {
		t.Error("a stranger can fill the audit log")
	}
	r.want(200, ask{method: "GET", path: "/v1/me", role: officer}) // good credentials aren't counted

	for i := range addrBurst + 1 {
		a := login("user"+itoa(i), "wrong password 1")
		a.remote = "192.0.2.200:1"
		if rec := r.do(a); i < addrBurst && rec.Code == 429 || i == addrBurst && rec.Code != 429 {
			t.Fatalf("try %d from one address: %d", i, rec.Code)
		}
	}
}

func TestCredentialsThatDontHold(t *testing.T) {
	now := testNow
	r := newRig(t, func(o *Options) { o.Now = func() time.Time { return now } })
	id := r.person("awa", officer)
	s := decode[gen.Session](t, r.want(201, login("awa", goodPassword)))
	k, err := auth.NewAPIKeyToken("00000000000000aa")
	if err != nil {
		t.Fatal(err)
	}
	put := func(change func(*watchlist.APIKey)) {
		rec := watchlist.APIKey{ID: k.ID, SecretHash: k.Hash(), Role: officer}
		change(&rec)
		r.w.keys[k.ID] = rec
	}
	me := func(token string) ask { return ask{method: "GET", path: "/v1/me", token: token} }
	put(func(*watchlist.APIKey) {})
	r.want(200, me(k.String()))
	put(func(a *watchlist.APIKey) { a.Revoked = true })
	r.problem("unauthenticated", me(k.String()))
	put(func(a *watchlist.APIKey) { a.ExpiresAt = now.UnixMilli() })
	r.problem("unauthenticated", me(k.String()))
	put(func(a *watchlist.APIKey) { a.SecretHash = strings.Repeat("0", 64) })
	r.problem("unauthenticated", me(k.String()))
	for _, bad := range []string{"x", "vk_", "vs_", "vs_a.b", s.Token + "0x", strings.Replace(s.Token, "vs_", "vk_", 1), "vs_" + strings.Repeat("A", 43) + ".1"} {
		r.problem("unauthenticated", me(bad))
	}
	r.problem("unauthenticated", ask{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Basic YTpi"}})

	u := r.w.users[id]
	u.Disabled = true
	r.w.users[id] = u
	r.problem("unauthenticated", me(s.Token))
	u.Disabled, u.Role = false, watchlist.RoleAuditor
	r.w.users[id] = u
	if got := decode[gen.Me](t, r.want(200, me(s.Token))); got.Role != "auditor" {
		t.Errorf("a changed role doesn't hold at once: %s", got.Role)
	}
	now = now.Add(12 * time.Hour)
	r.problem("unauthenticated", me(s.Token))
	delete(r.w.users, id)
	r.problem("unauthenticated", me(s.Token))
	r.w.readErr = errFake
	r.problem("internal", me(s.Token))
}

// TestSessionOfAnotherNode: a node that hasn't received the session yet waits
// for its index instead of refusing it.
func TestSessionOfAnotherNode(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ReadPatience = 5 * time.Second })
	r.person("awa", officer)
	s := decode[gen.Session](t, r.want(201, login("awa", goodPassword)))
	behind := &lagging{world: r.w, catchUp: make(chan struct{})}
	d := r.w.deps()
	d.Accounts, d.Consistency = behind, behind
	srv, err := New(d, Options{Now: r.s.opt.Now, Passwords: cheap, ReadPatience: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r.s = srv
	r.want(200, ask{method: "GET", path: "/v1/me", token: s.Token})
	if !behind.waited {
		t.Error("the node didn't wait")
	}
}

type lagging struct {
	*world
	catchUp chan struct{}
	waited  bool
}

func (l *lagging) Session(h string) (watchlist.Session, error) {
	if !l.waited {
		return watchlist.Session{}, watchlist.ErrNotFound
	}
	return l.world.Session(h)
}

func (l *lagging) WaitIndex(context.Context, uint64) error { l.waited = true; return nil }

func (l *lagging) Stamp() watchlist.ListStamp {
	st := l.world.Stamp()
	st.AppliedIndex = 1
	return st
}

func TestCookieNeedsItsOwnOrigin(t *testing.T) {
	r := newRig(t)
	r.person("awa", admin)
	s := decode[gen.Session](t, r.want(201, login("awa", goodPassword)))
	write := ask{method: "POST", path: "/v1/entries", body: entryInput(), header: map[string]string{"Cookie": sessionCookie + "=" + s.Token}}
	r.want(201, write)
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}} {
		for k, v := range h {
			write.header[k] = v
		}
		r.problem("cross_origin", write)
		if e := r.lastEvent(); e.Kind != watchlist.AuditDenied || e.Outcome != "cross_origin" {
			t.Errorf("event %+v", e)
		}
		for k := range h {
			delete(write.header, k)
		}
	}
	write.header["Sec-Fetch-Site"] = "same-origin"
	r.want(201, write)
	// A bearer token can't be sent by a foreign page.
	r.want(201, ask{method: "POST", path: "/v1/entries", body: entryInput(), token: s.Token, header: map[string]string{"Origin": "https://elsewhere.example"}})
}

func TestPasswordMustChange(t *testing.T) {
	r := newRig(t)
	id := r.person("awa", officer, func(u *watchlist.User) { u.MustChange = true })
	s := decode[gen.Session](t, r.want(201, login("awa", goodPassword)))
	r.problem("password_change_required", ask{method: "POST", path: "/v1/match", token: s.Token, body: probeInput()})
	if me := decode[gen.Me](t, r.want(200, ask{method: "GET", path: "/v1/me", token: s.Token})); !me.MustChange {
		t.Error("me doesn't tell")
	}
	change := func(old, fresh string) ask {
		return ask{method: "PUT", path: "/v1/me/password", token: s.Token, body: map[string]string{"old": old, "new": fresh}}
	}
	for _, c := range []struct{ old, fresh, pointer, rule string }{
		{"wrong password 1", "another long secret", "/old", "wrong_password"},
		{goodPassword, goodPassword, "/new", "unchanged"},
		{goodPassword, "my name is Awa Ndiaye", "/new", "contains_login"},
		{goodPassword, "aaaaaaaaaaaaaaaa", "/new", "too_simple"},
	} {
		p := r.problem("invalid", change(c.old, c.fresh))
		if p.Errors[0].Pointer != c.pointer || p.Errors[0].Code != c.rule {
			t.Errorf("%+v, want %s %s", p.Errors, c.pointer, c.rule)
		}
	}
	r.problem("invalid_request", change(goodPassword, "short"))
	r.want(204, change(goodPassword, "another long secret"))
	if e := r.lastEvent(); e.Kind != watchlist.AuditPolicy || e.Operation != "changeMyPassword" {
		t.Errorf("event %+v", e)
	}
	r.problem("unauthenticated", ask{method: "GET", path: "/v1/me", token: s.Token})
	if u := r.w.users[id]; u.MustChange || r.s.hasher.Verify(context.Background(), u.PasswordHash, "another long secret") != nil {
		t.Errorf("account %+v", u)
	}
	r.problem("invalid_credentials", login("awa", goodPassword))
	r.want(201, login("awa", "another long secret"))
	r.problem("people_only", ask{method: "PUT", path: "/v1/me/password", role: officer, body: map[string]string{"old": "x", "new": "another long secret"}})
}

// TestForgedSessionsAreLimitedBeforeTheWait: each made-up token that could be
// waited for costs a try first.
func TestForgedSessionsAreLimitedBeforeTheWait(t *testing.T) {
	r := newRig(t)
	waits := 0
	r.s.auth.Wait = func(context.Context, uint64) error { waits++; return context.DeadlineExceeded }
	forged := func(ahead uint64) ask {
		tok, err := auth.NewSessionToken()
		if err != nil {
			t.Fatal(err)
		}
		tok.Index = r.w.index + ahead
		return ask{method: "GET", path: "/v1/me", token: tok.String()}
	}
	r.problem("unauthenticated", forged(1<<40))
	if waits != 0 {
		t.Error("waits for an index that is far off")
	}
	for range deniedBurst - 1 {
		r.problem("unauthenticated", forged(1))
	}
	for range 3 {
		r.problem("too_many_attempts", forged(1))
	}
	if waits != deniedBurst-1 {
		t.Errorf("%d waits", waits)
	}
}
