package fsm_test

import (
	"bytes"
	"errors"
	"testing"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

func user(id, login string) watchlist.User {
	return watchlist.User{ID: watchlist.UserID(id), Login: login, Role: watchlist.RoleOfficer, PasswordHash: "$argon2id$x"}
}

func TestUsers(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, command.UserPut{User: user("u1", "awa"), Create: true})
	at := o.now - 1
	o.want(command.Exists, command.UserPut{User: user("u1", "other"), Create: true})
	o.want(command.Exists, command.UserPut{User: user("u2", "awa"), Create: true})
	o.want(command.NotFound, command.UserPut{User: user("u2", "binta")})
	o.want(command.OK, command.UserPut{User: user("u2", "binta"), Create: true})
	o.want(command.Exists, command.UserPut{User: user("u2", "awa")})
	o.want(command.OK, command.UserPut{User: user("u1", "awa.d")})
	if u, err := o.reg.UserByLogin("awa.d"); err != nil || u.ID != "u1" || u.CreatedAt != at {
		t.Errorf("renamed: %+v, %v", u, err)
	}
	if _, err := o.reg.UserByLogin("awa"); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("the old login still answers: %v", err)
	}
	o.want(command.OK, command.UserPut{User: user("u3", "awa"), Create: true})
	for _, bad := range []watchlist.User{user("", "x"), user("u9", ""), user("u9", "Upper"), user("u9", "a b"), {ID: "u9", Login: "x", Role: "king", PasswordHash: "x"}, {ID: "u9", Login: "x", Role: watchlist.RoleOfficer}} {
		o.want(command.Invalid, command.UserPut{User: bad, Create: true})
	}
	if us, err := o.reg.Users(); err != nil || len(us) != 3 || us[0].ID != "u1" || us[2].ID != "u3" {
		t.Errorf("users %v, %v", us, err)
	}
}

func TestSessions(t *testing.T) {
	o := newOne(t)
	sess := func(hash, u string, end int64) command.SessionPut {
		return command.SessionPut{Session: watchlist.Session{TokenHash: hash, User: watchlist.UserID(u), ExpiresAt: end}}
	}
	far := start + 1_000_000
	o.want(command.NotFound, sess("s1", "u1", far))
	o.want(command.OK, command.UserPut{User: user("u1", "awa"), Create: true})
	o.want(command.OK, command.UserPut{User: user("u2", "binta"), Create: true})
	o.want(command.OK, sess("s1", "u1", far))
	o.want(command.OK, sess("s2", "u1", far))
	o.want(command.OK, sess("s3", "u2", far))
	o.want(command.Expired, sess("s4", "u1", o.now))
	o.want(command.Exists, sess("s3", "u1", far))
	o.want(command.Invalid, sess("", "u1", far))
	o.want(command.Invalid, command.SessionDrop{})
	o.want(command.NotFound, command.SessionDrop{TokenHash: "none"})
	o.want(command.OK, command.SessionDrop{TokenHash: "s1"})
	check := func(hash string, there bool) {
		t.Helper()
		if _, err := o.reg.Session(hash); (err == nil) != there {
			t.Errorf("session %s: %v, want there: %v", hash, err, there)
		}
	}
	check("s1", false)
	check("s2", true)
	o.want(command.OK, command.SessionDrop{User: "u1"})
	check("s2", false)
	check("s3", true)
	off := user("u2", "binta")
	off.Disabled = true
	o.want(command.OK, command.UserPut{User: off})
	check("s3", false)
	o.want(command.NotFound, sess("s5", "u2", far))
}

func TestAPIKeys(t *testing.T) {
	o := newOne(t)
	k := watchlist.APIKey{ID: "k1", SecretHash: "h", Role: watchlist.RoleOfficer, Label: "gate"}
	o.want(command.OK, command.APIKeyPut{Key: k})
	k.Revoked = true
	o.want(command.OK, command.APIKeyPut{Key: k})
	k.Revoked = false
	o.want(command.BadTransition, command.APIKeyPut{Key: k})
	o.want(command.Invalid, command.APIKeyPut{Key: watchlist.APIKey{ID: "k2", Role: watchlist.RoleOfficer}})
	if got, err := o.reg.APIKey("k1"); err != nil || !got.Revoked {
		t.Errorf("key %+v, %v", got, err)
	}
	if ks, err := o.reg.APIKeys(); err != nil || len(ks) != 1 {
		t.Errorf("keys %v, %v", ks, err)
	}
}

func TestTokens(t *testing.T) {
	o := newOne(t)
	hash := bytes.Repeat([]byte{7}, 32)
	m := watchlist.Member{ID: "n2", Role: watchlist.NodeVoter, SPKI: "aa"}
	burn := command.TokenBurn{Hash: hash, Member: m}
	o.want(command.NotFound, burn)
	o.want(command.Invalid, command.TokenPut{Hash: hash[:5], Role: watchlist.NodeVoter, ExpiresAt: start + 100})
	o.want(command.Expired, command.TokenPut{Hash: hash, Role: watchlist.NodeVoter, ExpiresAt: start})
	put := command.TokenPut{Hash: hash, Role: watchlist.NodeVoter, ExpiresAt: start + 100}
	o.want(command.OK, put)
	o.want(command.Exists, put)
	wrong := burn
	wrong.Member.Role = watchlist.NodeNonvoter
	o.want(command.Invalid, wrong)
	o.want(command.OK, burn)
	if got, err := o.reg.Member("n2"); err != nil || got.SPKI != "aa" || got.JoinedAt != o.now-1 {
		t.Errorf("member %+v, %v", got, err)
	}
	o.want(command.NotFound, burn)

	other := bytes.Repeat([]byte{8}, 32)
	o.want(command.OK, command.TokenPut{Hash: other, Role: watchlist.NodeVoter, ExpiresAt: start + 100})
	o.want(command.Exists, command.TokenBurn{Hash: other, Member: watchlist.Member{ID: "n2", Role: watchlist.NodeVoter, SPKI: "bb"}})
	o.now = start + 100
	r := o.do(command.TokenBurn{Hash: other, Member: watchlist.Member{ID: "n3", Role: watchlist.NodeVoter}})
	if r.Code != command.Expired && r.Code != command.NotFound {
		t.Errorf("burning an expired token: %s", r.Code)
	}
	if _, err := o.reg.Member("n3"); err == nil {
		t.Error("an expired token admitted a node")
	}
	o.want(command.OK, command.MemberDrop{ID: "n2"})
	o.want(command.NotFound, command.MemberDrop{ID: "n2"})
	if ms, err := o.reg.Members(); err != nil || len(ms) != 0 {
		t.Errorf("members %v, %v", ms, err)
	}
}

func TestIdempotency(t *testing.T) {
	o := newOne(t)
	send := func(actor, key, hash string, body command.Body) command.Result {
		t.Helper()
		return o.node.apply(o.addAs(actor, key, []byte(hash), body))[0]
	}
	first := send("awa", "k", "h1", create(1))
	if first.Code != command.OK || first.Replayed {
		t.Fatalf("first try: %+v", first)
	}
	again := send("awa", "k", "h1", create(1))
	if again.Code != command.OK || !again.Replayed || again.Index != first.Index || again.Revision != 1 {
		t.Errorf("replay: %+v", again)
	}
	if r := send("awa", "k", "h2", create(2)); r.Code != command.IdemMismatch {
		t.Errorf("other request under the same key: %s", r.Code)
	}
	if r := send("binta", "k", "h2", create(2)); r.Code != command.OK {
		t.Errorf("same key of another actor: %s", r.Code)
	}
	if r := send("awa", "k2", "h3", create(1)); r.Code != command.Exists {
		t.Errorf("refusal: %s", r.Code)
	}
	if r := send("awa", "k2", "h3", create(1)); r.Code != command.Exists || !r.Replayed {
		t.Errorf("replayed refusal: %+v", r)
	}
	// Both in one transaction.
	rs := o.node.apply(o.addAs("awa", "k3", nil, create(3)), o.addAs("awa", "k3", nil, create(3)))
	if rs[0].Code != command.OK || !rs[1].Replayed {
		t.Errorf("twice in a transaction: %+v", rs)
	}
	// The key is free again after its window, not before.
	o.now = start + fsm.IdemWindow
	if r := send("awa", "k", "h1", create(1)); !r.Replayed {
		t.Errorf("within the window: %+v", r)
	}
	o.now = start + fsm.IdemWindow + 1000
	if r := send("awa", "k", "h9", create(1)); r.Replayed || r.Code != command.Exists {
		t.Errorf("past the window: %+v", r)
	}
}

// TestForgetting checks that what is past its time leaves the registry.
func TestForgetting(t *testing.T) {
	o := newOne(t)
	records := func() uint64 {
		t.Helper()
		v, err := o.reg.View()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = v.Close() }()
		return v.State().Records
	}
	o.want(command.OK, command.UserPut{User: user("u1", "awa"), Create: true})
	o.want(command.OK, create(1))
	base := records()
	sess := watchlist.Session{TokenHash: "s1", User: "u1", ExpiresAt: start + 5000}
	o.want(command.OK, command.SessionPut{Session: sess})
	sess.ExpiresAt = start + 9000
	o.want(command.OK, command.SessionPut{Session: sess})
	o.want(command.OK, command.TokenPut{Hash: bytes.Repeat([]byte{1}, 32), Role: watchlist.NodeVoter, ExpiresAt: start + 5000})
	o.node.apply(o.addAs("awa", "key", nil, command.MemberDrop{ID: "none"}))
	var items []command.EntryPut
	e := entry(1)
	items = append(items, command.EntryPut{Op: command.OpReplace, Entry: e, IfRevision: 1})
	o.want(command.OK, command.EntryBatch{Batch: "b1", Items: items})
	if got, want := records()-base, uint64(2+2+2+3); got != want {
		t.Fatalf("%d more records, want %d", got, want)
	}
	tick := func(at int64) {
		t.Helper()
		o.now = at
		o.want(command.NotFound, command.MemberDrop{ID: "none"})
	}
	tick(start + 6000)
	if got := records() - base; got != 7 {
		t.Errorf("after the token's end: %d more records, want 7", got)
	}
	if _, err := o.reg.Session("s1"); err != nil {
		t.Errorf("the session that was extended is gone: %v", err)
	}
	tick(start + 9000)
	if got := records() - base; got != 5 {
		t.Errorf("after the session's end: %d more records, want 5", got)
	}
	tick(start + 2*fsm.IdemWindow)
	if got := records() - base; got != 3 {
		t.Errorf("after the key's window: %d more records, want 3", got)
	}
	tick(start + 2*fsm.UndoWindow)
	if got := records() - base; got != 0 {
		t.Errorf("after the undo window: %d more records, want 0", got)
	}
	o.want(command.NotFound, command.BatchUndo{Batch: "b1", Reason: "late"})
	if err := o.reg.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
