package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"vigie/cluster/pki"
	"vigie/watchlist"
)

// The protocols, as negotiated by ALPN.
const (
	ProtoRaft = "vigie-raft/1"
	ProtoNode = "vigie-node/1"
	ProtoJoin = "vigie-join/1"
)

// Limits of the listener.
const (
	defaultHandshake = 10 * time.Second
	// acceptTime is for a handshake from outside: two round trips of a satellite
	// link take 1.3 s.
	acceptTime      = 5 * time.Second
	maxHandshakes   = 256
	maxHandshakesIP = clientConns
	clientConns     = 64 // of a Client to one peer
	bulkConns       = 8
	maxConns        = 1024
	maxConnsPerPeer = 192
	maxJoinConns    = 8
	joinPerSecond   = 2
	joinBurst       = 10
	maxHeader       = 8 << 10
	maxNodeBody     = 5 << 20
	maxJoinBody     = 16 << 10
)

// ErrNotMember is what a Directory wraps when it refuses an identity.
var ErrNotMember = errors.New("not a member of the cluster")

// Directory knows the members of the cluster. It is called on every handshake,
// from many goroutines.
type Directory interface {
	// Authorise returns nil if the identity is a member and holds the key
	// pinned for it, else an error that wraps ErrNotMember.
	Authorise(id pki.Identity) error
	// Address returns host:port of a member's cluster listener.
	Address(id watchlist.NodeID) (string, error)
}

// DialFunc opens a plain TCP connection.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Config sets up a Transport. All fields without "optional" are required.
type Config struct {
	// Listen is the host:port to bind; port 0 takes a free one.
	Listen string
	// Listener is used instead of Listen when not nil (optional).
	Listener net.Listener
	// Dial replaces the TCP dialler (optional).
	Dial DialFunc
	// Self is this node's id; Cluster the cluster's.
	Self    watchlist.NodeID
	Cluster string
	// Authority is the cluster's authority certificate.
	Authority *x509.Certificate
	// Certificate returns the node's present certificate and key; it is called
	// on every handshake, so a renewal needs no restart.
	Certificate func() tls.Certificate
	Directory   Directory
	// Control serves vigie-node/1 and Join serves vigie-join/1.
	Control, Join http.Handler
	Logger        *slog.Logger
	// Handshake bounds dialling plus TLS handshake, 10 s when 0 (optional). A
	// handshake that another side began has 5 s at most.
	Handshake time.Duration
	// Now is the clock for certificate checks, time.Now when nil (optional).
	Now func() time.Time
}

func (c *Config) setDefaults() {
	if c.Handshake == 0 {
		c.Handshake = defaultHandshake
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Dial == nil {
		d := &net.Dialer{KeepAliveConfig: keepAlive(), Control: socketOptions}
		c.Dial = d.DialContext
	}
}

// keepAlive finds a dead peer within about 30 s.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}
}
