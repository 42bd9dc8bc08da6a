package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"vigie/cluster/clustertest"
)

// testE2EStopLeader stops the leader with SIGTERM while a request is in flight:
// the request is answered, the process ends with code 0, and another node leads
// at once, since leadership is handed over and not fought for.
func testE2EStopLeader(t *testing.T, c *clustertest.Cluster) {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	leader, err := c.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	transport, ok := c.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("transport %T", c.Client().Transport)
	}
	conn, err := (&tls.Dialer{Config: transport.TLSClientConfig}).DialContext(ctx, "tcp", c.Addr(leader))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"purpose":"test","reason":"end-to-end test","names":[{"full":"Fanta Condé"}]}`
	half := len(body) / 2
	fmt.Fprintf(conn, "POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", c.Admin.Key, len(body))
	// The node asks for the body once the request is being served.
	answers := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := answers.ReadString('\n'); err != nil || line != want {
			t.Fatalf("asked for the body with %q, error %v", line, err)
		}
	}
	fmt.Fprint(conn, body[:half])

	begin := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- c.Stop(leader) }()
	for { // until no new connection is accepted
		other, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", c.Addr(leader))
		if err != nil {
			break
		}
		other.Close()
		if ctx.Err() != nil {
			t.Fatal("the stopping node goes on accepting connections")
		}
	}
	if _, err := fmt.Fprint(conn, body[half:]); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("the request in flight was not answered: %v", err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the request in flight was answered with %d", res.StatusCode)
	}
	conn.Close()
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	took := time.Since(begin)
	next, err := c.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s stopped in %v; %s led %v after SIGTERM", c.Name(leader), took.Round(time.Millisecond), c.Name(next), time.Since(begin).Round(time.Millisecond))
	if err := c.Restart(ctx, leader); err != nil {
		t.Fatal(err)
	}
}
