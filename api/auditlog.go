package api

import (
	"context"
	"encoding/hex"
	"strconv"

	"vigie/api/gen"
	"vigie/watchlist"
)

// ListAudit reads this node's audit log, oldest first.
func (s *service) ListAudit(_ context.Context, req gen.ListAuditRequestObject) (gen.ListAuditResponseObject, error) {
	cur, err := parseCursor(req.Params.Cursor, "audit")
	if err != nil {
		return nil, err
	}
	from := uint64(1)
	if cur.After != "" {
		last, err := strconv.ParseUint(cur.After, 10, 64)
		if err != nil {
			return nil, fail("cursor_invalid")
		}
		from = last + 1
	}
	limit := req.Params.Limit
	def(&limit, defaultPage)
	events, err := s.deps.AuditReader.Read(from, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListAudit200JSONResponse{Items: list(events, auditOut)}
	if len(events) == limit {
		cur.After = strconv.FormatUint(events[len(events)-1].Seq, 10)
		out.Next = cur.String()
	}
	return out, nil
}

func auditOut(e watchlist.AuditEvent) gen.AuditEvent {
	out := gen.AuditEvent{
		Seq: int64(e.Seq), Prev: hex.EncodeToString(e.Prev), Time: millis(e.Time), Kind: gen.AuditEventKind(e.Kind),
		Operation: e.Operation, Principal: e.Principal, Role: string(e.Role), Post: e.Post,
		Purpose: string(e.Purpose), Reason: e.Reason, Outcome: e.Outcome, Query: string(e.Query),
		Entries: castAll[string](e.Entries), Evidence: castAll[string](e.Evidence),
		Index: int64(e.Index), StateHash: e.StateHash, Threshold: e.Threshold, SecondThreshold: e.SecondThreshold,
		Subject: e.Subject, Changes: e.Changes, Reports: castAll[string](e.Reports),
	}
	if len(e.Models) > 0 {
		out.Models = gen.StringMap(e.Models)
	}
	return out
}
