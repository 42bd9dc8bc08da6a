package api

import (
	"context"
	"fmt"
	"sync"
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
		c := callOf(ctx.Request().Context())
		if err := s.settle(ctx.Request().Context(), c.op); err != nil {
			return nil, err
		}
		c.ran = true
		response, err := next(ctx, request)
		if err != nil {
			return nil, err
		}
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
		if c.ran && changes(c.op) {
			s.owed.add(e)
			c.recorded = true
		}
		return s.unaudited(err)
	}
	c.recorded = true
	return nil
}

func (s *Server) unaudited(err error) error {
	s.metrics.auditFailures.Inc()
	return &apiError{code: "audit_unavailable", cause: fmt.Errorf("append the audit event: %w", err)}
}

// changes tells whether an operation may have changed something by the time that
// its event can't be written.
func changes(op *operation) bool {
	switch op.audit {
	case watchlist.AuditWrite, watchlist.AuditPolicy, watchlist.AuditCluster, watchlist.AuditLogin, watchlist.AuditLogout:
		return true
	}
	return false
}

// debts are the events of changes that were made while the audit log could not
// be written. They live in memory, and nothing more is changed until they are
// written: a broken log hides at most the changes under way when it broke.
type debts struct {
	mu     sync.Mutex
	events []watchlist.AuditEvent // guarded by mu
}

func (d *debts) add(e watchlist.AuditEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// settle writes the events that are owed before another change is made; the
// problem is audit_unavailable while it can't.
func (s *Server) settle(ctx context.Context, op *operation) error {
	if !changes(op) {
		return nil
	}
	s.owed.mu.Lock()
	defer s.owed.mu.Unlock()
	actx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditPatience)
	defer cancel()
	for len(s.owed.events) > 0 {
		if _, err := s.deps.Auditor.Append(actx, s.owed.events[0]); err != nil {
			return s.unaudited(err)
		}
		s.owed.events = s.owed.events[1:]
	}
	return nil
}

// denied turns the call's event into one of a refused request.
func (c *call) denied() {
	c.event = watchlist.AuditEvent{Kind: watchlist.AuditDenied, Operation: c.op.id}
}
