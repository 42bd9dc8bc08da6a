package transport

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// handshakes counts the connections that have not said yet who they are. Each
// address has a share, and when all places are taken, the oldest of the address
// with the most gives way: whoever sends nothing, from however many addresses,
// keeps no member out.
type handshakes struct {
	mu    sync.Mutex
	total int
	from  map[netip.Prefix][]net.Conn // oldest first
}

func newHandshakes() *handshakes { return &handshakes{from: make(map[netip.Prefix][]net.Conn)} }

// begin takes a place for c, or reports false. The connection that had to give
// way for it, if any, is for the caller to close.
func (h *handshakes) begin(c net.Conn) (instead net.Conn, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := sourceOf(c)
	mine := len(h.from[key])
	if mine >= maxHandshakesIP {
		return nil, false
	}
	if h.total >= maxHandshakes {
		var most netip.Prefix
		for k, list := range h.from {
			if len(list) > len(h.from[most]) {
				most = k
			}
		}
		if len(h.from[most]) <= mine {
			return nil, false
		}
		instead = h.from[most][0]
		h.remove(most, instead)
	}
	h.from[key] = append(h.from[key], c)
	h.total++
	return instead, true
}

// end frees the place of a connection, if it still has one.
func (h *handshakes) end(c net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(sourceOf(c), c)
}

func (h *handshakes) remove(key netip.Prefix, c net.Conn) {
	i := slices.Index(h.from[key], c)
	if i < 0 {
		return
	}
	h.total--
	if h.from[key] = slices.Delete(h.from[key], i, i+1); len(h.from[key]) == 0 {
		delete(h.from, key)
	}
}

// sourceOf is the remote IPv4 address, or the /64 of an IPv6 address, which one
// sender can have all of.
func sourceOf(c net.Conn) netip.Prefix {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{} // no TCP: tests and tunnels share one place
	}
	addr := ap.Addr().Unmap()
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
