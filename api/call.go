package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"

	"vigie/api/auth"
	"vigie/watchlist"
)

// The media types that are spoken.
const (
	mediaJSON     = "application/json"
	mediaProblem  = "application/problem+json"
	mediaPatch    = "application/merge-patch+json"
	mediaJPEG     = "image/jpeg"
	multipartForm = "multipart/form-data"
)

// call is what is known of one request. One goroutine owns it: that of the
// request.
type call struct {
	trace string
	start time.Time
	// op is nil for an address outside the contract.
	op *operation
	// who is zero until the guard has let the request in.
	who auth.Identity
	// ip is the peer's address, for limits only.
	ip string
	// event is the audit event as far as it is known; the handler fills in what
	// it alone knows.
	event    watchlist.AuditEvent
	recorded bool
	// ran tells that the handler was called.
	ran bool
	// headers are set on a successful answer.
	headers map[string]string
	// rejected are the lines of an import that don't fit the contract.
	rejected []rejectedLine
	// outcome is the code of the problem answered, "ok" otherwise.
	outcome string
}

type callKey struct{}

// callOf returns the call of a request's context; it panics outside a request.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func newCall(now time.Time, op *operation, ip string) *call {
	var b [8]byte
	// crypto/rand.Read never fails since Go 1.24.
	_, _ = rand.Read(b[:])
	c := &call{trace: hex.EncodeToString(b[:]), start: now, op: op, ip: ip, outcome: "ok", headers: map[string]string{}}
	if op != nil {
		c.event = watchlist.AuditEvent{Kind: op.audit, Operation: op.id}
	}
	return c
}

// stamp says on the answer which list it saw, and in the audit event too.
func (c *call) stamp(s watchlist.ListStamp) {
	c.headers["X-Vigie-Node"] = string(s.Node)
	c.headers["X-Vigie-Applied-Index"] = strconv.FormatUint(s.AppliedIndex, 10)
	c.headers["X-Vigie-State-Hash"] = s.StateHash
	c.headers["X-Vigie-Age-Ms"] = strconv.FormatInt(s.AgeMillis, 10)
	c.headers["X-Vigie-Connected"] = strconv.FormatBool(s.Connected)
	c.event.Index, c.event.StateHash = s.AppliedIndex, s.StateHash
}

// secondThreshold says in the audit event what a second encoder's scores had to
// reach; p is nil without one.
func (c *call) secondThreshold(p *watchlist.OperatingPoint) {
	if p != nil {
		c.event.SecondThreshold = finite(p.Threshold)
	}
}

// written says on the answer what a write gave, and in the audit event too.
func (c *call) written(index uint64, replayed bool) {
	c.event.Index = index
	if replayed {
		c.headers["Idempotency-Replayed"] = "true"
	}
}

func etag(revision uint64) string { return `"` + strconv.FormatUint(revision, 10) + `"` }
