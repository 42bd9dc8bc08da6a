package api

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
	"vigie/watchlist/names"
)

// ListNameFamilies shows the table in force on this node.
func (s *service) ListNameFamilies(ctx context.Context, req gen.ListNameFamiliesRequestObject) (gen.ListNameFamiliesResponseObject, error) {
	p := req.Params
	if err := s.freshen(ctx, p.Consistency != gen.ListNameFamiliesParamsConsistencyLocal, p.MinIndex); err != nil {
		return nil, err
	}
	changes, err := s.deps.Families.FamilyChanges()
	if err != nil {
		return nil, err
	}
	table := names.InForce(changes)
	found := table.Families()
	if p.Spelling != "" {
		found = table.FamiliesOf(p.Spelling)
	}
	return gen.ListNameFamilies200JSONResponse{
		Version: table.Version(), Revision: int64(watchlist.FamilyVersion(changes)), Items: list(found, familyOut),
	}, nil
}

// ListFamilyChanges lists the changes, the newest first.
func (s *service) ListFamilyChanges(ctx context.Context, req gen.ListFamilyChangesRequestObject) (gen.ListFamilyChangesResponseObject, error) {
	p := req.Params
	cur, err := parseCursor(p.Cursor, "families", string(p.Status))
	if err != nil {
		return nil, err
	}
	before := ^uint64(0)
	if cur.After != "" {
		if before, err = strconv.ParseUint(cur.After, 10, 64); err != nil {
			return nil, fail("cursor_invalid")
		}
	}
	if err := s.freshen(ctx, p.Consistency != gen.ListFamilyChangesParamsConsistencyLocal, p.MinIndex); err != nil {
		return nil, err
	}
	changes, err := s.deps.Families.FamilyChanges()
	if err != nil {
		return nil, err
	}
	limit := p.Limit
	def(&limit, defaultPage)
	out := gen.ListFamilyChanges200JSONResponse{Items: []gen.FamilyChange{}}
	for _, c := range slices.Backward(changes) {
		if c.Number >= before || p.Status != "" && c.Status != watchlist.FamilyStatus(p.Status) {
			continue
		}
		if len(out.Items) == limit {
			cur.After = strconv.FormatInt(out.Items[limit-1].Number, 10)
			out.Next = cur.String()
			break
		}
		out.Items = append(out.Items, familyChangeOut(&c))
	}
	return out, nil
}

// GetFamilyChange reads one change, with what it would do while it waits.
func (s *service) GetFamilyChange(ctx context.Context, req gen.GetFamilyChangeRequestObject) (gen.GetFamilyChangeResponseObject, error) {
	if err := s.freshen(ctx, req.Params.Consistency != gen.GetFamilyChangeParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	changes, c, err := s.familyChange(req.Change)
	if err != nil {
		return nil, err
	}
	out := gen.FamilyChangeDetail{Change: familyChangeOut(&c)}
	if c.Status == watchlist.FamilyProposed {
		preview, err := s.previewFamilies(ctx, changes, &c)
		if err != nil {
			return nil, err
		}
		out.Preview = preview
	}
	return gen.GetFamilyChange200JSONResponse(out), nil
}

// familyChange gives the changes and the one of a number.
func (s *service) familyChange(number int64) ([]watchlist.FamilyChange, watchlist.FamilyChange, error) {
	changes, err := s.deps.Families.FamilyChanges()
	if err != nil {
		return nil, watchlist.FamilyChange{}, err
	}
	if number < 1 || number > int64(len(changes)) {
		return nil, watchlist.FamilyChange{}, fail("not_found")
	}
	return changes, changes[number-1], nil
}

// ProposeFamilyChange checks a change against the table in force and proposes it.
func (s *service) ProposeFamilyChange(ctx context.Context, req gen.ProposeFamilyChangeRequestObject) (gen.ProposeFamilyChangeResponseObject, error) {
	c, in := callOf(ctx), req.Body
	c.event.Reason = in.Justification
	if c.who.Machine && !in.DryRun {
		return nil, familyFail("people_only")
	}
	if err := s.freshen(ctx, true, 0); err != nil {
		return nil, err
	}
	changes, err := s.deps.Families.FamilyChanges()
	if err != nil {
		return nil, err
	}
	table := names.InForce(changes)
	change, err := familyChangeIn(in, table, changes)
	if err != nil {
		return nil, err
	}
	c.event.Changes = []string{"kind=" + string(change.Kind), "spellings=" + itoa(len(change.Spellings))}
	out := gen.FamilyProposal{DryRun: in.DryRun}
	if out.Preview, err = s.previewFamilies(ctx, changes, &change); err != nil {
		return nil, err
	}
	if in.DryRun {
		c.event.Changes = append(c.event.Changes, "dry_run")
		return gen.ProposeFamilyChange200JSONResponse(out), nil
	}
	if err := sharedConflict(table, &change); err != nil {
		return nil, err
	}
	idem := idempotent{req.Params.IdempotencyKey, target{Body: in}}
	r, err := s.propose(ctx, idem, command.FamilyPropose{Change: change, IfVersion: watchlist.FamilyVersion(changes)})
	if err != nil {
		return nil, familyRefused(err)
	}
	c.event.Subject = "family-change:" + strconv.FormatUint(r.Change, 10)
	out.Number, out.Index, out.Replayed = int64(r.Change), int64(r.Index), r.Replayed
	return gen.ProposeFamilyChange200JSONResponse(out), nil
}

// ReviewFamilyChange decides on a proposed change.
func (s *service) ReviewFamilyChange(ctx context.Context, req gen.ReviewFamilyChangeRequestObject) (gen.ReviewFamilyChangeResponseObject, error) {
	c, in := callOf(ctx), req.Body
	c.event.Reason, c.event.Subject = in.Reason, "family-change:"+strconv.FormatInt(req.Change, 10)
	if c.who.Machine {
		return nil, familyFail("people_only")
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	changes, change, err := s.familyChange(req.Change)
	if err != nil {
		return nil, err
	}
	table := names.InForce(changes)
	if in.Accept && change.Status == watchlist.FamilyProposed && change.ProposedBy != c.who.ID {
		// Another change may have taken a spelling meanwhile.
		if err := sharedConflict(table, &change); err != nil {
			return nil, err
		}
	}
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: strconv.FormatInt(req.Change, 10), Body: in}}
	r, err := s.propose(ctx, idem, command.FamilyReview{Number: uint64(req.Change), Accept: in.Accept, Reason: in.Reason, IfVersion: uint64(in.Revision)})
	if err != nil {
		return nil, familyRefused(err)
	}
	out := gen.FamilyReviewed{
		Number: req.Change, Status: gen.FamilyChangeStatus(watchlist.FamilyRefused), Version: names.VersionOf(r.Revision), Revision: int64(r.Revision),
		Index: int64(r.Index), Replayed: r.Replayed,
	}
	c.event.Changes = []string{"refused"}
	if in.Accept {
		out.Status = gen.FamilyChangeStatus(watchlist.FamilyAccepted)
		c.event.Changes = []string{"accepted", "names=" + names.VersionOf(r.Revision-1) + "->" + out.Version}
	}
	return gen.ReviewFamilyChange200JSONResponse(out), nil
}

// familyFail is a refusal with what to do in three languages.
func familyFail(code string) *apiError {
	e := fail(code)
	if a, ok := watchlist.FamilyAdvice(code); ok {
		e.advice = adviceOut(a)
	}
	if code == "people_only" {
		e.detail = "A change to the spelling families is proposed and decided by people: sign in with an account."
	}
	return e
}

// familyRefused words a refusal of the state machine.
func familyRefused(err error) error {
	var refused *apiError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.code {
	case "people_only", "same_person":
		return familyFail(refused.code)
	case "revision_conflict":
		e := familyFail("families_conflict")
		e.revision = refused.revision
		return e
	case "bad_transition":
		refused.detail = "The change was decided on already."
	}
	return refused
}

// sharedConflict refuses a change whose spellings belong to other families, unless
// it says that this is meant.
func sharedConflict(table *names.Table, c *watchlist.FamilyChange) error {
	var errs []gen.FieldProblem
	for _, sh := range table.Shares(c) {
		if len(sh.Families) == 0 || c.AllowShared {
			continue
		}
		errs = append(errs, gen.FieldProblem{
			Pointer: "/spellings/" + itoa(sh.Place), Code: "in_other_family",
			Detail: "belongs already to " + strings.Join(list(sh.Families, familyID), ", "),
		})
	}
	if len(errs) == 0 {
		return nil
	}
	e := familyFail("family_conflict")
	e.fields = errs
	return e
}

// previewFamilies says what a change would do here.
func (s *service) previewFamilies(ctx context.Context, changes []watchlist.FamilyChange, c *watchlist.FamilyChange) (gen.FamilyPreview, error) {
	now, then := names.InForce(changes), names.With(changes, *c)
	made := c // the change whose spellings come or go
	if c.Kind == watchlist.FamilyWithdraw {
		made = &changes[c.Change-1]
	}
	concerned, out := slices.Clone(made.Spellings), gen.FamilyPreview{}
	if f := now.Target(made); f != nil {
		out.Family = familyID(f)
		for _, form := range f.Forms {
			if !slices.Contains(concerned, form) {
				concerned = append(concerned, form)
			}
		}
	}
	impact, err := s.deps.Families.Preview(ctx, now, then, concerned)
	if err != nil {
		return out, err
	}
	out.Version, out.Revision, out.Then = now.Version(), int64(watchlist.FamilyVersion(changes)), then.Version()
	out.Entries, out.Bearers, out.Linked, out.Nearer, out.Parted = impact.Entries, impact.Bearers, impact.Linked, impact.Nearer, impact.Parted
	out.Notice = adviceOut(impact.Notice())
	out.Spellings = list(impact.Spellings, func(b watchlist.SpellingBearers) gen.SpellingBearers {
		return gen.SpellingBearers{Spelling: b.Spelling, Entries: b.Entries, New: slices.Contains(made.Spellings, b.Spelling)}
	})
	out.Shared = []gen.SharedSpelling{}
	if c.Kind != watchlist.FamilyWithdraw {
		for _, sh := range now.Shares(c) {
			if len(sh.Families) > 0 {
				out.Shared = append(out.Shared, gen.SharedSpelling{Spelling: c.Spellings[sh.Place], Families: list(sh.Families, familyID)})
			}
		}
	}
	return out, nil
}
