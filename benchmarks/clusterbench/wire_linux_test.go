package clusterbench

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestWireCounts sends known bytes over the loopback: what is counted is these and
// the headers, once.
func TestWireCounts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := listen([]owner{{pid: os.Getpid(), port: uint16(l.Addr().(*net.TCPAddr).Port)}})
	if errors.Is(err, ErrRights) {
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: %v\n\n", t.Name(), err)
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const size, times = 100, 20
	for range times {
		if _, err := c.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	const want = 2 * size * times
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		by, err := w.counts()
		n := by[os.Getpid()]
		if err == nil && n.sent >= want && n.sent < 3*want && n.sent == n.got {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("counted %+v, %v; sent were %d bytes each way", n, err, want/2)
		}
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
}
