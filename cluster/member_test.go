package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/pki"
	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

func TestNonvoter(t *testing.T) {
	c := newCluster(t, 1, nil)
	edge := c.join(watchlist.NodeNonvoter)
	res := edge.mustPut(1) // forwarded
	if err := edge.node.WaitIndex(ctxFor(t), res.Index); err != nil {
		t.Fatal(err)
	}
	if err := edge.node.Linearizable(ctxFor(t)); err != nil {
		t.Error(err)
	}
	for _, s := range c.leader().node.servers() {
		if s.ID == raft.ServerID(edge.node.ID()) && s.Suffrage != raft.Nonvoter {
			t.Errorf("the nonvoter became %s", s.Suffrage)
		}
	}
	// Its loss does not matter.
	edge.stop()
	c.leader().mustPut(2)
	edge.start()
	edge.waitEntry(2)
	c.sameState()
}

func TestRemovedMemberIsRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	gone := c.followers()[0]
	other := c.followers()[1]
	id := gone.node.ID()
	if err := other.node.Remove(ctxFor(t), id); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.running() {
		if n == gone {
			continue
		}
		c.eventually("the member is gone everywhere", func() bool {
			_, err := n.node.Registry().Member(id)
			return errors.Is(err, watchlist.ErrNotFound) && len(n.node.servers()) == 2
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := gone.node.post(ctx, n.node.ID(), pathProgress, struct{}{}, nil)
		cancel()
		if err == nil {
			t.Error("a removed member is still answered")
		}
	}
	// What it knew stays readable, and is marked as old.
	c.eventually("the removed node knows that it is cut off", func() bool { return !gone.node.Stamp().Connected })
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := gone.node.Propose(ctx, command.New("t", command.EntryPut{Op: command.OpCreate, Entry: testEntry(5)})); err == nil {
		t.Error("a removed member wrote")
	}
	gone.stop()
	gone.start() // a restart brings it no access
	time.Sleep(300 * time.Millisecond)
	c.leader().mustPut(1)
	if got := len(c.leader().node.servers()); got != 2 {
		t.Errorf("%d raft servers, want 2", got)
	}
	if _, err := gone.node.Registry().Entry(testEntry(1).ID); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("a removed member got a new entry: %v", err)
	}
	if err := c.leader().node.Remove(ctxFor(t), id); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("removing it again: %v, want ErrNotFound", err)
	}
}

func TestRemoveLeader(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	old := c.leader()
	by := c.followers()[0]
	if err := by.node.Remove(ctxFor(t), old.node.ID()); err != nil {
		t.Fatal(err)
	}
	if c.leader() == old {
		t.Error("the removed node leads")
	}
	by.mustPut(1)
}

func TestRemoveKeepsQuorum(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	f := c.followers()
	id := f[0].node.ID()
	f[1].stop()
	if err := c.leader().node.Remove(ctxFor(t), id); err == nil {
		t.Error("a removal that stops the cluster was carried out")
	}
	c.leader().mustPut(1)
}

func TestTokens(t *testing.T) {
	var skip atomic.Int64 // the cluster's clock runs ahead by this
	c := newCluster(t, 1, func(cfg *Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(skip.Load())) }
	})
	leader := c.leader().node
	join := func(token string) error {
		return Join(ctxFor(t), JoinConfig{Token: token, DataDir: filepath.Join(t.TempDir(), "d")})
	}
	used := c.token(watchlist.NodeVoter)
	if err := join(used); err != nil {
		t.Fatal(err)
	}
	ended, err := leader.NewToken(ctxFor(t), watchlist.NodeVoter, 0)
	if err != nil {
		t.Fatal(err)
	}
	skip.Store(int64(pki.TokenDefaultLife))
	good, err := pki.ParseToken(c.token(watchlist.NodeNonvoter))
	if err != nil {
		t.Fatal(err)
	}
	secret, otherRole, otherCA := good, good, good
	secret.Secret = bytes.Repeat([]byte{7}, 32)
	otherRole.Role = watchlist.NodeVoter
	otherCA.CAHash = bytes.Repeat([]byte{7}, 32)
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"used":         {used, ErrTokenRefused},
		"ended":        {ended, ErrTokenRefused},
		"other secret": {text(t, secret), ErrTokenRefused},
		"other role":   {text(t, otherRole), ErrTokenRefused},
		"other CA":     {text(t, otherCA), nil},
		"cut":          {used[:len(used)/2], pki.ErrBadToken},
		"no token":     {"vigie1." + base64.RawURLEncoding.EncodeToString([]byte("x")), pki.ErrBadToken},
	} {
		err := join(c.token)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: error = %v, want %v", name, err, c.want)
		}
	}
	// None of the failures used up the good token.
	if err := join(text(t, good)); err != nil {
		t.Errorf("the good token: %v", err)
	}
	for _, ttl := range []time.Duration{-1, 25 * time.Hour} {
		if _, err := leader.NewToken(ctxFor(t), watchlist.NodeVoter, ttl); err == nil {
			t.Errorf("a token of %s was made", ttl)
		}
	}
	if _, err := leader.NewToken(ctxFor(t), "chief", 0); err == nil {
		t.Error("a token of an unknown role was made")
	}
}

func text(t *testing.T, tok pki.Token) string {
	t.Helper()
	s, err := tok.Text()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFailedJoinLeavesNothing(t *testing.T) {
	c := newCluster(t, 1, nil)
	good := c.token(watchlist.NodeVoter)
	tok, err := pki.ParseToken(good)
	if err != nil {
		t.Fatal(err)
	}
	tok.Secret = make([]byte, 32)
	dir := filepath.Join(t.TempDir(), "d")
	if err := Join(ctxFor(t), JoinConfig{Token: text(t, tok), DataDir: dir}); err == nil {
		t.Fatal("a wrong token was accepted")
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() != "lock" {
			t.Errorf("%s was left behind", e.Name())
		}
	}
	if err := Join(ctxFor(t), JoinConfig{Token: good, DataDir: dir}); err != nil {
		t.Errorf("joining into the same folder: %v", err)
	}
	if err := Join(ctxFor(t), JoinConfig{Token: good, DataDir: dir}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("joining twice: %v, want ErrNotEmpty", err)
	}
}

func TestJoinThroughFollower(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	tok, err := pki.ParseToken(c.token(watchlist.NodeVoter))
	if err != nil {
		t.Fatal(err)
	}
	tok.Addresses = []string{"127.0.0.1:1", c.followers()[0].addr}
	n := c.slot()
	n.obtain(text(t, tok))
	n.start()
	c.waitVoters(4)
	n.mustPut(1)
}

// TestLateMemberIsLetIn: a node that was off while a newer one joined and became
// the leader must accept that leader.
func TestLateMemberIsLetIn(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	away := c.followers()[0]
	away.stop()
	fresh := c.join(watchlist.NodeVoter)
	c.waitVoters(4)
	for c.leader() != fresh {
		// A transfer on a busy machine may end without a leader; the next one tells.
		if err := c.leader().node.TransferLeadership(ctxFor(t)); err != nil && !errors.Is(err, watchlist.ErrNoLeader) {
			t.Fatal(err)
		}
	}
	fresh.mustPut(1)
	away.start()
	away.waitEntry(1)
	c.sameState()
}

func TestForeignNodesAreRefused(t *testing.T) {
	t.Parallel()
	a, b := newCluster(t, 1, nil), newCluster(t, 1, nil)
	target, stranger := a.nodes[0], b.nodes[0]
	for _, proto := range []string{transport.ProtoNode, transport.ProtoRaft} {
		cert := stranger.node.certificate()
		if err := connect(target.addr, proto, cert); err == nil {
			t.Errorf("%s: a node of another cluster was let in", proto)
		}
		// The same names under another authority.
		ca, err := pki.NewAuthority(target.node.id.Cluster, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		key, err := pki.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := ca.SignNode(&key.PublicKey, target.node.id.Cluster, target.node.ID(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := connect(target.addr, proto, tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}); err == nil {
			t.Errorf("%s: a certificate of a foreign authority was let in", proto)
		}
		// The right authority, a member's id, another key: pinning.
		own, err := target.node.id.authority()
		if err != nil {
			t.Fatal(err)
		}
		leaf, err = own.SignNode(&key.PublicKey, target.node.id.Cluster, target.node.ID(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := connect(target.addr, proto, tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}); err == nil {
			t.Errorf("%s: a key that is not pinned was let in", proto)
		}
	}
	a.leader().mustPut(1)
}

// connect reports whether the server closes a TLS connection at once.
func connect(addr, proto string, cert tls.Certificate) error {
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{proto}, Certificates: []tls.Certificate{cert}})
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func TestInitRefusals(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	bad := command.New("t", command.UserPut{})
	if _, err := Init(ctxFor(t), InitConfig{DataDir: dir, Origin: testOrigin, Commands: []command.Envelope{bad}}); err == nil {
		t.Error("a refused first command did not stop Init")
	}
	if _, err := Init(ctxFor(t), InitConfig{DataDir: dir}); err == nil {
		t.Error("a cluster without an origin was made")
	}
	if _, err := Open(context.Background(), Config{DataDir: dir, ClusterListen: "127.0.0.1:0"}, nil); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("Open of an empty folder: %v, want ErrNoIdentity", err)
	}
	res, err := Init(ctxFor(t), InitConfig{DataDir: dir, Origin: testOrigin})
	if err != nil || res.Cluster == "" || res.Node == "" || len(res.AuthorityHash) != 64 {
		t.Fatalf("Init into the same folder after failures: %+v, %v", res, err)
	}
	if _, err := Init(ctxFor(t), InitConfig{DataDir: dir, Origin: testOrigin}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("Init twice: %v, want ErrNotEmpty", err)
	}
	// A key is never overwritten.
	other := filepath.Join(t.TempDir(), "d")
	if _, err := Init(ctxFor(t), InitConfig{DataDir: other, Origin: testOrigin, NodeKeyFile: filepath.Join(dir, "keys", "node.key")}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Init over a key: %v, want ErrExist", err)
	}
}

func TestTwoProcessesOnOneFolder(t *testing.T) {
	c := newCluster(t, 1, nil)
	_, err := Open(context.Background(), Config{DataDir: c.nodes[0].dir, ClusterListen: "127.0.0.1:0"}, nil)
	if !errors.Is(err, ErrInUse) {
		t.Errorf("second Open: %v, want ErrInUse", err)
	}
	c.nodes[0].mustPut(1)
}

func TestKeysOnAnotherMedium(t *testing.T) {
	dir, stick := filepath.Join(t.TempDir(), "d"), t.TempDir()
	ic := InitConfig{
		DataDir: dir, Origin: testOrigin,
		NodeKeyFile: filepath.Join(stick, "n"), ClusterKeyFile: filepath.Join(stick, "c"),
	}
	if _, err := Init(ctxFor(t), ic); err != nil {
		t.Fatal(err)
	}
	cfg := Config{DataDir: dir, ClusterListen: "127.0.0.1:0", NodeKeyFile: ic.NodeKeyFile, ClusterKeyFile: ic.ClusterKeyFile}
	n, err := Open(context.Background(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Shutdown(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a key folder on the disk: %v", err)
	}
	cfg.NodeKeyFile = ""
	if _, err := Open(context.Background(), cfg, nil); err == nil || strings.Contains(err.Error(), "panic") {
		t.Errorf("Open without the key: %v, want an error", err)
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	n := c.nodes[0]
	n.mustPut(1)
	before := n.node.certificate().Leaf
	n.stop()
	later := time.Now().Add(pki.NodeLife + time.Hour) // ended while the node was off
	c.tune = func(cfg *Config) { cfg.Now = func() time.Time { return later } }
	n.start()
	after := n.node.certificate().Leaf
	if !after.NotAfter.After(later) || pki.SPKI(after) != pki.SPKI(before) {
		t.Errorf("certificate to %s with SPKI %s; want a later one with the same key", after.NotAfter, pki.SPKI(after))
	}
	c.leader()
	n.mustPut(2)
}

func TestAPICertificate(t *testing.T) {
	c := newCluster(t, 1, nil)
	cert, ca, err := c.nodes[0].node.APICertificate([]string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.Leaf.VerifyHostname("127.0.0.1"); err != nil || !bytes.Contains(ca, []byte("BEGIN CERTIFICATE")) {
		t.Errorf("certificate: %v; authority: %d bytes", err, len(ca))
	}
	if err := connect(c.nodes[0].addr, transport.ProtoNode, cert); err == nil {
		t.Error("an API certificate was let in as a node")
	}
}
