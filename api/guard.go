package api

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vigie/api/auth"
)

const sessionCookie = "vigie_session"

// deniedBurst and deniedEvery bound the failed credentials per address: beyond
// them the answer is 429, without an audit event, so that a stranger can't fill
// the audit log.
const (
	deniedBurst = 20
	deniedEvery = 3 * time.Second
	deniedKeys  = 10000
)

// guard finds out who makes the request and whether they may: default deny.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := callOf(ec.Request().Context())
		if c.op == nil {
			// Outside the contract are only the console's pages and the router's
			// own 404 and 405.
			return next(ec)
		}
		if err := s.admitted(ec, c); err != nil {
			e := asAPIError(err)
			s.metrics.denied.WithLabelValues(e.code).Inc()
			return e
		}
		return next(ec)
	}
}

func (s *Server) admitted(ec echo.Context, c *call) error {
	if c.op.permission == auth.Public || c.op.permission == auth.MetricsRead && fromLoopback(ec.Request()) {
		return nil
	}
	credential, cookie := credentialOf(ec.Request())
	if credential == "" {
		// Nobody tried anything: no event.
		c.event.Kind = ""
		return fail("unauthenticated")
	}
	// One try is taken at most: before the wait for a session that may not exist,
	// else when the credential has failed.
	tried, ok, wait := false, true, time.Duration(0)
	try := func() bool {
		if !tried {
			tried = true
			ok, wait = s.deniedLimit.Allow(c.ip, s.opt.Now())
		}
		return ok
	}
	who, err := s.auth.Authenticate(ec.Request().Context(), credential, s.opt.Now(), try)
	switch {
	case errors.Is(err, auth.ErrUnauthenticated):
		if !try() {
			c.event.Kind = ""
			return &apiError{code: "too_many_attempts", retry: wait}
		}
		c.denied()
		return fail("unauthenticated")
	case err != nil:
		return err
	}
	c.who = who
	if cookie {
		if err := s.origin.Check(ec.Request()); err != nil {
			c.denied()
			return fail("cross_origin")
		}
	}
	if !auth.Allowed(who.Role, c.op.permission) {
		c.denied()
		return fail("forbidden")
	}
	if who.MustChange && c.op.permission != auth.Own {
		c.denied()
		return fail("password_change_required")
	}
	return nil
}

// credentialOf gives the session token or API key of a request, and whether it
// came as a cookie. An Authorization header wins over a cookie.
func credentialOf(r *http.Request) (credential string, cookie bool) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
			return "-", false
		}
		return strings.TrimSpace(token), false
	}
	if k, err := r.Cookie(sessionCookie); err == nil && k.Value != "" {
		return k.Value, true
	}
	return "", false
}

// fromLoopback tells a request of this machine that came through no proxy.
func fromLoopback(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
