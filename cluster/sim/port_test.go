package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/internal/seam"
	"vigie/watchlist"
)

var (
	errRefused = errors.New("connection refused")
	errTimeout = errors.New("connection timed out")
)

// port is the cluster port of one run of a node.
type port struct {
	net  *network
	srv  seam.Server
	in   chan net.Conn
	once sync.Once
	// gone is closed when the run ends: nothing leaves or enters any more.
	gone chan struct{}
	// stopped is closed when raft's part ends.
	stopped  chan struct{}
	stopOnce sync.Once
	// serving is set by Serve; with net's lock.
	serving bool
	// handlers counts the requests that are answered.
	handlers sync.WaitGroup
}

var (
	_ seam.Network     = (*port)(nil)
	_ raft.StreamLayer = (*rafts)(nil)
)

func (n *network) listen(srv seam.Server) *port {
	p := &port{net: n, srv: srv, in: make(chan net.Conn, 64), gone: make(chan struct{}), stopped: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[srv.Self] = p
	return p
}

// Client implements seam.Callers.
func (p *port) Client() *http.Client { return &http.Client{Transport: p} }

// BulkClient implements seam.Callers.
func (p *port) BulkClient() *http.Client { return p.Client() }

// Raft implements seam.Network.
func (p *port) Raft() raft.StreamLayer { return &rafts{p} }

// Addr implements seam.Port.
func (p *port) Addr() net.Addr { return addr(p.srv.Self) }

// Serve implements seam.Port.
func (p *port) Serve() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.serving = true
}

// Sweep implements seam.Port.
func (p *port) Sweep() {
	for _, c := range p.conns() {
		if p.srv.Authorise(c.peer) != nil {
			c.Close()
		}
	}
}

func (p *port) conns() []*conn {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	var out []*conn
	for c := range p.net.conns {
		if c.self == p.srv.Self {
			out = append(out, c)
		}
	}
	return out
}

// Close implements seam.Port.
func (p *port) Close() error {
	p.cutOff(io.EOF)
	p.handlers.Wait()
	return nil
}

// cutOff ends every connection of the run. The peers see why, or nothing at all
// when why is nil: the machine has lost its power.
func (p *port) cutOff(why error) {
	p.once.Do(func() {
		p.net.mu.Lock()
		if p.net.ports[p.srv.Self] == p {
			delete(p.net.ports, p.srv.Self)
		}
		close(p.gone)
		p.net.mu.Unlock()
		for _, c := range p.conns() {
			c.end(why)
		}
	})
}

// peer finds the port of another node if a connection to it can be made now.
func (p *port) reach(to watchlist.NodeID) (*port, error) {
	if err := p.srv.Authorise(to); err != nil {
		return nil, err
	}
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	far := p.net.ports[to]
	switch {
	case p.net.link(p.srv.Self, to).cut > 0 || p.net.link(to, p.srv.Self).cut > 0:
		return nil, errTimeout
	case far == nil || !far.serving:
		return nil, errRefused
	}
	return far, nil
}

// RoundTrip implements http.RoundTripper: the far node's handler is called.
func (p *port) RoundTrip(req *http.Request) (*http.Response, error) {
	to := watchlist.NodeID(req.URL.Host)
	far, err := p.reach(to)
	if err == nil {
		err = far.srv.Authorise(p.srv.Self)
	}
	if err != nil {
		return nil, p.unreachable(req.Context(), err)
	}
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	// The request arrives also when the sender has given up waiting.
	in := httptest.NewRequest(req.Method, req.URL.RequestURI(), bytes.NewReader(body))
	type answer struct {
		resp *http.Response
		err  error
	}
	done := make(chan answer, 1)
	p.net.wg.Go(func() {
		if !p.net.pass(p.srv.Self, to, p.net.done) || !far.enter() {
			done <- answer{err: errReset}
			return
		}
		rec := httptest.NewRecorder()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		stop := context.AfterFunc(req.Context(), cancel)
		far.srv.Control.ServeHTTP(rec, in.WithContext(ctx))
		stop()
		cancel()
		far.handlers.Done()
		// Connections break at times after the request was answered.
		if far.isGone() || p.net.breaks() || !p.net.pass(to, p.srv.Self, p.net.done) {
			done <- answer{err: errReset}
			return
		}
		done <- answer{resp: rec.Result()}
	})
	select {
	case a := <-done:
		return a.resp, a.err
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-p.gone:
		return nil, net.ErrClosed
	}
}

// breaks draws whether a connection ends before the answer has arrived.
func (n *network) breaks() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rng.IntN(25) == 0
}

// unreachable is how a connection fails that can't be made: at once when it is
// refused, after a while when nothing answers.
func (p *port) unreachable(ctx context.Context, err error) error {
	wait := 3 * time.Second
	if !errors.Is(err, errTimeout) {
		wait = 2 * p.net.base.latency
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.gone:
		return net.ErrClosed
	}
}

// enter counts a handler in; false once the run has ended.
func (p *port) enter() bool {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if p.isGone() {
		return false
	}
	p.handlers.Add(1)
	return true
}

func (p *port) isGone() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// rafts is the raft.StreamLayer of a port.
type rafts struct{ p *port }

// Accept implements net.Listener.
func (r *rafts) Accept() (net.Conn, error) {
	select {
	case c := <-r.p.in:
		return c, nil
	case <-r.p.stopped:
		return nil, net.ErrClosed
	case <-r.p.gone:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (r *rafts) Close() error {
	r.p.stopOnce.Do(func() { close(r.p.stopped) })
	for _, c := range r.p.conns() {
		c.Close()
	}
	return nil
}

// Addr implements net.Listener.
func (r *rafts) Addr() net.Addr { return addr(r.p.srv.Self) }

// Dial implements raft.StreamLayer.
func (r *rafts) Dial(to raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	p, id := r.p, watchlist.NodeID(to)
	ctx, cancel := context.WithTimeout(context.Background(), max(timeout, time.Second))
	defer cancel()
	far, err := p.reach(id)
	if err == nil {
		err = far.srv.Authorise(p.srv.Self)
	}
	if err != nil {
		return nil, p.unreachable(ctx, err)
	}
	// The handshakes of TCP and TLS 1.3.
	for range 2 {
		if !p.net.pass(p.srv.Self, id, ctx.Done()) || !p.net.pass(id, p.srv.Self, ctx.Done()) {
			return nil, errTimeout
		}
	}
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if p.isGone() || far.isGone() {
		return nil, errReset
	}
	near, there := p.net.connect(p.srv.Self, id)
	select {
	case far.in <- there:
		return near, nil
	default:
		delete(p.net.conns, near)
		delete(p.net.conns, there)
		return nil, errRefused
	}
}
