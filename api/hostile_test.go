package api

import (
	"context"
	"crypto/tls"
	"runtime"
	"strings"
	"testing"

	"vigie/watchlist"
)

// TestManyValuesAreRefusedCheaply: 8 MB of tiny values would take over a
// gigabyte to decode and to list what is wrong with each.
func TestManyValuesAreRefusedCheaply(t *testing.T) {
	r := newRig(t)
	for name, body := range map[string]string{
		"items":   `{"names":[` + strings.Repeat("0,", 1<<20) + `0]}`,
		"objects": `{"names":[` + strings.Repeat("{},", 1<<20) + `{}]}`,
		"members": `{` + strings.Repeat(`"a":0,`, 1<<20) + `"a":0}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r.problem("too_many_values", ask{method: "POST", path: "/v1/match", role: officer, body: body})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MB were allocated", name, used>>20)
		}
	}
	lines := `{"lines":[` + strings.Repeat("0,", 1<<20) + `0]}`
	r.problem("too_many_values", ask{method: "POST", path: "/v1/imports/b/entries", role: admin, body: lines})
	r.problem("too_many_values", ask{
		method: "POST", path: "/v1/match", role: officer, kind: multipartForm + "; boundary=b",
		body: "--b\r\nContent-Disposition: form-data; name=\"probe\"\r\nContent-Type: application/json\r\n\r\n" +
			`{"names":[` + strings.Repeat("0,", 100<<10) + "0]}\r\n--b--\r\n",
	})
}

// TestLargestInputsAreNotTooManyValues: what the contract allows passes.
func TestLargestInputsAreNotTooManyValues(t *testing.T) {
	template := `{"template":{"model":"m","values":[` + strings.Repeat("0.123456,", 511) + `1]}}`
	faces := `{"faces":[` + strings.Repeat(template+",", 9) + template + `]}`
	if err := checkObject([]byte(faces), maxValues); err != nil {
		t.Error(err)
	}
}

func TestBrokenQueryIsRefused(t *testing.T) {
	r := newRig(t)
	// net/url drops what it can't read: the filter would silently be none.
	for _, q := range []string{"status=draft;category=smuggler", "status=%zz", "a;b"} {
		req := r.request(ask{method: "GET", path: "/v1/entries", role: admin})
		req.URL.RawQuery = q
		rec := newRecorder()
		r.s.Handler().ServeHTTP(rec, req)
		if rec.Code != 400 {
			t.Errorf("%s: %d %s", q, rec.Code, rec.Body)
		}
	}
}

func TestOnlyTLS13(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TLS = &tls.Config{MinVersion: tls.VersionTLS12} })
	if got := r.s.http.TLSConfig.MinVersion; got != tls.VersionTLS13 {
		t.Errorf("version %x is accepted", got)
	}
}

// onLeaderRead runs a change the nth time that a request asks the leader.
type onLeaderRead struct {
	*world
	calls *int
	at    int
	do    func()
}

func (o onLeaderRead) Linearizable(ctx context.Context) error {
	if *o.calls++; *o.calls == o.at {
		o.do()
	}
	return o.world.Linearizable(ctx)
}

func (r *rig) edit(id watchlist.UserID, f func(*watchlist.User)) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	u := r.w.users[id]
	f(&u)
	r.w.users[id] = u
}

// TestPasswordChangeKeepsWhatAnAdministratorDid: somebody who is disabled or
// demoted while the new password is hashed must not come back.
func TestPasswordChangeKeepsWhatAnAdministratorDid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*watchlist.User)
		code   string
	}{
		"demoted":    {func(u *watchlist.User) { u.Role = officer }, ""},
		"disabled":   {func(u *watchlist.User) { u.Disabled = true }, "unauthenticated"},
		"new secret": {func(u *watchlist.User) { u.PasswordHash = "other" }, "invalid"},
		"moved":      {func(u *watchlist.User) { u.Post = "rosso" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.person("awa", admin)
			r.person("other", admin)
			tok := r.signedIn("awa")
			calls := 0
			r.s.deps.Consistency = onLeaderRead{r.w, &calls, 2, func() { r.edit(id, c.change) }}
			rec := r.do(ask{method: "PUT", path: "/v1/me/password", token: tok, body: map[string]string{"old": goodPassword, "new": "another long secret"}})
			want := r.w.users[id]
			c.change(&want)
			got := r.w.users[id]
			if got.Role != want.Role || got.Disabled != want.Disabled || got.Post != want.Post || c.code == "invalid" && got.PasswordHash != "other" {
				t.Errorf("%d %s: the change was undone: %+v", rec.Code, rec.Body, got)
			}
			if (rec.Code == 204) != (c.code == "") || !strings.Contains(rec.Body.String(), c.code) {
				t.Errorf("%d %s, want %q", rec.Code, rec.Body, c.code)
			}
		})
	}
}

// TestUserUpdateKeepsAnotherOne: two changes of an account at once both count.
func TestUserUpdateKeepsAnotherOne(t *testing.T) {
	r := newRig(t)
	id := r.person("awa", admin)
	r.person("other", admin)
	calls := 0
	r.s.deps.Consistency = onLeaderRead{r.w, &calls, 2, func() { r.edit(id, func(u *watchlist.User) { u.Disabled = true }) }}
	r.want(200, ask{method: "PATCH", path: "/v1/users/" + string(id), role: admin, kind: mediaPatch, body: `{"password":"another long secret"}`})
	if u := r.w.users[id]; !u.Disabled {
		t.Errorf("enabled again: %+v", u)
	}
}

// TestSignInWithAnOldPassword: a node that lags behind must not open a session
// with a password that was changed elsewhere.
func TestSignInWithAnOldPassword(t *testing.T) {
	for name, change := range map[string]func(*watchlist.User){
		"changed":  func(u *watchlist.User) { u.PasswordHash = "other" },
		"disabled": func(u *watchlist.User) { u.Disabled = true },
	} {
		r := newRig(t)
		id := r.person("awa", officer)
		calls := 0
		r.s.deps.Consistency = onLeaderRead{r.w, &calls, 1, func() { r.edit(id, change) }}
		r.problem("invalid_credentials", login("awa", goodPassword))
		if len(r.w.sessions) != 0 {
			t.Errorf("%s: a session was made", name)
		}
	}
}

func TestLastAdministratorStays(t *testing.T) {
	r := newRig(t)
	id := r.person("boss", admin)
	r.person("gone", admin, func(u *watchlist.User) { u.Disabled = true })
	r.person("awa", officer)
	patch := func(body string) ask {
		return ask{method: "PATCH", path: "/v1/users/" + string(id), role: admin, kind: mediaPatch, body: body}
	}
	// By a key: nobody could sign in to administer once the keys have expired.
	r.problem("last_administrator", patch(`{"disabled":true}`))
	r.problem("last_administrator", patch(`{"role":"officer"}`))
	r.want(200, patch(`{"post":"dakar"}`))
	r.person("second", admin)
	r.want(200, patch(`{"disabled":true}`))
	r.want(200, patch(`{"role":"officer"}`)) // disabled already: nothing is lost
}

// TestAuditNamesTheSubject: an account event tells whose account, and what of it
// was changed.
func TestAuditNamesTheSubject(t *testing.T) {
	r := newRig(t)
	id := r.person("awa", officer)
	r.person("boss", admin)
	check := func(subject string, changes ...string) {
		t.Helper()
		e := r.lastEvent()
		if e.Subject != subject || strings.Join(e.Changes, " ") != strings.Join(changes, " ") {
			t.Errorf("%s: subject %q, changes %q", e.Operation, e.Subject, e.Changes)
		}
	}
	r.want(200, ask{method: "PATCH", path: "/v1/users/" + string(id), role: admin, kind: mediaPatch, body: `{"role":"administrator","password":"another long secret","disabled":true,"must_change":false,"post":"x"}`})
	check(string(id), "role=administrator", "disabled=true", "password", "post", "must_change=false")
	rec := r.want(201, ask{method: "POST", path: "/v1/users", role: admin, body: map[string]any{"login": "eva", "password": goodPassword, "role": "auditor"}})
	check(strings.TrimPrefix(rec.Header().Get("Location"), "/v1/users/"), "role=auditor")
	r.want(201, ask{method: "POST", path: "/v1/keys", role: admin, body: map[string]any{"label": "k", "role": "officer"}})
	if e := r.lastEvent(); len(e.Subject) != 16 || e.Changes[0] != "role=officer" {
		t.Errorf("key event %+v", e)
	}
	r.want(204, ask{method: "DELETE", path: "/v1/keys/0000000000000001", role: admin})
	check("0000000000000001", "revoked")
	r.want(204, ask{method: "DELETE", path: "/v1/cluster/members/0192f0c1-4444-7abc-8def-0123456789ab", role: admin})
	check("0192f0c1-4444-7abc-8def-0123456789ab")
	page := r.want(200, ask{method: "GET", path: "/v1/audit", role: watchlist.RoleAuditor}).Body.String()
	if !strings.Contains(page, `"subject":"`+string(id)+`"`) || !strings.Contains(page, `"role=administrator"`) {
		t.Errorf("the log doesn't show it: %s", page)
	}
}

// TestBrokenAuditStopsChanges: a change whose event could not be written is
// written down later, and nothing else is changed before.
func TestBrokenAuditStopsChanges(t *testing.T) {
	r := newRig(t)
	write := func(name string) ask {
		return ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(map[string]any{"case_reference": name})}
	}
	r.w.auditErr = watchlist.ErrDiskFull
	r.problem("audit_unavailable", write("one"))
	r.problem("audit_unavailable", write("two"))
	r.problem("audit_unavailable", ask{method: "POST", path: "/v1/users", role: admin, body: map[string]any{"login": "eva", "password": goodPassword, "role": "officer"}})
	if n := len(r.w.log); n != 1 {
		t.Errorf("%d changes were made while nothing could be audited", n)
	}
	r.w.auditErr = nil
	r.want(201, write("three"))
	var kinds []string
	for _, e := range r.w.events {
		kinds = append(kinds, string(e.Kind)+" "+e.Outcome)
		if e.Kind == watchlist.AuditWrite && (len(e.Entries) != 1 || e.Principal == "" || e.Role != admin) {
			t.Errorf("event %+v", e)
		}
	}
	if got := strings.Join(kinds, ", "); got != "write ok, write ok" {
		t.Errorf("events: %s", got)
	}
}

// TestUndoneBatchFitsItsEvent: an event above the audit log's limit of 1 MiB
// would not be written, after the undoing.
func TestUndoneBatchFitsItsEvent(t *testing.T) {
	r := newRig(t)
	id := watchlist.EntryID(r.enrolled())
	for range maxAudited + 10 {
		r.w.batches["big"] = append(r.w.batches["big"], id)
	}
	r.want(200, ask{method: "POST", path: "/v1/imports/big/undo", role: admin, body: map[string]string{"reason": "wrong file"}})
	if e := r.lastEvent(); len(e.Entries) != maxAudited || e.Subject != "big" || e.Changes[0] != "undone=4106" {
		t.Errorf("%d entries, subject %q, %q", len(e.Entries), e.Subject, e.Changes)
	}
}

// TestRefusedPhotoIsNotKept: a photo that can't become part of the entry is not
// stored before that is said.
func TestRefusedPhotoIsNotKept(t *testing.T) {
	r := newRig(t)
	photo := map[string]any{"photo": map[string]any{"image": []byte("a photo")}}
	id := r.enrolled()
	add := ask{method: "POST", path: "/v1/entries/" + id + "/faces", role: admin, body: photo}
	r.w.entries[watchlist.EntryID(id)].Faces = make([]watchlist.Face, watchlist.MaxFaces)
	r.problem("invalid", add)
	r.w.entries[watchlist.EntryID(id)].Faces = nil
	r.want(200, ask{method: "POST", path: "/v1/entries/" + id + "/withdraw", role: admin, body: `{"reason":"lifted"}`})
	r.problem("bad_transition", add)
	if len(r.w.blobs) != 0 {
		t.Errorf("%d photos were kept", len(r.w.blobs))
	}
}

func (r *rig) signedIn(name string) string {
	r.Helper()
	rec := r.want(201, login(name, goodPassword))
	return decode[struct{ Token string }](r, rec).Token
}
