package api

import (
	"context"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"vigie/api/gen"
	"vigie/watchlist"
)

// auditPatience bounds the append of one event; a slower disk counts as absent.
const auditPatience = 10 * time.Second

// seal is the innermost middleware: it runs after the handler and before its
// answer is written. The event goes first (invariant 3).
func (s *Server) seal(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(ctx echo.Context, request any) (any, error) {
		response, err := next(ctx, request)
		if err != nil {
			return nil, err
		}
		c := callOf(ctx.Request().Context())
		if err := s.record(ctx.Request().Context(), c, "ok"); err != nil {
			return nil, err
		}
		for k, v := range c.headers {
			ctx.Response().Header().Set(k, v)
		}
		return response, nil
	}
}

// record appends the call's audit event once. A client that has gone away
// doesn't stop it. The error is a problem audit_unavailable.
func (s *Server) record(ctx context.Context, c *call, outcome string) error {
	if c.recorded || c.event.Kind == "" {
		return nil
	}
	e := c.event
	e.Outcome = outcome
	if e.Principal == "" {
		e.Principal, e.Role, e.Post = c.who.ID, c.who.Role, c.who.Post
	}
	if e.Principal == "" {
		e.Principal = "unknown"
	}
	if e.Post == "" {
		e.Post = s.opt.Post
	}
	actx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditPatience)
	defer cancel()
	if _, err := s.deps.Auditor.Append(actx, e); err != nil {
		s.metrics.auditFailures.Inc()
		return &apiError{code: "audit_unavailable", cause: fmt.Errorf("append the audit event: %w", err)}
	}
	c.recorded = true
	return nil
}

// denied turns the call's event into one of a refused request.
func (c *call) denied() {
	c.event = watchlist.AuditEvent{Kind: watchlist.AuditDenied, Operation: c.op.id}
}
