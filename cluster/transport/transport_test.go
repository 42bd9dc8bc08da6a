package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/cluster/pki"
	"vigie/watchlist"
)

const clusterID = "3f0c9f6e-9c0b-4b59-8a8c-0a4a1d2e3f40"

// TestMain lets net/http finish its bounded half-second wait before it closes a
// refused connection; everything else that is left counts as a leak.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// directory is a member list that tests change.
type directory struct {
	mu    sync.Mutex
	addrs map[watchlist.NodeID]string
	pins  map[watchlist.NodeID]string
}

func (d *directory) Authorise(id pki.Identity) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pins[id.Node] != id.SPKI {
		return ErrNotMember
	}
	return nil
}

func (d *directory) Address(id watchlist.NodeID) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a, ok := d.addrs[id]; ok {
		return a, nil
	}
	return "", ErrNotMember
}

func (d *directory) remove(id watchlist.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.pins, id)
}

// world is an authority and a directory shared by some transports.
type world struct {
	t   *testing.T
	ca  *pki.Authority
	dir *directory
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ca, err := pki.NewAuthority(clusterID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, ca: ca, dir: &directory{addrs: map[watchlist.NodeID]string{}, pins: map[watchlist.NodeID]string{}}}
}

// certificate makes a node certificate, chained to its authority.
func certificate(t *testing.T, ca *pki.Authority, cluster string, id watchlist.NodeID) tls.Certificate {
	t.Helper()
	key, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.SignNode(&key.PublicKey, cluster, id, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw, ca.Certificate().Raw}, PrivateKey: key, Leaf: cert}
}

// node starts a transport whose identity is entered into the directory.
func (w *world) node(id watchlist.NodeID, opts ...func(*Config)) *Transport {
	w.t.Helper()
	cert := certificate(w.t, w.ca, clusterID, id)
	t := w.nodeWith(id, cert, opts...)
	w.dir.mu.Lock()
	w.dir.addrs[id] = t.Addr().String()
	w.dir.pins[id] = pki.SPKI(cert.Leaf)
	w.dir.mu.Unlock()
	return t
}

// pin is the key pinned for a node.
func (w *world) pin(id watchlist.NodeID) string {
	w.dir.mu.Lock()
	defer w.dir.mu.Unlock()
	return w.dir.pins[id]
}

func (w *world) nodeWith(id watchlist.NodeID, cert tls.Certificate, opts ...func(*Config)) *Transport {
	w.t.Helper()
	cfg := Config{
		Listen: "127.0.0.1:0", Self: id, Cluster: clusterID, Authority: w.ca.Certificate(),
		Certificate: func() tls.Certificate { return cert }, Directory: w.dir,
		Control: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/panic" {
				panic("secret value")
			}
			peer, _ := Peer(r.Context())
			io.WriteString(rw, string(peer.Node))
		}),
		Join: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(rw, "body", http.StatusRequestEntityTooLarge)
				return
			}
			rw.Write(b)
		}),
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		o(&cfg)
	}
	t, err := Listen(context.Background(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	t.Serve()
	w.t.Cleanup(func() {
		if err := t.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return t
}

func get(t *testing.T, c *http.Client, url string) (int, string, error) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func TestControlPlaneKnowsPeer(t *testing.T) {
	w := newWorld(t)
	a, _ := w.node("a"), w.node("b")
	code, body, err := get(t, a.Client(), "https://b/who")
	if err != nil || code != 200 || body != "a" {
		t.Errorf("got %d %q %v, want 200 \"a\"", code, body, err)
	}
}

func TestHandlerPanicKeepsServing(t *testing.T) {
	w := newWorld(t)
	var logged bytes.Buffer
	a, _ := w.node("a"), w.node("b", func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	if code, _, err := get(t, a.Client(), "https://b/panic"); err != nil || code != 500 {
		t.Fatalf("got %d %v, want 500", code, err)
	}
	if code, _, err := get(t, a.Client(), "https://b/who"); err != nil || code != 200 {
		t.Errorf("after the panic: got %d %v, want 200", code, err)
	}
	if !strings.Contains(logged.String(), "panicked") || strings.Contains(logged.String(), "secret value") {
		t.Error("the panic is not logged, or with its value")
	}
}

func TestRaftStream(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	got := make(chan string, 1)
	go func() {
		c, err := b.Raft().Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer c.Close()
		buf := make([]byte, 4)
		io.ReadFull(c, buf)
		got <- string(buf)
	}()
	c, err := a.Raft().Dial(RaftAddress("b"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "ping")
	if s := <-got; s != "ping" {
		t.Errorf("received %q, want ping", s)
	}
}

func TestRefusedClients(t *testing.T) {
	w := newWorld(t)
	w.node("b")
	foreign := newWorld(t)
	intruders := map[string]tls.Certificate{
		"foreign authority": certificate(t, foreign.ca, clusterID, "a"),
		"other cluster":     certificate(t, w.ca, "other", "a"),
		"key not pinned":    certificate(t, w.ca, clusterID, "a"),
	}
	w.dir.pins["a"] = strings.Repeat("0", 64)
	for name, cert := range intruders {
		for _, proto := range []string{ProtoNode, ProtoRaft} {
			if err := rawClient(w, "b", proto, &cert); err == nil {
				t.Errorf("%s: accepted on %s", name, proto)
			}
		}
	}
	if err := rawClient(w, "b", ProtoNode, nil); err == nil {
		t.Error("a client without a certificate was accepted")
	}
	if err := rawClient(w, "b", "h2", nil); err == nil {
		t.Error("a client of another protocol was accepted")
	}
	if err := rawClient(w, "b", ProtoJoin, nil); err != nil {
		t.Errorf("join without a certificate: %v", err)
	}
}

// rawClient connects without checking the server, and reports whether the
// server goes on with the connection: a refused one is closed at once.
func rawClient(w *world, to watchlist.NodeID, proto string, cert *tls.Certificate) error {
	cfg := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{proto}}
	if cert != nil {
		cfg.Certificates = []tls.Certificate{*cert}
	}
	c, err := tls.Dial("tcp", w.dir.addrs[to], cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return nil // still open
	}
	return err
}

func TestDialChecksNode(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	w.node("c")
	w.dir.mu.Lock()
	w.dir.addrs["c"] = b.Addr().String() // b took c's address
	w.dir.mu.Unlock()
	if _, _, err := get(t, a.Client(), "https://c/who"); err == nil || !strings.Contains(err.Error(), "instead of") {
		t.Errorf("error = %v, want a complaint about the node reached", err)
	}
}

func TestRemovedMember(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	go func() {
		for {
			if _, err := b.Raft().Accept(); err != nil {
				return
			}
		}
	}()
	if _, _, err := get(t, a.Client(), "https://b/who"); err != nil {
		t.Fatal(err)
	}
	stream, err := a.Raft().Dial(RaftAddress("b"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	w.dir.remove("a")
	if code, _, err := get(t, a.Client(), "https://b/who"); err != nil || code != http.StatusForbidden {
		t.Errorf("old connection: got %d %v, want 403", code, err)
	}
	b.Sweep()
	stream.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := stream.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("raft stream after Sweep: %v, want closed", err)
	}
	if _, _, err := get(t, a.Client(), "https://b/who"); err == nil {
		t.Error("new connection of a removed member accepted")
	}
}

func TestSilentClientIsDropped(t *testing.T) {
	w := newWorld(t)
	b := w.node("b", func(c *Config) { c.Handshake = 50 * time.Millisecond })
	c, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			t.Error("a client that never speaks TLS keeps its connection")
		}
	}
}

func TestJoinClient(t *testing.T) {
	w := newWorld(t)
	var calls atomic.Int32
	b := w.node("b", func(c *Config) {
		inner := c.Join
		c.Join = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { calls.Add(1); inner.ServeHTTP(rw, r) })
	})
	url := "https://" + b.Addr().String() + "/join"
	post := func(authority *x509.Certificate, pin, body string) (int, error) {
		tok, err := pki.NewToken(authority, []string{b.Addr().String()}, []string{pin}, watchlist.NodeVoter, 0)
		if err != nil {
			t.Fatal(err)
		}
		client, done := JoinClient(tok, nil)
		defer done()
		resp, err := client.Post(url, "application/cbor", strings.NewReader(body))
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		return resp.StatusCode, nil
	}
	if code, err := post(w.ca.Certificate(), w.pin("b"), "hello"); err != nil || code != 200 {
		t.Errorf("right authority: got %d %v", code, err)
	}
	if code, err := post(w.ca.Certificate(), w.pin("b"), strings.Repeat("x", maxJoinBody+1)); err == nil && code != http.StatusRequestEntityTooLarge {
		t.Errorf("large body: got %d, want 413", code)
	}
	before := calls.Load()
	if _, err := post(newWorld(t).ca.Certificate(), w.pin("b"), "secret"); err == nil {
		t.Error("a server of another authority was trusted")
	}
	// A certificate of the right authority, of a node that was removed.
	w.node("removed")
	if _, err := post(w.ca.Certificate(), w.pin("removed"), "secret"); err == nil {
		t.Error("a node that the token does not name was trusted")
	}
	if calls.Load() != before {
		t.Error("the secret was sent to the wrong server")
	}
}

func TestJoinRateLimit(t *testing.T) {
	w := newWorld(t)
	b := w.node("b")
	tok, err := pki.NewToken(w.ca.Certificate(), []string{"x"}, []string{w.pin("b")}, watchlist.NodeVoter, 0)
	if err != nil {
		t.Fatal(err)
	}
	client, done := JoinClient(tok, nil)
	defer done()
	limited := 0
	for range joinBurst + 5 {
		resp, err := client.Post("https://"+b.Addr().String()+"/join", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("no join request was held back")
	}
}
