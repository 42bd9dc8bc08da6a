package api

import (
	"context"

	"vigie/api/gen"
	"vigie/watchlist"
)

// EntryImpact says what an entry does to the list. The audit event is a search's,
// with the entry as its subject.
func (s *service) EntryImpact(ctx context.Context, req gen.EntryImpactRequestObject) (gen.EntryImpactResponseObject, error) {
	c, in := callOf(ctx), req.Body
	c.event.Purpose, c.event.Reason, c.event.Subject = watchlist.Purpose(in.Purpose), in.Reason, req.Entry
	if err := s.freshen(ctx, true, 0); err != nil {
		return nil, err
	}
	q := watchlist.ImpactQuery{
		Entry: watchlist.EntryID(req.Entry), Travellers: in.TravellersPerDay,
		Purpose: watchlist.Purpose(in.Purpose), Reason: in.Reason,
	}
	var out *watchlist.Impact
	if err := s.inSlot(ctx, func() (err error) { out, err = s.deps.Matcher.Impact(ctx, q); return err }); err != nil {
		return nil, err
	}
	c.stamp(out.Stamp)
	c.event.Query, c.event.Models, c.event.Threshold = out.Query, out.Models, finite(out.Point.Threshold)
	for _, x := range out.Alike {
		c.event.Entries = append(c.event.Entries, x.Entry.ID)
	}
	return gen.EntryImpact200JSONResponse(s.impactOut(out)), nil
}

func (s *service) impactOut(i *watchlist.Impact) gen.Impact {
	now := s.opt.Now()
	return gen.Impact{
		QueryId: string(i.Query), Notice: notice, EntryId: string(i.Entry), Revision: int64(i.Revision), Status: gen.EntryStatus(i.Status),
		Faces: list(i.Faces, func(f watchlist.FaceImpact) gen.FaceImpact {
			return gen.FaceImpact{FaceId: f.Face, Comparable: f.Comparable, Fmr: finite(f.FMR), TypicalFmr: finite(f.Typical)}
		}),
		OperatingPoint:   pointOut(i.Point),
		TravellersPerDay: finite(i.Travellers), AlertsPerDay: finite(i.Alerts), TypicalAlertsPerDay: finite(i.TypicalAlerts),
		Alike:      list(i.Alike, func(c watchlist.Candidate) gen.Candidate { return candidateOut(c, false, now) }),
		Duplicates: list(i.Duplicates(), func(id watchlist.EntryID) gen.EntryId { return gen.EntryId(id) }),
		Stamp:      stampOut(i.Stamp), Models: modelsOut(i.Models), Truncated: i.Truncated,
	}
}
