package client

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// node answers with what answers gives for the n-th request, from 0.
func node(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) (*Client, *atomic.Int32) {
	t.Helper()
	var n atomic.Int32
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(int(n.Add(1)-1), w, r)
	}))
	t.Cleanup(srv.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	c, err := New(Config{Server: srv.URL, CA: ca, Credential: "vk_x", MaxWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c, &n
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	if status == 503 {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Problem{Status: status, Code: code, Title: "t", TraceId: "x", Errors: []FieldProblem{{Pointer: "/a", Code: "required"}}})
}

func TestAnswer(t *testing.T) {
	c, _ := node(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer vk_x" || r.URL.RawQuery != "" {
			t.Errorf("request %v ?%s", r.Header, r.URL.RawQuery)
		}
		_, _ = io.WriteString(w, `{"items":[{"id":"u"}]}`)
	})
	list, err := Answer[EntryList](c.ListEntries(context.Background(), &ListEntriesParams{}))
	if err != nil || len(list.Items) != 1 || list.Items[0].Id != "u" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestProblemIsAnError(t *testing.T) {
	c, n := node(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, 422, "invalid") })
	_, err := Answer[Entry](c.GetEntry(context.Background(), "x", &GetEntryParams{}))
	var e *Error
	if !errors.As(err, &e) || e.Code != "invalid" || e.Errors[0].Pointer != "/a" || !strings.Contains(err.Error(), "/a: required") || n.Load() != 1 {
		t.Errorf("%v after %d tries", err, n.Load())
	}
	other, _ := node(t, func(_ int, w http.ResponseWriter, _ *http.Request) { http.Error(w, "proxy", http.StatusBadGateway) })
	if _, err := Answer[Me](other.GetMe(context.Background())); err == nil || errors.As(err, &e) {
		t.Errorf("a proxy's page: %v", err)
	}
}

func TestRetries(t *testing.T) {
	busyTwice := func(n int, w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodPost && !strings.Contains(string(b), `"reason":"abc"`) {
			t.Errorf("try %d has the body %q", n, b)
		}
		if n < 2 {
			refuse(w, 503, "overloaded")
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}
	for name, c := range map[string]struct {
		call  func(*Client) (*http.Response, error)
		tries int32
	}{
		"a read": {func(c *Client) (*http.Response, error) { return c.GetMe(context.Background()) }, 3},
		"a match": {func(c *Client) (*http.Response, error) {
			return c.Match(context.Background(), MatchRequest{Reason: "abc"})
		}, 3},
		"a named write": {func(c *Client) (*http.Response, error) {
			return c.WithdrawEntry(context.Background(), "e", &WithdrawEntryParams{IdempotencyKey: "key-00001"}, ReasonInput{Reason: "abc"})
		}, 3},
		"a write without id": {func(c *Client) (*http.Response, error) {
			return c.WithdrawEntry(context.Background(), "e", &WithdrawEntryParams{}, ReasonInput{Reason: "abc"})
		}, 1},
	} {
		cl, n := node(t, busyTwice)
		res, err := c.call(cl)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if n.Load() != c.tries || (res.StatusCode == 200) != (c.tries == 3) {
			t.Errorf("%s: %d tries, status %d", name, n.Load(), res.StatusCode)
		}
	}
	cl, n := node(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, 503, "no_leader") })
	if _, err := Answer[Me](cl.GetMe(context.Background())); err == nil || n.Load() != 4 {
		t.Errorf("%v after %d tries", err, n.Load())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cl, n = node(t, func(_ int, w http.ResponseWriter, _ *http.Request) { cancel(); refuse(w, 503, "no_leader") })
	if _, err := Answer[Me](cl.GetMe(ctx)); err == nil || n.Load() > 2 {
		t.Errorf("%v after %d tries", err, n.Load())
	}
}

// TestOnlyTheOwnCA: a node with another authority is refused, and so is a
// redirect.
func TestOnlyTheOwnCA(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	c, err := New(Config{Server: srv.URL, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := c.GetMe(context.Background()); err == nil {
		res.Body.Close()
		t.Error("an unknown authority is trusted")
	}
	if _, err := New(Config{Server: srv.URL, CA: []byte("x")}); err == nil {
		t.Error("a CA without a certificate is accepted")
	}
	moved, n := node(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	if _, err := Answer[Me](moved.GetMe(context.Background())); err == nil || n.Load() != 1 {
		t.Errorf("redirect: %v after %d", err, n.Load())
	}
}

func TestForms(t *testing.T) {
	c, _ := node(t, func(n int, w http.ResponseWriter, r *http.Request) {
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			t.Error(err)
		}
		var got []string
		for mr := multipart.NewReader(r.Body, params["boundary"]); ; {
			p, err := mr.NextPart()
			if err != nil {
				break
			}
			b, _ := io.ReadAll(p)
			got = append(got, p.FormName()+"="+string(b))
		}
		want := `probe={"purpose":"test","reason":"abc"} photo=one document_photo=two`
		if n == 1 {
			want = "photo=one"
		}
		if strings.Join(got, " ") != want {
			t.Errorf("parts %v", got)
		}
		_, _ = io.WriteString(w, `{}`)
	})
	if _, err := Answer[Lead](c.MatchPhotos(context.Background(), MatchRequest{Purpose: "test", Reason: "abc"}, Picture{Bytes: []byte("one")}, Picture{Source: PhotoInputSourceDocument, Bytes: []byte("two")})); err != nil {
		t.Error(err)
	}
	if _, err := Answer[FaceWritten](c.AddPhoto(context.Background(), "e", &AddFaceParams{}, []byte("one"))); err != nil {
		t.Error(err)
	}
}

// TestErrorsHoldNoQuery: what was asked for stays out of logs.
func TestErrorsHoldNoQuery(t *testing.T) {
	c, err := New(Config{Server: "https://127.0.0.1:1", Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ListEntries(context.Background(), &ListEntriesParams{Cursor: "PLANTED"})
	if err == nil || strings.Contains(err.Error(), "PLANTED") || !strings.Contains(err.Error(), "/v1/entries") {
		t.Errorf("%v", err)
	}
}

// TestSearchesAreRepeated: a search changes nothing, so a busy node is asked
// again, with the same body.
func TestSearchesAreRepeated(t *testing.T) {
	var bodies []string
	c, _ := node(t, func(n int, w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if bodies = append(bodies, string(b)); n == 0 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"items":[]}`)
	})
	_, err := Answer[EntryList](c.SearchEntries(context.Background(), &SearchEntriesParams{}, EntrySearch{Q: "diallo", Purpose: "test", Reason: "abc"}))
	if err != nil || len(bodies) != 2 || bodies[0] != bodies[1] || bodies[0] == "" {
		t.Errorf("%v %q", err, bodies)
	}
}
