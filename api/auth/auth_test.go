package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vigie/watchlist"
)

var cheap = Params{Memory: 64, Time: 1, Threads: 1}

func TestHasher(t *testing.T) {
	ctx := context.Background()
	h, err := NewHasher(Params{Memory: 256, Time: 2, Threads: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Hash(ctx, "a long secret sentence")
	if err != nil || !strings.HasPrefix(a, "$argon2id$v=19$m=256,t=2,p=2$") {
		t.Fatalf("%q, %v", a, err)
	}
	if b, _ := h.Hash(ctx, "a long secret sentence"); a == b {
		t.Error("two hashes of one password are equal: no salt")
	}
	if err := h.Verify(ctx, a, "a long secret sentence"); err != nil {
		t.Error(err)
	}
	if err := h.Verify(ctx, a, "another one"); !errors.Is(err, ErrPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if err := h.Verify(ctx, "", "no account has this password"); !errors.Is(err, ErrPassword) {
		t.Errorf("absent account: %v", err)
	}
	// The known answer of the reference implementation (phc-winner-argon2,
	// argon2id, m=256 KiB, t=2, p=1, salt "somesalt", "password").
	known := "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if err := h.Verify(ctx, known, "password"); err != nil {
		t.Errorf("known answer: %v", err)
	}
	for _, bad := range []string{
		"x", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		strings.Replace(known, "m=256", "m=99999999", 1), strings.Replace(known, "t=2", "t=0", 1), strings.Replace(known, "p=1", "p=0", 1),
		strings.Replace(known, "v=19", "v=16", 1), strings.Replace(known, "c29tZXNhbHQ", "!!", 1), known[:len(known)-30],
	} {
		if err := h.Verify(ctx, bad, "password"); err == nil || errors.Is(err, ErrPassword) || strings.Contains(err.Error(), "c29tZXNhbHQ") {
			t.Errorf("damaged hash: %v", err)
		}
	}
}

func TestHasherIsBounded(t *testing.T) {
	h, err := NewHasher(cheap, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !h.slots.TryAcquire(1) {
		t.Fatal("no slot")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := h.Hash(ctx, "x"); !errors.Is(err, watchlist.ErrOverloaded) {
		t.Errorf("%v", err)
	}
	for _, p := range []Params{{}, {Memory: 7, Time: 1, Threads: 1}, {Memory: 64, Threads: 1}, {Memory: 1 << 30, Time: 1, Threads: 1}} {
		if _, err := NewHasher(p, 1); err == nil {
			t.Errorf("%+v accepted", p)
		}
	}
	if p := DefaultParams(); p.Memory != 64<<10 || p.Time != 3 || p.Threads != 1 {
		t.Errorf("defaults %+v", p)
	}
}

func TestNewPasswordRules(t *testing.T) {
	for password, code := range map[string]string{
		"elevenchars": "too_short", "ééééééééééé": "too_short", "my LOGIN is here": "contains_login",
		"zzzzzzzzzzzzzzz": "too_simple", strings.Repeat("ab", 600): "too_long", "a good long one": "",
	} {
		err := CheckNewPassword(password, "login", "/p")
		var f watchlist.FieldError
		if code == "" && err != nil || code != "" && (!errors.As(err, &f) || f.Code != code || f.Pointer != "/p") {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestTokens(t *testing.T) {
	a, err := NewSessionToken()
	if err != nil {
		t.Fatal(err)
	}
	a.Index = 42
	b, ok := ParseSessionToken(a.String())
	if !ok || b != a || len(a.Hash()) != 64 || strings.Contains(a.String(), a.Hash()) {
		t.Errorf("%v %v", a, b)
	}
	b.Index = 7
	if b.Hash() != a.Hash() {
		t.Error("the index changes the hash")
	}
	k, err := NewAPIKeyToken("00ff00ff00ff00ff")
	if err != nil {
		t.Fatal(err)
	}
	l, ok := ParseAPIKeyToken(k.String())
	if !ok || l != k || !l.Matches(k.Hash()) || l.Matches("") || l.Matches(a.Hash()) {
		t.Errorf("%v %v", k, l)
	}
	if other, _ := NewAPIKeyToken(k.ID); other.Matches(k.Hash()) {
		t.Error("two secrets are equal")
	}
	for _, s := range []string{"", "vs_", "vk_", "vs_x.1", k.String() + "=", a.String() + "x", "vk__" + strings.Repeat("A", 43), "vk_a_" + strings.Repeat("!", 43), "vs_" + strings.Repeat("A", 43), "vs_" + strings.Repeat("A", 43) + ".-1"} {
		_, ok1 := ParseSessionToken(s)
		_, ok2 := ParseAPIKeyToken(s)
		if ok1 || ok2 {
			t.Errorf("%q accepted", s)
		}
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := NewLimiter(10*time.Second, 2, 3)
	try := func(key string, want bool) time.Duration {
		t.Helper()
		ok, wait := l.Allow(key, now)
		if ok != want {
			t.Errorf("%s: %v, want %v", key, ok, want)
		}
		return wait
	}
	try("a", true)
	try("a", true)
	if wait := try("a", false); wait != 10*time.Second {
		t.Errorf("wait %v", wait)
	}
	now = now.Add(4 * time.Second)
	if wait := try("a", false); wait < 5*time.Second || wait > 7*time.Second {
		t.Errorf("wait %v", wait)
	}
	try("b", true)
	try("c", true)
	try("d", false) // full, and nobody is back at the full allowance
	l.Reset("a")
	try("d", true)
	now = now.Add(time.Hour)
	try("e", true) // the others are forgotten
	if len(l.m) != 1 {
		t.Errorf("%d keys kept", len(l.m))
	}
}

func TestEveryPermissionIsSomebodys(t *testing.T) {
	for _, p := range []Permission{MatchRun, EntriesRead, EntriesWrite, PhotosRead, ImportsWrite, AccountsManage, ClusterRead, ClusterManage, AuditRead, MetricsRead} {
		if !p.Known() || !Allowed(watchlist.RoleAdministrator, p) {
			t.Errorf("%s is nobody's", p)
		}
	}
	g := Granted(watchlist.RoleOfficer)
	g[0] = ClusterManage
	if Allowed(watchlist.RoleOfficer, ClusterManage) || !Allowed(watchlist.RoleOfficer, MatchRun) {
		t.Error("a caller can change the table")
	}
	if len(Granted(watchlist.RolePartner)) != 0 || len(Granted("king")) != 0 {
		t.Error("a partner or a king may do something")
	}
}
