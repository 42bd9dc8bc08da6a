package api

import (
	"context"
	"time"

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
		OperatingPoint: pointOut(i.Point), SecondOperatingPoint: secondPointOut(i.SecondPoint),
		TravellersPerDay: finite(i.Travellers), AlertsPerDay: finite(i.Alerts), TypicalAlertsPerDay: finite(i.TypicalAlerts),
		Population: populationOut(&i.Population, i.Travellers),
		Alike:      list(i.Alike, func(c watchlist.Candidate) gen.Candidate { return candidateOut(c, false, now) }),
		Duplicates: list(i.Duplicates(), func(id watchlist.EntryID) gen.EntryId { return gen.EntryId(id) }),
		Stamp:      stampOut(i.Stamp), Models: modelsOut(i.Models), Truncated: i.Truncated,
	}
}

// populationDetails say what a state means and what to do.
var populationDetails = map[watchlist.PopulationState]string{
	watchlist.PopulationNone:       "This node holds no population, so nothing is measured: 'vigie population build' makes one of people who agree, and match.population names it.",
	watchlist.PopulationUnreadable: "The population that this node should hold can't be used: see its log, or 'vigie doctor'.",
	watchlist.PopulationOtherModel: "The population's templates are another model's and are not compared: build it anew from the photos, with --recipe for a node that has a second encoder.",
	watchlist.PopulationNoFace:     "The entry has no face that can be compared.",
	watchlist.PopulationReplayed:   "Counts are of the people held, each once, however many photos; a group says nothing of travellers unlike it.",
}

// populationOut shows what the population says, at a traffic.
func populationOut(p *watchlist.PopulationImpact, travellers float64) gen.PopulationImpact {
	out := gen.PopulationImpact{
		State: gen.PopulationImpactState(p.State), Detail: populationDetails[p.State], Digest: p.Digest, Model: p.Model, Basis: p.Basis,
		Groups: list(p.Groups, func(g watchlist.GroupImpact) gen.GroupImpact { return groupOut(g, travellers) }),
	}
	if p.CreatedAt != 0 {
		out.CreatedAt = time.UnixMilli(p.CreatedAt).UTC()
	}
	if p.State == watchlist.PopulationReplayed {
		out.All = groupOut(p.All, travellers)
	}
	return out
}

func groupOut(g watchlist.GroupImpact, travellers float64) gen.GroupImpact {
	return gen.GroupImpact{
		Name: g.Name, Persons: g.Persons, Photos: g.Photos, Shown: g.Shown, MayBeThisPerson: g.MayBe,
		Rate: g.Rate, RateLow: g.Low, RateHigh: g.High,
		AlertsPerDay: finite(g.Rate * travellers), AlertsPerDayLow: finite(g.Low * travellers), AlertsPerDayHigh: finite(g.High * travellers),
	}
}
