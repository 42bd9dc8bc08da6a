package transport

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// silent opens connections to a node that never say anything.
func silent(t *testing.T, to *Transport, from string, count int) []net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	var out []net.Conn
	for range count {
		c, err := d.Dial("tcp", to.Addr().String())
		if err != nil {
			t.Skipf("this system has no address %s: %v", from, err)
		}
		t.Cleanup(func() { c.Close() })
		out = append(out, c)
	}
	return out
}

// dropped reports whether the node closes a connection within a time.
func dropped(t *testing.T, c net.Conn, within time.Duration) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	var ne net.Error
	return !(errors.As(err, &ne) && ne.Timeout())
}

// TestSilentClientsKeepNobodyOut: as many silent connections as the port takes,
// from a few addresses, then a member from its own.
func TestSilentClientsKeepNobodyOut(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	var all []net.Conn
	for i := range maxHandshakes/maxHandshakesIP + 1 {
		all = append(all, silent(t, b, fmt.Sprintf("127.0.1.%d", i+1), maxHandshakesIP)...)
	}
	for range 3 {
		code, body, err := get(t, a.Client(), "https://b/who")
		if err != nil || code != 200 || body != "a" {
			t.Fatalf("a member among silent clients: %d %q %v", code, body, err)
		}
		a.Client().CloseIdleConnections()
	}
	if !dropped(t, all[0], time.Second) {
		t.Error("the oldest silent connection still has its place")
	}
}

func TestHandshakesOfOneAddress(t *testing.T) {
	w := newWorld(t)
	b := w.node("b")
	conns := silent(t, b, "127.0.1.1", maxHandshakesIP+1)
	if !dropped(t, conns[maxHandshakesIP], time.Second) {
		t.Error("one address got more than its share")
	}
	conns[0].Close()
	for dropped(t, silent(t, b, "127.0.1.1", 1)[0], 50*time.Millisecond) {
		// The place is free once the node has seen the end.
	}
}

// TestBulkTransfersHoldUpNothing: hung transfers leave the connections of the
// rest free.
func TestBulkTransfersHoldUpNothing(t *testing.T) {
	w := newWorld(t)
	release, arrived := make(chan struct{}), make(chan struct{}, 4*clientConns)
	a := w.node("a")
	w.node("b", func(c *Config) {
		inner := c.Control
		c.Control = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hang" {
				arrived <- struct{}{}
				<-release
			}
			inner.ServeHTTP(rw, r)
		})
	})
	var wg sync.WaitGroup
	for range 2 * clientConns {
		wg.Go(func() {
			if code, _, err := get(t, a.BulkClient(), "https://b/hang"); err != nil || code != 200 {
				t.Errorf("transfer: %d %v", code, err)
			}
		})
	}
	defer wg.Wait()
	defer close(release)
	for range bulkConns {
		<-arrived
	}
	if code, _, err := get(t, a.Client(), "https://b/who"); err != nil || code != 200 {
		t.Errorf("a question among hung transfers: %d %v", code, err)
	}
	if more := len(arrived); more > 0 {
		t.Errorf("%d transfers more than %d at once", more, bulkConns)
	}
}
