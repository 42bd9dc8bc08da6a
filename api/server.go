package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/semaphore"

	"vigie/api/auth"
	"vigie/api/console"
	"vigie/api/gen"
)

const (
	minTLS = tls.VersionTLS13
	// formRoom is what a form may hold besides one photo of the largest size.
	formRoom = 1 << 20
)

// Server serves the REST interface and the console. It is safe for concurrent
// use.
type Server struct {
	deps    Deps
	opt     Options
	ops     map[string]*operation
	valid   *validator
	metrics *metrics

	auth        *auth.Authenticator
	hasher      *auth.Hasher
	origin      *http.CrossOriginProtection
	loginLimit  *auth.Limiter
	addrLimit   *auth.Limiter
	deniedLimit *auth.Limiter

	owed debts
	// accounts is held by whoever changes an account.
	accounts *semaphore.Weighted
	matches  *semaphore.Weighted
	// uploads counts the bytes of the bodies in flight.
	uploads *semaphore.Weighted

	handler  http.Handler
	http     *http.Server
	stopping atomic.Bool
}

// New builds a server. It fails when a dependency is missing or when an
// operation of the contract has no known permission, audit kind or route.
func New(deps Deps, options Options) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	opt := options.withDefaults()
	doc, err := loadContract()
	if err != nil {
		return nil, err
	}
	ops, err := operations(doc)
	if err != nil {
		return nil, fmt.Errorf("the API contract is incomplete: %w", err)
	}
	for _, op := range ops {
		if op.maxMultipart > 0 {
			// A node that is set to larger photos takes one at a time of them.
			op.maxMultipart = max(op.maxMultipart, opt.MaxPhotoBytes+formRoom)
		}
	}
	hasher, err := auth.NewHasher(opt.Passwords, opt.PasswordSlots)
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(opt.Registry, opt.Now)
	if err != nil {
		return nil, err
	}
	openapi, err := contractHandler(doc)
	if err != nil {
		return nil, err
	}
	s := &Server{
		deps: deps, opt: opt, ops: ops, valid: newValidator(doc), metrics: m, hasher: hasher,
		auth: &auth.Authenticator{
			Accounts: deps.Accounts, Wait: deps.Consistency.WaitIndex, Patience: opt.ReadPatience,
			Applied: func() uint64 { return deps.Consistency.Stamp().AppliedIndex },
		},
		origin:      http.NewCrossOriginProtection(),
		loginLimit:  auth.NewLimiter(loginEvery, loginBurst, loginKeys),
		addrLimit:   auth.NewLimiter(addrEvery, addrBurst, loginKeys),
		deniedLimit: auth.NewLimiter(deniedEvery, deniedBurst, deniedKeys),
		accounts:    semaphore.NewWeighted(1),
		matches:     semaphore.NewWeighted(int64(opt.MaxMatches)),
		uploads:     semaphore.NewWeighted(opt.MaxUploadBytes),
	}
	e := s.router(openapi)
	if err := checkRoutes(ops, routesOf(e)); err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.EnableZstd(true), gzhttp.PreferZstd(true))
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	s.handler = compress(e)
	s.http = s.httpServer()
	return s, nil
}

// router builds the echo instance: the contract's routes behind all middleware,
// and the console.
func (s *Server) router(openapi http.HandlerFunc) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	// Forwarding headers are never trusted: the peer's address is the address.
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = func(err error, ec echo.Context) {
		// observe answers every error; nothing gets here but a broken connection.
		s.opt.Logger.Debug("unanswered error", slog.String("type", fmt.Sprintf("%T", err)), slog.Bool("committed", ec.Response().Committed))
	}
	e.Use(s.observe, s.guard, s.admit, s.validate)
	gen.RegisterHandlers(e, gen.NewStrictHandler(&service{Server: s}, []gen.StrictMiddlewareFunc{s.seal}))
	e.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(s.opt.Registry, promhttp.HandlerOpts{})))
	e.GET("/openapi.json", echo.WrapHandler(openapi))
	pages := echo.WrapHandler(console.Handler())
	for _, p := range console.Paths() {
		e.GET(p, pages)
	}
	return e
}

func routesOf(e *echo.Echo) []string {
	var out []string
	for _, r := range e.Routes() {
		if !slices.Contains(console.Paths(), r.Path) {
			out = append(out, routeKey(r.Method, r.Path))
		}
	}
	return out
}

func (s *Server) httpServer() *http.Server {
	h := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.opt.HeaderTimeout,
		ReadTimeout:       s.opt.BodyTimeout,
		WriteTimeout:      s.opt.AnswerTimeout,
		IdleTimeout:       s.opt.IdleTimeout,
		MaxHeaderBytes:    s.opt.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.opt.Logger.Handler(), slog.LevelDebug),
	}
	if s.opt.TLS != nil {
		h.TLSConfig = s.opt.TLS.Clone()
		h.TLSConfig.MinVersion = max(h.TLSConfig.MinVersion, minTLS)
	}
	return h
}

// Handler gives the whole HTTP handler, for tests and for embedding.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve accepts connections on ln until Shutdown is called or ctx ends; it then
// finishes the requests in flight, for at most Options.StopGrace, and returns
// nil. It closes ln. It may be called once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	failed := make(chan error, 1)
	go func() {
		if s.http.TLSConfig != nil {
			failed <- s.http.ServeTLS(ln, "", "")
			return
		}
		failed <- s.http.Serve(ln)
	}()
	select {
	case err := <-failed:
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.StopGrace)
	defer cancel()
	err := s.Shutdown(sctx)
	<-failed
	return err
}

// Shutdown turns new connections away (readiness goes first), lets requests in
// flight finish until ctx ends, and then breaks what is left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop the API with requests in flight: %w", err), s.http.Close())
	}
	return nil
}
