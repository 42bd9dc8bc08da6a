package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"vigie/cluster/pki"
)

// Transport is the one listener of a node and the dialler to its peers. All
// methods are safe for concurrent use.
type Transport struct {
	cfg      Config
	listener net.Listener
	tlsCfg   *tls.Config
	sessions map[string]tls.ClientSessionCache
	log      *slog.Logger

	raft       *streamLayer
	node, join *httpPlane
	client     *http.Client
	bulk       *http.Client
	handshakes *handshakes

	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  map[net.Conn]pki.Identity
	closed bool
}

// Listen binds the port. Nothing is accepted before Serve.
func Listen(ctx context.Context, cfg Config) (*Transport, error) {
	cfg.setDefaults()
	ln := cfg.Listener
	if ln == nil {
		lc := net.ListenConfig{KeepAliveConfig: keepAlive(), Control: socketOptions}
		l, err := lc.Listen(ctx, "tcp", cfg.Listen)
		if err != nil {
			return nil, fmt.Errorf("binding the cluster port: %w", err)
		}
		ln = l
	}
	t := &Transport{
		cfg:        cfg,
		listener:   ln,
		log:        cfg.Logger,
		conns:      make(map[net.Conn]pki.Identity),
		handshakes: newHandshakes(),
		sessions: map[string]tls.ClientSessionCache{
			ProtoRaft: tls.NewLRUClientSessionCache(64),
			ProtoNode: tls.NewLRUClientSessionCache(64),
		},
	}
	t.tlsCfg = t.serverTLS()
	t.raft = newStreamLayer(t)
	t.node = newNodePlane(t)
	t.join = newJoinPlane(t)
	t.client, t.bulk = t.newClient(clientConns), t.newClient(bulkConns)
	return t, nil
}

// Serve starts the goroutines that accept connections and returns at once.
func (t *Transport) Serve() {
	t.node.start(&t.wg)
	t.join.start(&t.wg)
	t.wg.Go(t.accept)
}

// Addr is the bound address.
func (t *Transport) Addr() net.Addr { return t.listener.Addr() }

func (t *Transport) accept() {
	delay := time.Duration(0)
	for {
		conn, err := t.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, usually: wait a little and go on.
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			t.log.Warn("cluster port: accept failed", "error", err)
			time.Sleep(delay)
			continue
		}
		delay = 0
		instead, ok := t.handshakes.begin(conn)
		if instead != nil {
			t.drop(instead, "its address has the most handshakes")
		}
		if !ok {
			t.drop(conn, "too many handshakes of one address")
			continue
		}
		if !t.track(conn, pki.Identity{}) {
			t.drop(conn, "too many connections")
			t.handshakes.end(conn)
			continue
		}
		t.wg.Go(func() { t.handshake(conn) })
	}
}

// handshake runs TLS on a fresh connection and hands it to its protocol.
func (t *Transport) handshake(raw net.Conn) {
	conn := tls.Server(raw, t.tlsCfg)
	ctx, cancel := context.WithTimeout(context.Background(), min(t.cfg.Handshake, acceptTime))
	err := conn.HandshakeContext(ctx)
	cancel()
	t.handshakes.end(raw)
	if err != nil {
		t.untrack(raw)
		t.log.Debug("cluster port: handshake refused", "remote", raw.RemoteAddr().String(), "error", err)
		t.drop(raw, "handshake")
		return
	}
	state := conn.ConnectionState()
	var id pki.Identity
	if state.NegotiatedProtocol != ProtoJoin {
		id, err = pki.IdentityOf(state.PeerCertificates[0])
		if err != nil { // VerifyConnection has read it before
			t.untrack(raw)
			t.drop(raw, "identity")
			return
		}
	}
	t.untrack(raw)
	if !t.track(conn, id) {
		t.drop(conn, "too many connections of one peer")
		return
	}
	switch state.NegotiatedProtocol {
	case ProtoRaft:
		t.raft.deliver(&trackedConn{Conn: conn, t: t})
	case ProtoNode:
		t.node.deliver(&trackedConn{Conn: conn, t: t})
	default:
		t.join.deliver(&trackedConn{Conn: conn, t: t})
	}
}

// drop closes a connection that is not served.
func (t *Transport) drop(c net.Conn, why string) {
	t.log.Debug("cluster port: connection closed", "remote", c.RemoteAddr().String(), "reason", why)
	if err := ignoreClosed(c.Close()); err != nil {
		t.log.Debug("cluster port: close failed", "error", err)
	}
}

// track registers a connection, or reports false at a limit or after Close.
func (t *Transport) track(c net.Conn, id pki.Identity) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.conns) >= maxConns {
		return false
	}
	if id.Node != "" {
		n := 0
		for _, other := range t.conns {
			if other.Node == id.Node {
				n++
			}
		}
		if n >= maxConnsPerPeer {
			return false
		}
	}
	t.conns[c] = id
	return true
}

func (t *Transport) untrack(c net.Conn) {
	t.mu.Lock()
	delete(t.conns, c)
	t.mu.Unlock()
}

func (t *Transport) identity(c *trackedConn) (pki.Identity, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := t.conns[c.Conn]
	return id, ok && id.Node != ""
}

// Sweep closes every connection whose peer the Directory no longer allows.
func (t *Transport) Sweep() {
	t.mu.Lock()
	byPeer := make(map[pki.Identity][]net.Conn)
	for c, id := range t.conns {
		if id.Node != "" {
			byPeer[id] = append(byPeer[id], c)
		}
	}
	t.mu.Unlock()
	for id, conns := range byPeer {
		if t.cfg.Directory.Authorise(id) == nil {
			continue
		}
		t.log.Info("cluster port: closing connections of a node that is no member", "node", string(id.Node))
		for _, c := range conns {
			t.drop(c, "not a member")
		}
	}
}

// enter counts a handler in, or reports false after Close.
func (t *Transport) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Add(1)
	return true
}

// Peer says who sent a control plane request.
func Peer(ctx context.Context) (pki.Identity, bool) {
	id, ok := ctx.Value(peerKey{}).(pki.Identity)
	return id, ok
}

type peerKey struct{}

// Close stops the listener, closes every connection, in and out, and waits for
// the goroutines. It may be called twice.
func (t *Transport) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	t.mu.Unlock()
	err := ignoreClosed(t.listener.Close())
	t.raft.stop()
	err = errors.Join(err, t.node.stop(), t.join.stop())
	t.client.CloseIdleConnections()
	t.bulk.CloseIdleConnections()
	t.mu.Lock()
	open := make([]net.Conn, 0, len(t.conns))
	for c := range t.conns {
		open = append(open, c)
	}
	t.mu.Unlock()
	for _, c := range open {
		t.drop(c, "shutting down")
	}
	t.wg.Wait()
	return err
}

// trackedConn leaves the connection table when it is closed. It also hides the
// *tls.Conn from http.Server, which would drop an ALPN protocol unknown to it.
type trackedConn struct {
	*tls.Conn
	t *Transport
}

// Close implements net.Conn.
func (c *trackedConn) Close() error {
	c.t.untrack(c.Conn)
	return c.Conn.Close()
}
