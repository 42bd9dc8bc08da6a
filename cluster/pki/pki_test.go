package pki

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

const (
	testCluster = "3f0c9f6e-9c0b-4b59-8a8c-0a4a1d2e3f40"
	testNode    = watchlist.NodeID("7b1f8c1e-2d3c-4e5f-8a9b-1c2d3e4f5a6b")
)

func newAuthority(t *testing.T, now time.Time) *Authority {
	t.Helper()
	a, err := NewAuthority(testCluster, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *Authority, cluster string, now time.Time) *x509.Certificate {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := NewRequest(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.IssueNode(csr, cluster, testNode, now)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := KeySPKI(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if spki != SPKI(cert) {
		t.Fatalf("SPKI of key %s differs from that of certificate %s", spki, SPKI(cert))
	}
	return cert
}

func TestVerifyNode(t *testing.T) {
	now := time.Now()
	a := newAuthority(t, now)
	cert := issue(t, a, testCluster, now)
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		got, err := Verify(cert, a.Certificate(), testCluster, usage, now)
		if err != nil {
			t.Fatal(err)
		}
		if want := (Identity{Cluster: testCluster, Node: testNode, SPKI: SPKI(cert)}); got != want {
			t.Errorf("identity = %+v, want %+v", got, want)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	now := time.Now()
	a := newAuthority(t, now)
	server, err := a.IssueServer([]string{"localhost", "127.0.0.1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		leaf *x509.Certificate
		at   time.Time
	}{
		"foreign authority": {issue(t, newAuthority(t, now), testCluster, now), now},
		"other cluster":     {issue(t, a, "another-cluster", now), now},
		"ended":             {issue(t, a, testCluster, now), now.Add(NodeLife + time.Hour)},
		"API certificate":   {server.Leaf, now},
		"authority itself":  {a.Certificate(), now},
	}
	for name, c := range cases {
		if _, err := Verify(c.leaf, a.Certificate(), testCluster, x509.ExtKeyUsageServerAuth, c.at); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestVerifyToleratesLateClock(t *testing.T) {
	now := time.Now()
	a := newAuthority(t, now)
	cert := issue(t, a, testCluster, now)
	dead := time.Unix(0, 0)
	if _, err := Verify(cert, a.Certificate(), testCluster, x509.ExtKeyUsageServerAuth, dead); err != nil {
		t.Errorf("a node whose clock says 1970 refuses its peers: %v", err)
	}
}

func TestAuthorityRoundTrip(t *testing.T) {
	a := newAuthority(t, time.Now())
	der, err := a.MarshalKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseAuthority(a.Certificate().Raw, der); err != nil {
		t.Fatal(err)
	}
	other := newAuthority(t, time.Now())
	if _, err := ParseAuthority(other.Certificate().Raw, der); err == nil {
		t.Error("a key was accepted for the certificate of another authority")
	}
}

func TestIssueServerHosts(t *testing.T) {
	a := newAuthority(t, time.Now())
	c, err := a.IssueServer([]string{"vigie.example", "10.0.0.7"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"vigie.example", "10.0.0.7"} {
		if err := c.Leaf.VerifyHostname(h); err != nil {
			t.Errorf("%s: %v", h, err)
		}
	}
	if _, err := a.IssueServer(nil, time.Now()); err == nil {
		t.Error("a certificate without hosts was issued")
	}
}

func TestParseRequestRefusesTampering(t *testing.T) {
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := NewRequest(key)
	if err != nil {
		t.Fatal(err)
	}
	csr[len(csr)-1] ^= 1
	if _, err := ParseRequest(csr); err == nil {
		t.Error("a request with a broken signature was accepted")
	}
}

func TestTokenRoundTrip(t *testing.T) {
	a := newAuthority(t, time.Now())
	member, stranger := issue(t, a, testCluster, time.Now()), issue(t, a, testCluster, time.Now())
	want, err := NewToken(a.Certificate(), []string{"10.0.0.1:7000"}, []string{SPKI(member), SPKI(a.Certificate())}, watchlist.NodeNonvoter, 42)
	if err != nil {
		t.Fatal(err)
	}
	text, err := want.Text()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseToken("  " + text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !got.Trusts(a.Certificate()) || got.Trusts(newAuthority(t, time.Now()).Certificate()) {
		t.Error("the token trusts the wrong authority")
	}
	if !got.Pinned(member) || got.Pinned(stranger) {
		t.Error("the token names the wrong members")
	}
}

func TestTokenNamesMembers(t *testing.T) {
	a := newAuthority(t, time.Now())
	spki := SPKI(a.Certificate())
	var nine []string
	for range 9 {
		nine = append(nine, spki)
	}
	for name, members := range map[string][]string{"none": nil, "too many": nine, "malformed": {spki[:10]}} {
		if _, err := NewToken(a.Certificate(), []string{"x"}, members, watchlist.NodeVoter, 0); err == nil {
			t.Errorf("%s: a token was made", name)
		}
	}
	tok, err := NewToken(a.Certificate(), []string{"x"}, []string{spki}, watchlist.NodeVoter, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, pins := range map[string][][]byte{"none": nil, "short": {tok.Pins[0][:8]}, "empty": {{}}} {
		tok.Pins = pins
		text, err := tok.Text()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseToken(text); !errors.Is(err, ErrBadToken) {
			t.Errorf("%s: %v, want ErrBadToken", name, err)
		}
	}
}

func TestParseTokenRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":      "",
		"prefix":     "k3s.abc",
		"base64":     tokenPrefix + "!!!",
		"cbor":       tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte{0xff}),
		"incomplete": tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte{0xa0}),
		"long":       tokenPrefix + strings.Repeat("A", tokenMaxText),
	} {
		_, err := ParseToken(text)
		if !errors.Is(err, ErrBadToken) {
			t.Errorf("%s: error = %v, want ErrBadToken", name, err)
		}
		if err != nil && len(text) > 10 && strings.Contains(err.Error(), text[7:]) {
			t.Errorf("%s: the error holds the token", name)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(tokenPrefix + "oA")
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := ParseToken(text)
		if err == nil && (len(tok.Secret) != secretLen || len(tok.Addresses) == 0) {
			t.Error("an incomplete token was accepted")
		}
	})
}
