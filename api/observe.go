package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// errPanic marks a handler that panicked.
var errPanic = errors.New("panic")

// observe is the outermost middleware: it gives the request its trace id, turns
// errors and panics into problems, counts, and writes the one log line, which
// holds no personal data.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		op := s.ops[routeKey(ec.Request().Method, ec.Path())]
		c := newCall(s.opt.Now(), op, ec.RealIP())
		ctx := context.WithValue(ec.Request().Context(), callKey{}, c)
		ec.SetRequest(ec.Request().WithContext(ctx))
		secureHeaders(ec.Response().Header(), c.trace)
		body := ec.Request().Body

		done := s.metrics.begin(c)
		err := s.isolate(c, next, ec)
		if err != nil {
			s.answer(ctx, c, ec, err)
			drain(ec, body)
		}
		status := ec.Response().Status
		done(status)
		s.access(ctx, c, ec.Request().Method, status)
		return nil
	}
}

// isolate runs the handler; a panic becomes an error and the node goes on.
func (s *Server) isolate(c *call, next echo.HandlerFunc, ec echo.Context) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if r == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(r)
		}
		// The value may hold personal data: only the runtime's own errors are
		// shown, of others the type.
		what := fmt.Sprintf("value of type %T", r)
		if re, ok := r.(runtime.Error); ok {
			what = re.Error()
		}
		s.metrics.panics.Inc()
		s.opt.Logger.Error("panic in a request", slog.String("trace", c.trace), slog.String("panic", what), slog.String("stack", string(debug.Stack())))
		err = errPanic
	}()
	return next(ec)
}

// answer writes the problem of err, after its audit event.
func (s *Server) answer(ctx context.Context, c *call, ec echo.Context, err error) {
	e := asAPIError(err)
	if aerr := s.record(ctx, c, e.code); aerr != nil {
		e = asAPIError(aerr)
	}
	c.outcome = e.code
	if problemKinds[e.code].status >= 500 && e.cause != nil && !errors.Is(e.cause, errPanic) {
		s.opt.Logger.ErrorContext(ctx, "request failed", slog.String("trace", c.trace), slog.String("code", e.code), slog.Any("error", e.cause))
	}
	if ec.Response().Committed {
		// The answer has begun: breaking the connection is the only honest sign.
		panic(http.ErrAbortHandler)
	}
	if werr := e.write(ec.Response(), ec.Request().ProtoMajor, c.trace); werr != nil {
		s.opt.Logger.DebugContext(ctx, "problem not sent", slog.String("trace", c.trace))
	}
}

// drainBytes and drainPatience bound what is read of a refused body.
const (
	drainBytes    = 16 << 20
	drainPatience = 500 * time.Millisecond
)

// drain sends the answer to a refused request and lets the client see it before
// the stream is reset, which discards what it has not read yet: curl, while it
// is still sending, loses the answer otherwise. net/http does so over HTTP/1.
func drain(ec echo.Context, body io.Reader) {
	if ec.Request().ProtoMajor != 2 || body == http.NoBody {
		return
	}
	rc := http.NewResponseController(ec.Response())
	if rc.Flush() != nil || rc.SetReadDeadline(time.Now().Add(drainPatience)) != nil {
		return
	}
	// It ends when the client stops sending.
	_, _ = io.Copy(io.Discard, io.LimitReader(body, drainBytes))
}

func (s *Server) access(ctx context.Context, c *call, method string, status int) {
	operation := "none"
	if c.op != nil {
		operation = c.op.id
	}
	s.opt.Logger.LogAttrs(ctx, slog.LevelInfo, "request",
		slog.String("operation", operation), slog.String("method", knownMethod(method)), slog.Int("status", status),
		slog.String("outcome", c.outcome), slog.Float64("ms", float64(s.opt.Now().Sub(c.start).Microseconds())/1000),
		slog.String("principal", c.who.ID), slog.String("trace", c.trace))
}

// knownMethod keeps made-up methods out of the log.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

func secureHeaders(h http.Header, trace string) {
	h.Set("X-Trace-Id", trace)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Strict-Transport-Security", "max-age=31536000")
}

// statusLabel keeps the label small.
func statusLabel(status int) string { return strconv.Itoa(status) }
