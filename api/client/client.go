package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 64 << 20

// Config says how to reach a node.
type Config struct {
	// Server is the node's address, "https://host:port".
	Server string
	// CA holds the cluster's certificate authority, PEM. Only it is trusted;
	// empty trusts the system's authorities.
	CA []byte
	// Credential is a session token or an API key, "" for neither.
	Credential string
	// Timeout bounds one try of one call; default 60 s.
	Timeout time.Duration
	// Retries is how often a call that may be repeated is tried again when the
	// node is busy, has no leader or can't be reached; default 3, negative for
	// none.
	Retries int
	// MaxWait bounds the wait before a retry, whatever Retry-After says; default
	// 10 s.
	MaxWait time.Duration
}

// Client is a connection to one node, safe for concurrent use.
type Client struct {
	*Raw
	http *http.Client
}

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// New prepares a client; it connects with the first call.
func New(cfg Config) (*Client, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS13}
	if len(cfg.CA) > 0 {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(cfg.CA) {
			return nil, errors.New("the CA holds no PEM certificate")
		}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 60 * time.Second
	}
	if cfg.Retries == 0 {
		cfg.Retries = 3
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = 10 * time.Second
	}
	d := &doer{cfg: cfg, http: &http.Client{
		Timeout:   cfg.Timeout,
		Transport: &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second},
		// A node answers itself; a redirect would carry the credential away.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	raw, err := NewClient(cfg.Server, WithHTTPClient(d), WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if cfg.Credential != "" {
			r.Header.Set("Authorization", "Bearer "+cfg.Credential)
		}
		dropEmpty(r)
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return &Client{Raw: raw, http: d.http}, nil
}

// dropEmpty removes the parameters that were not given: the generated calls send
// them empty, which the contract refuses.
func dropEmpty(r *http.Request) {
	q := r.URL.Query()
	for k, v := range q {
		if v[0] == "" || (k == "limit" || k == "min_index") && v[0] == "0" {
			q.Del(k)
		}
	}
	r.URL.RawQuery = q.Encode()
	for _, h := range []string{"If-Match", "Idempotency-Key"} {
		if r.Header.Get(h) == "" {
			r.Header.Del(h)
		}
	}
}

// Error is a problem that the node answered (RFC 9457).
type Error struct{ Problem }

// Error implements error: title, detail and what is wrong with which field.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s (%s)", e.Status, e.Title, e.Code)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range e.Errors {
		where := f.Pointer
		if where == "" {
			where = f.Parameter
		}
		fmt.Fprintf(&b, "; %s: %s", where, f.Code)
	}
	return b.String()
}

// Answer reads the answer of a call into a T; T may be struct{} for answers
// without a body. A problem becomes an *Error.
func Answer[T any](res *http.Response, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode >= 300 {
		e := &Error{}
		if json.Unmarshal(body, &e.Problem) != nil || e.Code == "" {
			return nil, fmt.Errorf("status %d without a problem: this is no Vigie node", res.StatusCode)
		}
		return nil, e
	}
	out := new(T)
	if len(body) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return out, nil
}

// Picture is a photo for MatchPhotos: the file, and what was photographed, "" if
// that is not known.
type Picture struct {
	Source PhotoInputSource
	Bytes  []byte
}

// MatchPhotos sends a match as a form, which is a quarter smaller than base64.
func (c *Client) MatchPhotos(ctx context.Context, req MatchRequest, photos ...Picture) (*http.Response, error) {
	parts := make([]formPart, len(photos))
	for i, p := range photos {
		name := "photo"
		if p.Source != "" {
			name = string(p.Source) + "_photo"
		}
		parts[i] = formPart{name, "application/octet-stream", p.Bytes}
	}
	kind, body, err := probeForm(req, parts)
	if err != nil {
		return nil, err
	}
	return c.MatchWithBody(ctx, kind, body)
}

// ReplayPhotos sends a replay as a form.
func (c *Client) ReplayPhotos(ctx context.Context, req ReplayRequest, photos ...[]byte) (*http.Response, error) {
	kind, body, err := probeForm(req, photoParts(photos))
	if err != nil {
		return nil, err
	}
	return c.ReplaySearchWithBody(ctx, kind, body)
}

// AddPhoto adds a photo to an entry as a form.
func (c *Client) AddPhoto(ctx context.Context, entry string, params *AddFaceParams, photo []byte) (*http.Response, error) {
	kind, body, err := form(photoParts([][]byte{photo}))
	if err != nil {
		return nil, err
	}
	return c.AddFaceWithBody(ctx, entry, params, kind, body)
}

// probeForm writes a request and its photos as a form.
func probeForm(req any, photos []formPart) (contentType string, body io.Reader, err error) {
	probe, err := json.Marshal(req)
	if err != nil {
		return "", nil, fmt.Errorf("encode the probe: %w", err)
	}
	return form(append([]formPart{{"probe", "application/json", probe}}, photos...))
}

type formPart struct {
	name, kind string
	content    []byte
}

func photoParts(photos [][]byte) []formPart {
	out := make([]formPart, len(photos))
	for i, p := range photos {
		out[i] = formPart{"photo", "application/octet-stream", p}
	}
	return out
}

func form(parts []formPart) (contentType string, body io.Reader, err error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="`+p.name+`"; filename="`+p.name+`"`)
		h.Set("Content-Type", p.kind)
		dst, err := w.CreatePart(h)
		if err == nil {
			_, err = dst.Write(p.content)
		}
		if err != nil {
			return "", nil, fmt.Errorf("write a form: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return "", nil, fmt.Errorf("write a form: %w", err)
	}
	return w.FormDataContentType(), bytes.NewReader(buf.Bytes()), nil
}

// doer sends requests and repeats those that may be repeated.
type doer struct {
	cfg  Config
	http *http.Client
}

// Do implements HttpRequestDoer.
func (d *doer) Do(r *http.Request) (*http.Response, error) {
	for try := 0; ; try++ {
		res, err := d.http.Do(r)
		err = withoutQuery(err)
		if try >= d.cfg.Retries || !repeatable(r) || err == nil && res.StatusCode != http.StatusServiceUnavailable || r.Context().Err() != nil {
			return res, err
		}
		wait := time.Duration(1<<try) * 200 * time.Millisecond
		if err == nil {
			if s, aerr := strconv.Atoi(res.Header.Get("Retry-After")); aerr == nil {
				wait = time.Duration(s) * time.Second
			} else {
				// Without Retry-After waiting doesn't help.
				return res, nil
			}
			// The connection is reused when the rest has been read.
			_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
			_ = res.Body.Close()
		}
		t := time.NewTimer(min(wait, d.cfg.MaxWait))
		select {
		case <-r.Context().Done():
			t.Stop()
			return nil, r.Context().Err()
		case <-t.C:
		}
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, fmt.Errorf("repeat a request: %w", err)
			}
			r.Body = body
		}
	}
}

// withoutQuery takes the query out of the address in an error of net/http: what
// was asked for must not get into a log.
func withoutQuery(err error) error {
	var where *url.Error
	if errors.As(err, &where) {
		where.URL, _, _ = strings.Cut(where.URL, "?")
	}
	return err
}

// repeatable tells whether sending a request twice does no harm: reads, matches,
// searches, and writes that name themselves.
func repeatable(r *http.Request) bool {
	if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		for _, p := range []string{"/v1/match", "/v1/audit/replays", "/v1/entries/search"} {
			if strings.HasSuffix(r.URL.Path, p) {
				return true
			}
		}
	}
	return r.Header.Get("Idempotency-Key") != ""
}
