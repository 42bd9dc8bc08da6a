package sim

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"vigie/watchlist"
)

// link is one direction between two nodes.
type link struct {
	rng *rand.Rand
	// latency and up to jitter more pass before anything arrives.
	latency, jitter time.Duration
	// loss is how often a segment must be sent again, which costs rto.
	loss float64
	rto  time.Duration
	// cut counts the faults that let nothing through.
	cut int
	// changed is closed when cut becomes 0.
	changed chan struct{}
}

// network joins the nodes of one simulated cluster. It behaves as TCP does: what
// is sent over a cut link arrives after it is mended, unless the connection was
// given up before; nothing arrives twice or out of order on one connection.
type network struct {
	mu    sync.Mutex
	rng   *rand.Rand
	links map[[2]watchlist.NodeID]*link
	ports map[watchlist.NodeID]*port
	conns map[*conn]struct{}
	// base is what every link starts with.
	base link
	done chan struct{}
	// wg counts the requests that are still on their way.
	wg sync.WaitGroup
}

func newNetwork(rng *rand.Rand, base link) *network {
	return &network{
		rng: rng, base: base, links: make(map[[2]watchlist.NodeID]*link),
		ports: make(map[watchlist.NodeID]*port), conns: make(map[*conn]struct{}), done: make(chan struct{}),
	}
}

// link gives one direction; with the lock held.
func (n *network) link(from, to watchlist.NodeID) *link {
	k := [2]watchlist.NodeID{from, to}
	l := n.links[k]
	if l == nil {
		l = &link{}
		*l = n.base
		l.rng = rand.New(rand.NewPCG(n.rng.Uint64(), n.rng.Uint64()))
		l.changed = make(chan struct{})
		n.links[k] = l
	}
	return l
}

// delay is how long the next segment takes; with the lock held.
func (l *link) delay() time.Duration {
	d := l.latency
	if l.jitter > 0 {
		d += time.Duration(l.rng.Int64N(int64(l.jitter)))
	}
	for range 6 {
		if l.rng.Float64() >= l.loss {
			break
		}
		d += l.rto
	}
	return d
}

// cutLink stops one direction, mendLink undoes one cutLink.
func (n *network) cutLink(from, to watchlist.NodeID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.link(from, to).cut++
	for c := range n.conns {
		if c.self == from && c.peer == to {
			c.out.hold()
		}
	}
}

func (n *network) mendLink(from, to watchlist.NodeID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(from, to)
	if l.cut--; l.cut > 0 {
		return
	}
	close(l.changed)
	l.changed = make(chan struct{})
	for c := range n.conns {
		if c.self == from && c.peer == to {
			c.out.resume(l.delay() + l.rto)
		}
	}
}

// tune changes one direction and returns what undoes it.
func (n *network) tune(from, to watchlist.NodeID, f func(*link)) (undo func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(from, to)
	latency, jitter, loss := l.latency, l.jitter, l.loss
	f(l)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		l.latency, l.jitter, l.loss = latency, jitter, loss
	}
}

// heal mends everything.
func (n *network) heal() {
	n.mu.Lock()
	var cuts [][2]watchlist.NodeID
	for k, l := range n.links {
		for range l.cut {
			cuts = append(cuts, k)
		}
		l.latency, l.jitter, l.loss = n.base.latency, n.base.jitter, n.base.loss
	}
	n.mu.Unlock()
	for _, k := range cuts {
		n.mendLink(k[0], k[1])
	}
}

// pass waits until a message has crossed the link; false when it never will.
func (n *network) pass(from, to watchlist.NodeID, give <-chan struct{}) bool {
	// A cut longer than this breaks a connection.
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	for {
		n.mu.Lock()
		l := n.link(from, to)
		cut, changed, d := l.cut > 0, l.changed, l.delay()
		n.mu.Unlock()
		if !cut {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
				return true
			case <-give:
				return false
			}
		}
		select {
		case <-changed:
		case <-give:
			return false
		case <-patience.C:
			return false
		}
	}
}

// packet is some bytes under way.
type packet struct {
	at   time.Time
	held bool
	data []byte
	end  error // after data
}

// stream is one direction of a connection.
type stream struct {
	mu       sync.Mutex
	segs     []packet
	last     time.Time // of the newest segment's arrival
	holding  bool
	closed   bool // by the reader
	deadline time.Time
	wake     chan struct{}
}

func newStream(holding bool) *stream {
	return &stream{wake: make(chan struct{}, 1), holding: holding}
}

func (s *stream) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stream) send(after time.Duration, data []byte, end error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now().Add(after)
	if at.Before(s.last) {
		at = s.last
	}
	s.last = at
	s.segs = append(s.segs, packet{at: at, held: s.holding, data: data, end: end})
	s.nudge()
}

// hold keeps back what has not arrived yet.
func (s *stream) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = true
	now := time.Now()
	for i := range s.segs {
		s.segs[i].held = s.segs[i].held || s.segs[i].at.After(now)
	}
}

func (s *stream) resume(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = false
	at := time.Now().Add(after)
	for i := range s.segs {
		if s.segs[i].held {
			s.segs[i].held, s.segs[i].at = false, at
			s.last = at
		}
	}
	s.nudge()
}

func (s *stream) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.nudge()
}

func (s *stream) setDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	s.nudge()
}

func (s *stream) read(b []byte) (int, error) {
	for {
		n, wait, err := s.tryRead(b)
		if wait < 0 {
			return n, err
		}
		t := time.NewTimer(wait)
		select {
		case <-s.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// tryRead reads, or says how long to wait.
func (s *stream) tryRead(b []byte) (int, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait := 24 * time.Hour
	if s.closed {
		return 0, -1, net.ErrClosed
	}
	if !s.deadline.IsZero() {
		if !s.deadline.After(now) {
			return 0, -1, os.ErrDeadlineExceeded
		}
		wait = s.deadline.Sub(now)
	}
	if len(s.segs) == 0 || s.segs[0].held {
		return 0, wait, nil
	}
	head := &s.segs[0]
	if head.at.After(now) {
		return 0, min(wait, head.at.Sub(now)), nil
	}
	if len(head.data) == 0 {
		return 0, -1, head.end // it stays: every later read ends so
	}
	n := copy(b, head.data)
	if head.data = head.data[n:]; len(head.data) == 0 && head.end == nil {
		s.segs = s.segs[1:]
	}
	return n, -1, nil
}

// conn is one end of a connection.
type conn struct {
	net        *network
	self, peer watchlist.NodeID
	in, out    *stream
	once       sync.Once
}

// connect makes both ends; with the lock held.
func (n *network) connect(from, to watchlist.NodeID) (dialled, accepted *conn) {
	there, back := newStream(n.link(from, to).cut > 0), newStream(n.link(to, from).cut > 0)
	dialled = &conn{net: n, self: from, peer: to, in: back, out: there}
	accepted = &conn{net: n, self: to, peer: from, in: there, out: back}
	n.conns[dialled], n.conns[accepted] = struct{}{}, struct{}{}
	return dialled, accepted
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write implements net.Conn. It never waits: the sender's buffer is large.
func (c *conn) Write(b []byte) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if _, open := c.net.conns[c]; !open {
		return 0, net.ErrClosed
	}
	c.out.send(c.net.link(c.self, c.peer).delay(), slices.Clone(b), nil)
	return len(b), nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.end(io.EOF)
	return nil
}

func (c *conn) end(why error) {
	c.once.Do(func() {
		c.net.mu.Lock()
		defer c.net.mu.Unlock()
		delete(c.net.conns, c)
		c.in.shut()
		if why != nil {
			c.out.send(c.net.link(c.self, c.peer).delay(), nil, why)
		}
	})
}

var errReset = errors.New("connection reset by peer")

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return addr(c.self) }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return addr(c.peer) }

// SetDeadline implements net.Conn; writes never wait.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// addr is a node id as net.Addr.
type addr watchlist.NodeID

// Network implements net.Addr.
func (addr) Network() string { return "sim" }

// String implements net.Addr.
func (a addr) String() string { return string(a) }
