package api

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// room is how much of a command the items of a batch may fill: the rest is the
// envelope, the label and the result.
const room = command.MaxEncoded - 4<<10

// maxAudited is how many entries the event of an undone batch names: an event
// that is too large would not be written at all. The events of the import name
// the others.
const maxAudited = 4096

// item is one line of an import on its way into the log.
type item struct {
	line int
	put  command.EntryPut
	size int
	// warnings are about faces that the line gives.
	warnings []gen.Warning
}

// ImportEntries writes the lines of one request of a batch.
func (s *service) ImportEntries(ctx context.Context, req gen.ImportEntriesRequestObject) (gen.ImportEntriesResponseObject, error) {
	c := callOf(ctx)
	c.event.Subject = req.Batch
	if err := s.catchUp(ctx); err != nil && !req.Params.DryRun {
		return nil, err
	}
	origin, err := s.deps.Cluster.Origin()
	if err != nil {
		return nil, err
	}
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Batch, Body: req.Body}}
	report := gen.ImportReport{Batch: req.Batch, DryRun: req.Params.DryRun, Results: []gen.ImportResult{}}
	for _, r := range c.rejected {
		report.Results = append(report.Results, rejection(r.line, r.err))
	}
	var items []item
	for i := range req.Body.Lines {
		line := &req.Body.Lines[i]
		it, done, err := s.prepare(ctx, line, i, origin, idem, req.Params.DryRun)
		switch {
		case err != nil && !lineFault(err):
			return nil, err
		case err != nil:
			report.Results = append(report.Results, rejection(line.Line, err))
		case done != nil:
			report.Results = append(report.Results, *done)
		default:
			items = append(items, it)
		}
	}
	if err := s.writeItems(ctx, req, idem, items, &report); err != nil {
		return nil, err
	}
	slices.SortStableFunc(report.Results, func(a, b gen.ImportResult) int { return a.Line - b.Line })
	count(&report)
	return gen.ImportEntries200JSONResponse(report), nil
}

// lineFault tells an error that is one line's own from one of the node's.
func lineFault(err error) bool {
	status := problemKinds[asAPIError(err).code].status
	return status >= 400 && status < 500 && status != 499
}

func rejection(line int, err error) gen.ImportResult {
	e := asAPIError(err)
	return gen.ImportResult{Line: line, Outcome: gen.ImportResultOutcomeRejected, Code: e.code, Errors: e.fields}
}

func count(r *gen.ImportReport) {
	for _, x := range r.Results {
		switch x.Outcome {
		case gen.ImportResultOutcomeCreated:
			r.Created++
		case gen.ImportResultOutcomeReplaced:
			r.Replaced++
		case gen.ImportResultOutcomeUnchanged:
			r.Unchanged++
		case gen.ImportResultOutcomeRejected:
			r.Rejected++
		}
	}
}

// prepare makes one line's write, or its result when there is nothing to write.
func (s *service) prepare(ctx context.Context, line *gen.ImportLine, n int, origin watchlist.Origin, idem idempotent, dry bool) (item, *gen.ImportResult, error) {
	id := watchlist.EntryID(line.Id)
	if id == "" {
		u, err := s.opt.NewID()
		if err != nil {
			return item{}, nil, fmt.Errorf("draw an id: %w", err)
		}
		id = watchlist.NewEntryID(origin.Country, u)
	}
	if id.Origin() != origin.Country {
		return item{}, nil, &apiError{code: "foreign_origin", fields: []gen.FieldProblem{{Pointer: "/id", Code: "foreign_origin", Detail: "the id must begin with this cluster's country"}}}
	}
	put := command.EntryPut{Op: command.OpCreate}
	old, err := s.deps.Entries.Entry(id)
	switch {
	case err == nil:
		put.Op, put.IfRevision = command.OpReplace, old.Revision
	case !errors.Is(err, watchlist.ErrNotFound):
		return item{}, nil, err
	}
	e := &watchlist.Entry{ID: id, Origin: origin, Status: watchlist.StatusActive}
	if old != nil {
		e = old.Clone()
		if len(line.Entry.Faces) > 0 {
			e.Faces = nil
		}
	}
	part := idem
	if part.key != "" {
		part.key += "/" + itoa(n)
	}
	if err := s.fill(ctx, e, &line.Entry, part, dry); err != nil {
		return item{}, nil, err
	}
	if old != nil && same(old, e) {
		return item{}, &gen.ImportResult{Line: line.Line, Outcome: gen.ImportResultOutcomeUnchanged, Id: string(id), Revision: int64(old.Revision)}, nil
	}
	put.Entry = *e
	b, err := command.Marshal(put)
	if err != nil {
		return item{}, nil, fmt.Errorf("measure an entry: %w", err)
	}
	if len(b) > room {
		return item{}, nil, watchlist.ErrTooLarge
	}
	it := item{line: line.Line, put: put, size: len(b) + 16}
	if len(line.Entry.Faces) > 0 {
		it.warnings = s.warnOfAll(e)
	}
	return it, nil, nil
}

// same compares two versions of an entry by what an import can set; faces by
// template and photo, since their ids are drawn anew.
func same(a, b *watchlist.Entry) bool {
	if len(a.Faces) != len(b.Faces) {
		return false
	}
	for i := range a.Faces {
		if !slices.Equal(a.Faces[i].Template, b.Faces[i].Template) || a.Faces[i].Photo != b.Faces[i].Photo {
			return false
		}
	}
	x, y := inputOf(a), inputOf(b)
	return reflect.DeepEqual(x, y)
}

// writeItems proposes the items in commands that fit the log.
func (s *service) writeItems(ctx context.Context, req gen.ImportEntriesRequestObject, idem idempotent, items []item, report *gen.ImportReport) error {
	c := callOf(ctx)
	if req.Params.DryRun {
		for _, it := range items {
			report.Results = append(report.Results, written(it, it.put.Entry.ID, it.put.IfRevision+1))
		}
		return nil
	}
	for n := 0; len(items) > 0; n++ {
		k, size := 0, 0
		for k < len(items) && (k == 0 || size+items[k].size <= room) {
			size += items[k].size
			k++
		}
		chunk := items[:k]
		items = items[k:]
		body := command.EntryBatch{Batch: watchlist.BatchID(req.Batch), Label: req.Body.Label}
		for _, it := range chunk {
			body.Items = append(body.Items, it.put)
		}
		r, err := s.propose(ctx, idem.part(n), body)
		if err != nil {
			return err
		}
		if len(r.Items) != len(chunk) {
			return &apiError{code: "internal", cause: errors.New("a batch's result has another length than the batch")}
		}
		report.Index = int64(r.Index)
		for i, one := range r.Items {
			report.Results = append(report.Results, batchResult(chunk[i], one))
			if one.Code == command.OK {
				c.event.Entries = append(c.event.Entries, one.Entry)
			}
		}
	}
	return nil
}

func batchResult(it item, r command.Result) gen.ImportResult {
	if r.Code != command.OK {
		return rejection(it.line, refusal(r))
	}
	return written(it, r.Entry, r.Revision)
}

func written(it item, id watchlist.EntryID, revision uint64) gen.ImportResult {
	out := gen.ImportResult{Line: it.line, Outcome: gen.ImportResultOutcomeCreated, Id: string(id), Revision: int64(revision), Warnings: it.warnings}
	if it.put.Op == command.OpReplace {
		out.Outcome = gen.ImportResultOutcomeReplaced
	}
	return out
}

// UndoImport takes a batch back.
func (s *service) UndoImport(ctx context.Context, req gen.UndoImportRequestObject) (gen.UndoImportResponseObject, error) {
	c := callOf(ctx)
	c.event.Reason = req.Body.Reason
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Batch, Body: req.Body}}
	c.event.Subject = req.Batch
	out := gen.UndoReport{Batch: req.Batch}
	for n := 0; ; n++ {
		r, err := s.propose(ctx, idem.part(n), command.BatchUndo{Batch: watchlist.BatchID(req.Batch), Reason: req.Body.Reason})
		if err != nil {
			return nil, err
		}
		out.Index, out.Replayed = int64(r.Index), r.Replayed
		for _, one := range r.Items {
			if one.Code == command.OK {
				out.Undone++
				if len(c.event.Entries) < maxAudited {
					c.event.Entries = append(c.event.Entries, one.Entry)
				}
			} else {
				out.Kept++
			}
		}
		c.event.Changes = []string{"undone=" + itoa(out.Undone), "kept=" + itoa(out.Kept)}
		if !r.More {
			return gen.UndoImport200JSONResponse(out), nil
		}
	}
}
