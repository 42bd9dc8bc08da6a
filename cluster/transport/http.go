package transport

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"vigie/cluster/pki"
	"vigie/watchlist"
)

// httpPlane is an http.Server fed with connections after their handshake.
type httpPlane struct {
	srv *http.Server
	ln  *chanListener
	cap chan struct{} // nil for no cap of its own
	t   *Transport
}

func newNodePlane(t *Transport) *httpPlane {
	check := func(w http.ResponseWriter, r *http.Request) {
		// A member may have been removed since its handshake.
		id, ok := Peer(r.Context())
		if !ok || t.cfg.Directory.Authorise(id) != nil {
			http.Error(w, "not a member", http.StatusForbidden)
			return
		}
		t.cfg.Control.ServeHTTP(w, r)
	}
	p := &httpPlane{t: t, ln: newChanListener(t.listener.Addr())}
	p.srv = t.newServer(p, guarded(t.log, maxNodeBody, http.HandlerFunc(check)), 2*time.Minute, 90*time.Second)
	return p
}

func newJoinPlane(t *Transport) *httpPlane {
	limit := rate.NewLimiter(joinPerSecond, joinBurst)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !limit.Allow() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many join requests", http.StatusTooManyRequests)
			return
		}
		t.cfg.Join.ServeHTTP(w, r)
	})
	p := &httpPlane{t: t, ln: newChanListener(t.listener.Addr()), cap: make(chan struct{}, maxJoinConns)}
	p.srv = t.newServer(p, guarded(t.log, maxJoinBody, h), 30*time.Second, 5*time.Second)
	return p
}

func (t *Transport) newServer(p *httpPlane, h http.Handler, io, idle time.Duration) *http.Server {
	return &http.Server{
		Handler:           t.counted(h),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       io,
		WriteTimeout:      io,
		IdleTimeout:       idle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(t.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			tc, ok := c.(*trackedConn)
			if !ok {
				return ctx
			}
			if id, ok := t.identity(tc); ok {
				ctx = context.WithValue(ctx, peerKey{}, id)
			}
			return ctx
		},
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateClosed && p.cap != nil {
				<-p.cap
			}
		},
	}
}

// counted lets Close wait for handlers that still run.
func (t *Transport) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !t.enter() {
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
			return
		}
		defer t.wg.Done()
		h.ServeHTTP(w, r)
	})
}

func (p *httpPlane) start(wg *sync.WaitGroup) {
	wg.Go(func() {
		if err := p.srv.Serve(p.ln); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			p.t.log.Error("cluster port: HTTP server stopped", "error", err)
		}
	})
}

func (p *httpPlane) deliver(c *trackedConn) {
	if p.cap != nil {
		select {
		case p.cap <- struct{}{}:
		default:
			p.t.drop(c, "too many join connections")
			return
		}
	}
	if !p.ln.deliver(c) {
		p.t.drop(c, "shutting down")
	}
}

func (p *httpPlane) stop() error {
	p.ln.stop()
	return ignoreClosed(p.srv.Close())
}

// guarded bounds the body and turns a panic into an answer 500. The panic's
// value may hold personal data, so only its type and the stack are logged.
func guarded(log *slog.Logger, maxBody int64, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			log.Error("cluster port: handler panicked", "path", r.URL.Path, "stack", string(debug.Stack()))
			http.Error(w, "internal error", http.StatusInternalServerError)
		}()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		h.ServeHTTP(w, r)
	})
}

// Client returns the control plane client. The host of a URL is a node id:
// https://<node-id>/path. It follows no redirects.
func (t *Transport) Client() *http.Client { return t.client }

// BulkClient is Client with few connections of its own, for transfers that must
// not hold up the rest.
func (t *Transport) BulkClient() *http.Client { return t.bulk }

func (t *Transport) newClient(perPeer int) *http.Client {
	tr := &http.Transport{
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			return t.dial(ctx, watchlist.NodeID(host), ProtoNode)
		},
		MaxConnsPerHost:     perPeer,
		MaxIdleConnsPerHost: perPeer,
		// Shorter than the server's, so that the client closes first and a
		// request rarely meets a closing connection.
		IdleConnTimeout:        45 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}
	return &http.Client{Transport: tr, CheckRedirect: noRedirect}
}

// JoinClient returns a client for vigie-join/1, and a function that closes its
// connections. The host of a URL is a real host:port. Before any byte of a
// request is sent, the far side must prove that it belongs to the authority and
// is a member that the token names. dial is nil for TCP.
func JoinClient(token pki.Token, dial DialFunc) (*http.Client, func()) {
	cfg := Config{Dial: dial}
	cfg.setDefaults()
	tr := &http.Transport{
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dialJoin(ctx, cfg.Dial, addr, token, &cfg)
		},
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		DisableKeepAlives:      true,
	}
	return &http.Client{Transport: tr, CheckRedirect: noRedirect}, tr.CloseIdleConnections
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// chanListener is a net.Listener fed by deliver.
type chanListener struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newChanListener(addr net.Addr) *chanListener {
	return &chanListener{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *chanListener) deliver(c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.done:
		return false
	}
}

func (l *chanListener) stop() { l.once.Do(func() { close(l.done) }) }

// Accept implements net.Listener.
func (l *chanListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *chanListener) Close() error {
	l.stop()
	return nil
}

// Addr implements net.Listener.
func (l *chanListener) Addr() net.Addr { return l.addr }
