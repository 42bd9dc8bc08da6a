package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"vigie/api/client"
	"vigie/watchlist"
)

// testTLS makes a self-signed certificate for 127.0.0.1.
func testTLS(t *testing.T) (*tls.Config, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// running is a rig that serves on a socket.
type running struct {
	*rig
	addr string
	stop func() error
}

func serve(t *testing.T, change ...func(*Options)) *running {
	t.Helper()
	r := newRig(t, change...)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.s.Serve(ctx, ln) }()
	var once sync.Once
	var result error
	stop := func() error {
		once.Do(func() {
			cancel()
			result = <-done
		})
		return result
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return &running{rig: r, addr: ln.Addr().String(), stop: stop}
}

func TestShutdownFinishesMatches(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
	tlsConf, ca := testTLS(t)
	r := serve(t, func(o *Options) { o.TLS = tlsConf })
	started, release := make(chan struct{}), make(chan struct{})
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		close(started)
		<-release
		return sampleLead(r.w), nil
	}
	c, err := client.New(client.Config{Server: "https://" + r.addr, CA: ca, Credential: r.tokens[officer], Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		lead *client.Lead
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		lead, err := client.Answer[client.Lead](c.Match(context.Background(), client.MatchRequest{Names: []client.ProbeName{{Full: "A"}}, Purpose: "test", Reason: "stop"}))
		got <- answer{lead, err}
	}()
	<-started
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	// New connections are refused while the match goes on.
	for {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a match in flight: %v", err)
	default:
	}
	if !r.s.stopping.Load() {
		t.Error("still ready")
	}
	close(release)
	if a := <-got; a.err != nil || a.lead.QueryId != "q-1" {
		t.Errorf("the match in flight got %+v", a)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	c.CloseIdleConnections()
}

func TestShutdownIsBounded(t *testing.T) {
	r := newRig(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	r.w.match = func(ctx context.Context, _ watchlist.Probe) (*watchlist.Lead, error) {
		close(started)
		<-ctx.Done() // until the connection is broken
		return nil, ctx.Err()
	}
	done := make(chan error, 1)
	go func() { done <- r.s.Serve(context.Background(), ln) }()
	req := r.request(ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
	req.RequestURI, req.URL.Scheme, req.URL.Host = "", "http", ln.Addr().String()
	gone := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		gone <- err
	}()
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := r.s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-gone; err == nil {
		t.Error("the connection wasn't broken")
	}
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// TestSlowClients: senders that dribble are cut off with 408 or silence, and
// don't disturb the others.
func TestSlowClients(t *testing.T) {
	r := serve(t, func(o *Options) { o.HeaderTimeout, o.BodyTimeout = 100*time.Millisecond, 200*time.Millisecond })
	slowHeader, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer slowHeader.Close()
	fmt.Fprint(slowHeader, "POST /v1/match HTTP/1.1\r\nHost: x\r\n")
	for _, kind := range []string{mediaJSON, "multipart/form-data; boundary=x"} {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: 5000\r\n\r\n--x\r\n", r.tokens[officer], kind)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != 408 || !strings.Contains(string(body), "request_timeout") {
			t.Errorf("%s: %d %s", kind, res.StatusCode, body)
		}
	}
	if err := slowHeader.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var ne net.Error
	if _, err := io.Copy(io.Discard, slowHeader); errors.As(err, &ne) && ne.Timeout() {
		t.Error("the sender of a slow header was not cut off")
	}
	r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
}

func TestHugeHeader(t *testing.T) {
	r := serve(t)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+r.addr+"/health/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Big", strings.Repeat("x", 64<<10))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}

// TestUploadsAreBounded: bodies that declare more at once than is kept in memory
// are sent away before they are read.
func TestUploadsAreBounded(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxUploadBytes = 8<<20 + smallBody })
	pr, pw := io.Pipe()
	first := r.request(ask{method: "POST", path: "/v1/match", role: officer, kind: mediaJSON})
	reading := make(chan struct{})
	first.Body = io.NopCloser(io.TeeReader(pr, signal(reading)))
	first.ContentLength = -1
	done := make(chan int, 1)
	go func() {
		rec := newRecorder()
		r.s.Handler().ServeHTTP(rec, first)
		done <- rec.Code
	}()
	if _, err := pw.Write([]byte(`{"purpose":"test",`)); err != nil {
		t.Fatal(err)
	}
	<-reading
	r.problem("overloaded", ask{method: "POST", path: "/v1/match", role: officer, body: probeInput(map[string]any{"reason": strings.Repeat("x", smallBody)})})
	r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()}) // small ones need no slot
	if _, err := pw.Write([]byte(`"reason":"slow","names":[{"full":"A"}]}`)); err != nil {
		t.Fatal(err)
	}
	pw.Close()
	if code := <-done; code != 200 {
		t.Errorf("the slow one got %d", code)
	}
	r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
}

// TestUploadsCountBytes: the limit is on bytes, not on how many send them, and a
// body that is over it alone passes alone.
func TestUploadsCountBytes(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxUploadBytes = 1 << 20 })
	entered, release := make(chan struct{}), make(chan struct{})
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		entered <- struct{}{}
		<-release
		return sampleLead(r.w), nil
	}
	photo := func(n int) ask {
		return ask{method: "POST", path: "/v1/match", role: officer, body: jsonText(t, probeInput(map[string]any{"photos": []any{map[string]any{"image": make([]byte, n)}}}))}
	}
	codes := make(chan int, 2)
	send := func(a ask) {
		req := r.request(a)
		go func() {
			rec := newRecorder()
			r.s.Handler().ServeHTTP(rec, req)
			codes <- rec.Code
		}()
		<-entered
	}
	send(photo(300 << 10)) // 400 KiB in base64
	send(photo(300 << 10))
	r.problem("overloaded", photo(300<<10))
	release <- struct{}{}
	release <- struct{}{}
	send(photo(3 << 20))
	r.problem("overloaded", photo(300<<10))
	close(release)
	for range 3 {
		if code := <-codes; code != 200 {
			t.Errorf("status %d", code)
		}
	}
}

func TestBodyWeights(t *testing.T) {
	o := &operation{maxBody: 8 << 20, maxMultipart: 24 << 20}
	for _, c := range []struct {
		length int64
		form   bool
		want   int64
	}{
		{0, false, 0},
		{smallBody, false, 0},
		{smallBody + 1, false, smallBody + 1},
		{-1, false, 8 << 20},
		{-1, true, 24 << 20},
		{10 << 20, true, 10 << 20},
		{1 << 40, false, 8 << 20},
		{1 << 40, true, 24 << 20},
	} {
		if got := o.weight(c.length, c.form); got != c.want {
			t.Errorf("%d, form %v: %d, want %d", c.length, c.form, got, c.want)
		}
	}
	if got := (&operation{maxBody: 4096}).weight(-1, false); got != 0 {
		t.Errorf("an operation with small bodies only counts %d", got)
	}
}

// signal closes ch at the first write.
func signal(ch chan struct{}) io.Writer { return &signaller{ch: ch} }

type signaller struct {
	once sync.Once
	ch   chan struct{}
}

func (s *signaller) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.ch) })
	return len(p), nil
}

func TestCompression(t *testing.T) {
	r := newRig(t)
	for range 30 {
		r.enrolled()
	}
	plain := r.want(200, ask{method: "GET", path: "/v1/entries", role: admin}).Body.Bytes()
	req := r.request(ask{method: "GET", path: "/v1/entries", role: admin, header: map[string]string{"Accept-Encoding": "zstd, gzip"}})
	rec := newRecorder()
	r.s.Handler().ServeHTTP(rec, req)
	if rec.Header().Get("Content-Encoding") != "zstd" || rec.Body.Len() > len(plain)/3 {
		t.Fatalf("%s, %d of %d bytes", rec.Header().Get("Content-Encoding"), rec.Body.Len(), len(plain))
	}
	d, err := zstd.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	got, err := io.ReadAll(d)
	if err != nil || !bytes.Equal(got, plain) {
		t.Errorf("the compressed answer differs: %v", err)
	}
}

// TestBusyServer hammers the server from several sides; under -race it finds
// unguarded state.
func TestBusyServer(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	asks := []ask{
		{method: "POST", path: "/v1/match", role: officer, body: probeInput()},
		{method: "POST", path: "/v1/match", role: officer, body: "{"},
		{method: "GET", path: "/v1/entries/" + id + "?consistency=local", role: admin},
		{method: "POST", path: "/v1/entries", role: admin, body: entryInput()},
		{method: "GET", path: "/v1/me", role: officer},
		{method: "GET", path: "/v1/me", token: "x"},
		login("nobody", "wrong password 1"),
		{method: "GET", path: "/metrics", role: admin},
		{method: "GET", path: "/v1/entries", role: officer},
	}
	var wg sync.WaitGroup
	for i := range 8 {
		reqs := make([]*http.Request, 0, 3*len(asks))
		for j := range 3 * len(asks) {
			reqs = append(reqs, r.request(asks[(i+j)%len(asks)]))
		}
		wg.Go(func() {
			for _, req := range reqs {
				rec := newRecorder()
				r.s.Handler().ServeHTTP(rec, req)
				if rec.Code >= 500 {
					t.Errorf("%s %s: %d %s", req.Method, req.URL, rec.Code, rec.Body)
				}
			}
		})
	}
	wg.Wait()
}
