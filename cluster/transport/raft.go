package transport

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/watchlist"
)

// RaftAddress is the raft server address of a node: its id.
func RaftAddress(id watchlist.NodeID) raft.ServerAddress { return raft.ServerAddress(id) }

// Raft returns the stream layer for raft.NewNetworkTransport. Closing it stops
// raft's part only.
func (t *Transport) Raft() raft.StreamLayer { return t.raft }

// streamLayer implements raft.StreamLayer on vigie-raft/1.
type streamLayer struct {
	t     *Transport
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu  sync.Mutex
	out map[*dialledConn]struct{}
}

func newStreamLayer(t *Transport) *streamLayer {
	return &streamLayer{t: t, conns: make(chan net.Conn), done: make(chan struct{}), out: make(map[*dialledConn]struct{})}
}

// deliver hands an accepted connection to raft, or closes it after stop.
func (s *streamLayer) deliver(c net.Conn) {
	select {
	case s.conns <- c:
	case <-s.done:
		s.t.drop(c, "raft has stopped")
	}
}

// stop ends Accept and closes the connections that raft dialled.
func (s *streamLayer) stop() {
	s.once.Do(func() { close(s.done) })
	s.mu.Lock()
	open := make([]*dialledConn, 0, len(s.out))
	for c := range s.out {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		s.t.drop(c, "shutting down")
	}
}

// Accept implements net.Listener.
func (s *streamLayer) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *streamLayer) Close() error {
	s.stop()
	return nil
}

// Addr implements net.Listener: the node's own raft address.
func (s *streamLayer) Addr() net.Addr { return nodeAddr(s.t.cfg.Self) }

// Dial implements raft.StreamLayer; address is a node id.
func (s *streamLayer) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	conn, err := s.t.dial(ctx, watchlist.NodeID(address), ProtoRaft)
	if err != nil {
		return nil, err
	}
	d := &dialledConn{Conn: conn, s: s}
	s.mu.Lock()
	select {
	case <-s.done:
		s.mu.Unlock()
		s.t.drop(conn, "raft has stopped")
		return nil, net.ErrClosed
	default:
		s.out[d] = struct{}{}
	}
	s.mu.Unlock()
	return d, nil
}

// dialledConn is a connection that raft opened; stop closes those left over.
type dialledConn struct {
	net.Conn
	s *streamLayer
}

// Close implements net.Conn.
func (c *dialledConn) Close() error {
	c.s.mu.Lock()
	delete(c.s.out, c)
	c.s.mu.Unlock()
	return c.Conn.Close()
}

// nodeAddr is a node id as net.Addr.
type nodeAddr watchlist.NodeID

// Network implements net.Addr.
func (nodeAddr) Network() string { return "vigie" }

// String implements net.Addr.
func (a nodeAddr) String() string { return string(a) }
