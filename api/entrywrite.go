package api

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/oapi-codegen/runtime"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// CreateEntry enrols a person.
func (s *service) CreateEntry(ctx context.Context, req gen.CreateEntryRequestObject) (gen.CreateEntryResponseObject, error) {
	c := callOf(ctx)
	idem := idempotent{key: req.Params.IdempotencyKey, request: req.Body}
	origin, err := s.deps.Cluster.Origin()
	if err != nil {
		return nil, err
	}
	id, err := s.opt.NewID()
	if err != nil {
		return nil, fmt.Errorf("draw an id: %w", err)
	}
	e := &watchlist.Entry{ID: watchlist.NewEntryID(origin.Country, id), Origin: origin, Status: watchlist.StatusActive}
	if err := s.fill(ctx, e, req.Body, idem, false); err != nil {
		return nil, err
	}
	w, err := s.put(ctx, idem, command.EntryPut{Op: command.OpCreate, Entry: *e})
	if err != nil {
		return nil, err
	}
	c.headers["Location"] = "/v1/entries/" + w.Id
	w.Warnings = s.warnOfAll(e)
	return gen.CreateEntry201JSONResponse{EntryWrittenJSONResponse: gen.EntryWrittenJSONResponse(w)}, nil
}

// fill writes a whole input over a new entry, makes its faces, and validates the
// result. dry keeps no photo.
func (s *service) fill(ctx context.Context, e *watchlist.Entry, in *gen.EntryInput, idem idempotent, dry bool) error {
	if err := applyInput(e, in); err != nil {
		return err
	}
	// What needs no face engine is checked first: photos cost most.
	probe := *e
	if len(probe.Names)+len(probe.Documents) == 0 && len(in.Faces) > 0 {
		probe.Documents = []watchlist.Document{{Type: "other", Number: "0"}}
	}
	if err := probe.Validate(); err != nil {
		return err
	}
	for i := range in.Faces {
		f, err := s.makeFace(ctx, &in.Faces[i], idem, itoa(i), "/faces/"+itoa(i), e.Faces, dry)
		if err != nil {
			return err
		}
		e.Faces = append(e.Faces, f)
	}
	return e.Validate()
}

// put proposes an EntryPut and words the answer.
func (s *service) put(ctx context.Context, idem idempotent, p command.EntryPut) (gen.EntryWritten, error) {
	c := callOf(ctx)
	c.event.Entries = []watchlist.EntryID{p.Entry.ID}
	r, err := s.propose(ctx, idem, p)
	if err != nil {
		return gen.EntryWritten{}, err
	}
	if r.Entry != "" {
		c.event.Entries = []watchlist.EntryID{r.Entry}
	} else {
		r.Entry = p.Entry.ID
	}
	c.headers["ETag"] = etag(r.Revision)
	return gen.EntryWritten{Id: string(r.Entry), Revision: int64(r.Revision), Index: int64(r.Index), Replayed: r.Replayed}, nil
}

// current reads the entry that a change starts from, at the revision that
// If-Match names. Without If-Match: 428 when it is required, else the newest. A
// replay may find a later revision: the state machine has the last word then.
func (s *service) current(ctx context.Context, id, ifMatch string, required, replayable bool) (*watchlist.Entry, error) {
	c := callOf(ctx)
	c.event.Entries = []watchlist.EntryID{watchlist.EntryID(id)}
	want, err := parseIfMatch(ifMatch)
	if err != nil {
		return nil, err
	}
	if want == 0 && required {
		return nil, fail("precondition_required")
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	e, err := s.deps.Entries.Entry(watchlist.EntryID(id))
	if err != nil {
		return nil, err
	}
	e = e.Clone()
	if want != 0 {
		if e.Revision != want && !replayable {
			return nil, &apiError{code: "revision_conflict", revision: e.Revision}
		}
		e.Revision = want
	}
	return e, nil
}

// target is what the idempotency of a change of an entry remembers.
type target struct {
	Entry, Face, IfMatch string
	Body                 any
}

// ReplaceEntry replaces all but the faces.
func (s *service) ReplaceEntry(ctx context.Context, req gen.ReplaceEntryRequestObject) (gen.ReplaceEntryResponseObject, error) {
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Entry, IfMatch: req.Params.IfMatch, Body: req.Body}}
	if len(req.Body.Faces) > 0 {
		return nil, failField("invalid", "/faces", "not_here", "faces have their own operations")
	}
	e, err := s.current(ctx, req.Entry, req.Params.IfMatch, true, idem.key != "")
	if err != nil {
		return nil, err
	}
	w, err := s.change(ctx, idem, command.OpReplace, e, req.Body)
	if err != nil {
		return nil, err
	}
	return gen.ReplaceEntry200JSONResponse{EntryWrittenJSONResponse: gen.EntryWrittenJSONResponse(w)}, nil
}

// change writes an input over an entry and proposes it.
func (s *service) change(ctx context.Context, idem idempotent, op command.Op, e *watchlist.Entry, in *gen.EntryInput) (gen.EntryWritten, error) {
	revision := e.Revision
	if err := applyInput(e, in); err != nil {
		return gen.EntryWritten{}, err
	}
	if err := e.Validate(); err != nil {
		return gen.EntryWritten{}, err
	}
	return s.put(ctx, idem, command.EntryPut{Op: op, Entry: *e, IfRevision: revision})
}

// UpdateEntry applies a JSON merge patch.
func (s *service) UpdateEntry(ctx context.Context, req gen.UpdateEntryRequestObject) (gen.UpdateEntryResponseObject, error) {
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Entry, IfMatch: req.Params.IfMatch, Body: req.Body}}
	e, err := s.current(ctx, req.Entry, req.Params.IfMatch, true, idem.key != "")
	if err != nil {
		return nil, err
	}
	if e.Status == watchlist.StatusWithdrawn && idem.key == "" {
		return nil, fail("bad_transition")
	}
	in, err := s.patched(e, *req.Body)
	if err != nil {
		return nil, err
	}
	w, err := s.change(ctx, idem, command.OpPatch, e, in)
	if err != nil {
		return nil, err
	}
	return gen.UpdateEntry200JSONResponse{EntryWrittenJSONResponse: gen.EntryWrittenJSONResponse(w)}, nil
}

// patched merges a patch into the editable part of an entry and checks the
// result against the contract.
func (s *service) patched(e *watchlist.Entry, patch map[string]any) (*gen.EntryInput, error) {
	now := inputOf(e)
	if e.Status == watchlist.StatusWithdrawn {
		now.Status = ""
	}
	b, err := json.Marshal(now)
	if err != nil {
		return nil, fmt.Errorf("encode an entry to patch: %w", err)
	}
	value, err := decodeObject(b, maxValues)
	if err != nil {
		return nil, err
	}
	merged := mergePatch(value, patch)
	if err := s.valid.value("EntryInput", merged, ""); err != nil {
		return nil, err
	}
	var in gen.EntryInput
	if err := runtime.BindJSONValue(merged, &in); err != nil {
		return nil, fail("invalid_request")
	}
	return &in, nil
}

// mergePatch is RFC 7396 §2. Neither argument is used afterwards.
func mergePatch(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for k, v := range p {
		if v == nil {
			delete(t, k)
		} else {
			t[k] = mergePatch(t[k], v)
		}
	}
	return t
}

// WithdrawEntry ends an entry.
func (s *service) WithdrawEntry(ctx context.Context, req gen.WithdrawEntryRequestObject) (gen.WithdrawEntryResponseObject, error) {
	c := callOf(ctx)
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Entry, IfMatch: req.Params.IfMatch, Body: req.Body}}
	for try := 0; ; try++ {
		e, err := s.current(ctx, req.Entry, req.Params.IfMatch, false, idem.key != "")
		if err != nil {
			return nil, err
		}
		if e.Status == watchlist.StatusWithdrawn && idem.key == "" {
			return nil, fail("bad_transition")
		}
		e.Status, e.WithdrawnReason = watchlist.StatusWithdrawn, req.Body.Reason
		c.event.Reason = req.Body.Reason
		w, err := s.put(ctx, idem, command.EntryPut{Op: command.OpWithdraw, Entry: *e, IfRevision: e.Revision})
		if again(err, req.Params.IfMatch, try) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return gen.WithdrawEntry200JSONResponse{EntryWrittenJSONResponse: gen.EntryWrittenJSONResponse(w)}, nil
	}
}

// again tells whether a change without If-Match lost a race that it may try once
// more.
func again(err error, ifMatch string, try int) bool {
	return err != nil && ifMatch == "" && try < 3 && asAPIError(err).code == "revision_conflict"
}
