package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"vigie/api/auth"
	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// cheap keeps password hashing fast in tests.
var cheap = auth.Params{Memory: 64, Time: 1, Threads: 1}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// rig is a server over a fake world, with one API key per role.
type rig struct {
	testing.TB
	w      *world
	s      *Server
	log    *syncBuffer
	tokens map[watchlist.Role]string
	routes routers.Router
}

func newRig(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{TB: t, w: newWorld(), log: &syncBuffer{}, tokens: map[watchlist.Role]string{}}
	opt := Options{
		Logger: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:    func() time.Time { return testNow }, Passwords: cheap, ReadPatience: 50 * time.Millisecond,
	}
	for _, f := range change {
		f(&opt)
	}
	s, err := New(r.w.deps(), opt)
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	for i, role := range auth.Roles() {
		tok, err := auth.NewAPIKeyToken(watchlist.KeyID(fmt.Sprintf("%016x", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		r.tokens[role] = tok.String()
		r.w.keys[tok.ID] = watchlist.APIKey{ID: tok.ID, SecretHash: tok.Hash(), Role: role, Label: string(role)}
	}
	return r
}

// ask is one request; the zero value of a field leaves it out.
type ask struct {
	method, path string
	role         watchlist.Role
	token        string
	body         any // string and []byte as they are, anything else as JSON
	kind         string
	header       map[string]string
	remote       string
}

func (r *rig) request(a ask) *http.Request {
	r.Helper()
	var body io.Reader
	switch b := a.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			r.Fatal(err)
		}
		body = bytes.NewReader(j)
	}
	req := httptest.NewRequestWithContext(context.Background(), a.method, a.path, body)
	req.RemoteAddr = "192.0.2.7:4711"
	if a.remote != "" {
		req.RemoteAddr = a.remote
	}
	if a.role != "" {
		a.token = r.tokens[a.role]
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.body != nil {
		req.Header.Set("Content-Type", mediaJSON)
	}
	if a.kind != "" {
		req.Header.Set("Content-Type", a.kind)
	}
	for k, v := range a.header {
		req.Header.Set(k, v)
	}
	return req
}

// do serves one request and checks the answer against the contract.
func (r *rig) do(a ask) *httptest.ResponseRecorder {
	r.Helper()
	rec := httptest.NewRecorder()
	req := r.request(a)
	r.s.Handler().ServeHTTP(rec, req)
	r.conforms(req, rec)
	return rec
}

// conforms checks an answer against the contract, if its address is in it.
func (r *rig) conforms(req *http.Request, rec *httptest.ResponseRecorder) {
	r.Helper()
	if r.routes == nil {
		var err error
		if r.routes, err = gorillamux.NewRouter(r.s.valid.doc); err != nil {
			r.Fatal(err)
		}
	}
	route, params, err := r.routes.FindRoute(req)
	if err != nil {
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		r.Errorf("%s %s: the answer %d doesn't fit the contract: %v", req.Method, req.URL.Path, rec.Code, err)
	}
}

// want does a request and checks its status.
func (r *rig) want(status int, a ask) *httptest.ResponseRecorder {
	r.Helper()
	rec := r.do(a)
	if rec.Code != status {
		r.Fatalf("%s %s: status %d, want %d: %s", a.method, a.path, rec.Code, status, rec.Body)
	}
	return rec
}

// problem does a request and checks that it is refused with a code; the answer
// must be a whole problem.
func (r *rig) problem(code string, a ask) gen.Problem {
	r.Helper()
	rec := r.do(a)
	p := decode[gen.Problem](r, rec)
	k := problemKinds[code]
	if p.Code != code {
		r.Fatalf("%s %s: %d %q, want %q: %s", a.method, a.path, rec.Code, p.Code, code, rec.Body)
	}
	if rec.Code != k.status || p.Status != k.status || p.Type != "urn:vigie:problem:"+code || p.Title != k.title || p.TraceId == "" ||
		p.TraceId != rec.Header().Get("X-Trace-Id") || rec.Header().Get("Content-Type") != mediaProblem {
		r.Fatalf("%s %s: not a whole problem: %d %v %s", a.method, a.path, rec.Code, rec.Header(), rec.Body)
	}
	return p
}

func decode[T any](t testing.TB, rec *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("decode %d %s: %v", rec.Code, rec.Body, err)
	}
	return v
}

// lastEvent gives the newest audit event.
func (r *rig) lastEvent() watchlist.AuditEvent {
	r.Helper()
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if len(r.w.events) == 0 {
		r.Fatal("no audit event")
	}
	return r.w.events[len(r.w.events)-1]
}

func (r *rig) eventCount() int {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return len(r.w.events)
}

func entryInput(change ...map[string]any) map[string]any {
	m := map[string]any{
		"category": "smuggler", "action": "locate",
		"names":       []any{map[string]any{"kind": "primary", "full": "Mamadou DIALLO"}},
		"births":      []any{map[string]any{"date": "1984-05-17", "place": "Labé"}},
		"sex":         "M",
		"documents":   []any{map[string]any{"type": "passport", "number": "O00012345", "issuer": "GIN"}},
		"legal_basis": "warrant 12/2026", "offence": "smuggling of migrants", "case_reference": "DKR-1",
		"issued": "2026-11-01T00:00:00Z", "review_by": "2027-11-01T00:00:00Z", "expires_at": "2028-11-01T00:00:00Z",
	}
	for _, c := range change {
		maps.Copy(m, c)
	}
	return m
}

func probeInput(change ...map[string]any) map[string]any {
	m := map[string]any{
		"names": []any{map[string]any{"full": "Mamadu Djallo"}}, "purpose": "border_check", "reason": "lane 3",
	}
	for _, c := range change {
		maps.Copy(m, c)
	}
	return m
}

func searchInput(change ...map[string]any) map[string]any {
	m := map[string]any{"q": "diallo", "purpose": "investigation", "reason": "case review"}
	for _, c := range change {
		maps.Copy(m, c)
	}
	return m
}

// enrolled creates an entry and gives its id.
func (r *rig) enrolled(change ...map[string]any) string {
	r.Helper()
	rec := r.want(http.StatusCreated, ask{method: "POST", path: "/v1/entries", role: watchlist.RoleAdministrator, body: entryInput(change...)})
	return decode[gen.EntryWritten](r, rec).Id
}

// jsonText gives a value's JSON.
func jsonText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// optWithout gives the options of a server for another one, with metrics of its
// own.
func (s *Server) optWithout() Options {
	o := s.opt
	o.Registry = nil
	return o
}

// racing lets somebody else change the entry just before the first write.
type racing struct {
	*world
	entry watchlist.EntryID
}

func (x racing) Propose(ctx context.Context, e command.Envelope) (command.Result, error) {
	x.mu.Lock()
	if cur := x.entries[x.entry]; cur.Revision == 1 {
		cur = cur.Clone()
		cur.Revision = 2
		x.entries[x.entry] = cur
	}
	x.mu.Unlock()
	return x.world.Propose(ctx, e)
}
