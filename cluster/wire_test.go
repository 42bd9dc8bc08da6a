package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRequestGivenUp: a call that ends while its request is being written says
// "unsent" only if the peer can never read it.
func TestRequestGivenUp(t *testing.T) {
	body := []byte("the whole command")
	var full, unsent, both atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			here, there := net.Pipe()
			defer there.Close()
			client := &http.Client{Transport: &http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
				go cancel() // while the request is written
				return here, nil
			}}}
			got := make(chan []byte, 1)
			go func() {
				b, _ := io.ReadAll(there)
				got <- b
			}()
			_, err := roundTrip(ctx, client, http.MethodPost, "peer", "/", body, 10)
			var ce *callError
			if !errors.As(err, &ce) {
				t.Errorf("error %v", err)
			}
			client.CloseIdleConnections()
			here.Close()
			read := bytes.Contains(<-got, body)
			if read {
				full.Add(1)
			}
			if ce.unsent {
				unsent.Add(1)
			}
			if read && ce.unsent {
				both.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("%d requests arrived, %d were certainly not sent", full.Load(), unsent.Load())
	if both.Load() > 0 {
		t.Errorf("%d requests arrived that count as never sent", both.Load())
	}
}

// lateWriter is a RoundTripper that fails at once and leaves the body to be read
// afterwards, as net/http may do.
type lateWriter struct{ body io.Reader }

func (l *lateWriter) RoundTrip(r *http.Request) (*http.Response, error) {
	l.body = r.Body
	return nil, errors.New("given up")
}

// TestUnsentStaysUnsent: once a call has said "unsent", the request can't leave.
func TestUnsentStaysUnsent(t *testing.T) {
	late := &lateWriter{}
	_, err := roundTrip(t.Context(), &http.Client{Transport: late}, http.MethodPost, "peer", "/", []byte("command"), 10)
	var ce *callError
	if !errors.As(err, &ce) || !ce.unsent {
		t.Fatalf("error %v, want one that says unsent", err)
	}
	if b, err := io.ReadAll(late.body); err == nil || len(b) > 0 {
		t.Errorf("the request was read afterwards: %q, %v", b, err)
	}
}

// TestHeldBody: what was withheld is never read, what was begun is not withheld.
func TestHeldBody(t *testing.T) {
	for _, begun := range []bool{false, true} {
		var state atomic.Int32
		b := heldBody{bytes.NewReader([]byte("ab")), &state}
		if begun {
			if n, err := b.Read(make([]byte, 1)); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if got := state.CompareAndSwap(0, bodyWithheld); got == begun {
			t.Errorf("begun %v: withheld %v", begun, got)
		}
		if _, err := b.Read(make([]byte, 1)); (err == nil) != begun {
			t.Errorf("begun %v: reading on: %v", begun, err)
		}
	}
}
