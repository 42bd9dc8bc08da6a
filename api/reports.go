package api

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// reportOut words a reported document at a time.
func reportOut(r *watchlist.ReportedDocument, now int64) gen.Report {
	return gen.Report{
		Id: string(r.ID), Origin: gen.Origin{Country: string(r.Origin.Country), Authority: r.Origin.Authority}, Revision: int64(r.Revision),
		Counts: r.Counts(now), Type: gen.DocumentType(r.Type), Number: r.Number, NumberTo: r.NumberTo, Issuer: string(r.Issuer),
		Status: gen.ReportStatus(r.Status), Reported: r.Reported.String(), Expiry: r.Expiry.String(), Reference: r.Reference,
		KeepUntil: millis(r.KeepUntil), ReleasableTo: castAll[gen.Country](r.ReleasableTo), Specimen: r.Specimen,
		Withdrawn: r.Withdrawn, WithdrawnReason: r.WithdrawnReason, CreatedAt: millis(r.CreatedAt), UpdatedAt: millis(r.UpdatedAt),
	}
}

// applyReport writes a client's fields over r and leaves id, origin, stamps and
// withdrawal alone. The result is validated.
func applyReport(r *watchlist.ReportedDocument, in *gen.ReportInput) error {
	var errs watchlist.ValidationError
	r.Type, r.Number, r.NumberTo = string(in.Type), strings.TrimSpace(in.Number), strings.TrimSpace(in.NumberTo)
	r.Issuer = countryIn(in.Issuer, "/issuer", &errs)
	r.Status = watchlist.ReportStatus(in.Status)
	r.Reported, r.Expiry = dateIn(in.Reported, "/reported", &errs), dateIn(in.Expiry, "/expiry", &errs)
	r.Reference, r.KeepUntil = strings.TrimSpace(in.Reference), in.KeepUntil.UnixMilli()
	r.ReleasableTo = countriesIn(in.ReleasableTo, "/releasable_to", &errs)
	r.Specimen = in.Specimen
	if len(errs) > 0 {
		return errs
	}
	return r.Validate()
}

// findingOut words what a lead says of a document.
func findingOut(f watchlist.DocumentFinding) gen.DocumentFinding {
	r := f.Report
	return gen.DocumentFinding{
		Document: f.Document, Kind: gen.DocumentFindingKind(f.Kind), ReportId: string(r.ID), Status: gen.ReportStatus(r.Status),
		Type: gen.DocumentType(r.Type), Number: r.Number, NumberTo: r.NumberTo, Issuer: string(r.Issuer), Reported: r.Reported.String(),
		Reference: r.Reference, OtherType: f.OtherType, IssuerUnknown: f.IssuerUnknown, Specimen: r.Specimen, Notice: adviceOut(f.Notice()),
	}
}

// ListReports lists reported documents page by page.
func (s *service) ListReports(ctx context.Context, req gen.ListReportsRequestObject) (gen.ListReportsResponseObject, error) {
	c, p := callOf(ctx), req.Params
	cur, err := parseCursor(p.Cursor, "reports", string(p.Status), p.Issuer)
	if err != nil {
		return nil, err
	}
	if err := s.freshen(ctx, p.Consistency != gen.ListReportsParamsConsistencyLocal, p.MinIndex); err != nil {
		return nil, err
	}
	limit := p.Limit
	def(&limit, defaultPage)
	found, next, err := s.deps.Reports.Reports(watchlist.ReportID(cur.After), limit, func(r *watchlist.ReportedDocument) bool {
		return (p.Status == "" || r.Status == watchlist.ReportStatus(p.Status)) && (p.Issuer == "" || r.Issuer == watchlist.Country(p.Issuer))
	})
	if err != nil {
		return nil, err
	}
	now := s.opt.Now().UnixMilli()
	out := gen.ListReports200JSONResponse{Items: list(found, func(r *watchlist.ReportedDocument) gen.Report {
		c.event.Reports = append(c.event.Reports, r.ID)
		return reportOut(r, now)
	})}
	if next != "" {
		cur.After = string(next)
		out.Next = cur.String()
	}
	return out, nil
}

// GetReport reads one reported document.
func (s *service) GetReport(ctx context.Context, req gen.GetReportRequestObject) (gen.GetReportResponseObject, error) {
	c := callOf(ctx)
	c.event.Reports = []watchlist.ReportID{watchlist.ReportID(req.Report)}
	if err := s.freshen(ctx, req.Params.Consistency != gen.GetReportParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	r, err := s.deps.Reports.Report(watchlist.ReportID(req.Report))
	if err != nil {
		return nil, err
	}
	c.headers["ETag"] = etag(r.Revision)
	return gen.GetReport200JSONResponse(reportOut(r, s.opt.Now().UnixMilli())), nil
}

// CreateReport reports a document.
func (s *service) CreateReport(ctx context.Context, req gen.CreateReportRequestObject) (gen.CreateReportResponseObject, error) {
	c := callOf(ctx)
	r, err := s.newReport("")
	if err != nil {
		return nil, err
	}
	if err := applyReport(r, req.Body); err != nil {
		return nil, err
	}
	w, err := s.putReport(ctx, idempotent{key: req.Params.IdempotencyKey, request: req.Body}, command.ReportItem{Op: command.OpCreate, Report: *r})
	if err != nil {
		return nil, err
	}
	c.headers["Location"] = "/v1/documents/" + w.Id
	return gen.CreateReport201JSONResponse{ReportWrittenJSONResponse: gen.ReportWrittenJSONResponse(w)}, nil
}

// newReport begins a report of this cluster's; id "" draws one.
func (s *service) newReport(id watchlist.ReportID) (*watchlist.ReportedDocument, error) {
	origin, err := s.deps.Cluster.Origin()
	if err != nil {
		return nil, err
	}
	if id == "" {
		u, err := s.opt.NewID()
		if err != nil {
			return nil, fmt.Errorf("draw an id: %w", err)
		}
		id = watchlist.ReportID(watchlist.NewEntryID(origin.Country, u))
	}
	if id.Origin() != origin.Country {
		return nil, failField("foreign_origin", "/id", "foreign_origin", "the id must begin with this cluster's country")
	}
	return &watchlist.ReportedDocument{ID: id, Origin: origin}, nil
}

// putReport proposes one report and words the answer.
func (s *service) putReport(ctx context.Context, idem idempotent, it command.ReportItem) (gen.ReportWritten, error) {
	c := callOf(ctx)
	c.event.Reports = []watchlist.ReportID{it.Report.ID}
	r, err := s.propose(ctx, idem, command.ReportPut{Items: []command.ReportItem{it}})
	if err != nil {
		return gen.ReportWritten{}, err
	}
	if r.Report == "" {
		r.Report = it.Report.ID
	}
	c.event.Reports = []watchlist.ReportID{r.Report}
	c.headers["ETag"] = etag(r.Revision)
	return gen.ReportWritten{Id: string(r.Report), Revision: int64(r.Revision), Index: int64(r.Index), Replayed: r.Replayed}, nil
}

// currentReport reads the report that a change starts from, as current does for
// entries.
func (s *service) currentReport(ctx context.Context, id, ifMatch string, required, replayable bool) (*watchlist.ReportedDocument, error) {
	callOf(ctx).event.Reports = []watchlist.ReportID{watchlist.ReportID(id)}
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
	r, err := s.deps.Reports.Report(watchlist.ReportID(id))
	if err != nil {
		return nil, err
	}
	r = r.Clone()
	if want != 0 {
		if r.Revision != want && !replayable {
			return nil, &apiError{code: "revision_conflict", revision: r.Revision}
		}
		r.Revision = want
	}
	if r.Withdrawn && !replayable {
		return nil, fail("bad_transition")
	}
	return r, nil
}

// ReplaceReport replaces what a client sets of a report.
func (s *service) ReplaceReport(ctx context.Context, req gen.ReplaceReportRequestObject) (gen.ReplaceReportResponseObject, error) {
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Report, IfMatch: req.Params.IfMatch, Body: req.Body}}
	r, err := s.currentReport(ctx, req.Report, req.Params.IfMatch, true, idem.key != "")
	if err != nil {
		return nil, err
	}
	r.Withdrawn, r.WithdrawnReason = false, ""
	if err := applyReport(r, req.Body); err != nil {
		return nil, err
	}
	w, err := s.putReport(ctx, idem, command.ReportItem{Op: command.OpReplace, Report: *r, IfRevision: r.Revision})
	if err != nil {
		return nil, err
	}
	return gen.ReplaceReport200JSONResponse{ReportWrittenJSONResponse: gen.ReportWrittenJSONResponse(w)}, nil
}

// WithdrawReport ends a report.
func (s *service) WithdrawReport(ctx context.Context, req gen.WithdrawReportRequestObject) (gen.WithdrawReportResponseObject, error) {
	callOf(ctx).event.Reason = req.Body.Reason
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Report, IfMatch: req.Params.IfMatch, Body: req.Body}}
	for try := 0; ; try++ {
		r, err := s.currentReport(ctx, req.Report, req.Params.IfMatch, false, idem.key != "")
		if err != nil {
			return nil, err
		}
		r.Withdrawn, r.WithdrawnReason = true, req.Body.Reason
		w, err := s.putReport(ctx, idem, command.ReportItem{Op: command.OpWithdraw, Report: *r, IfRevision: r.Revision})
		if again(err, req.Params.IfMatch, try) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return gen.WithdrawReport200JSONResponse{ReportWrittenJSONResponse: gen.ReportWrittenJSONResponse(w)}, nil
	}
}

// ImportReports writes the lines of one request of a batch.
func (s *service) ImportReports(ctx context.Context, req gen.ImportReportsRequestObject) (gen.ImportReportsResponseObject, error) {
	c := callOf(ctx)
	c.event.Subject = req.Batch
	if err := s.catchUp(ctx); err != nil && !req.Params.DryRun {
		return nil, err
	}
	report := gen.ImportReport{Batch: req.Batch, DryRun: req.Params.DryRun}
	results := make([]gen.ImportResult, len(req.Body.Lines))
	var items []command.ReportItem
	var at []int
	for i := range req.Body.Lines {
		line := &req.Body.Lines[i]
		it, unchanged, err := s.prepareReport(line)
		switch {
		case err != nil && !lineFault(err):
			return nil, err
		case err != nil:
			results[i] = rejection(line.Line, err)
		case unchanged:
			results[i] = gen.ImportResult{Line: line.Line, Outcome: gen.ImportResultOutcomeUnchanged, Id: string(it.Report.ID), Revision: int64(it.IfRevision)}
		default:
			results[i] = reportWritten(line.Line, it, it.IfRevision+1)
			items, at = append(items, it), append(at, i)
		}
	}
	if !req.Params.DryRun {
		idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Batch, Body: req.Body}}
		if err := s.writeReports(ctx, req, idem, items, at, results, &report); err != nil {
			return nil, err
		}
	}
	report.Results = results
	count(&report)
	return gen.ImportReports200JSONResponse(report), nil
}

// prepareReport makes the write of one line; unchanged tells that there is none.
func (s *service) prepareReport(line *gen.ReportImportLine) (it command.ReportItem, unchanged bool, err error) {
	r, err := s.newReport(watchlist.ReportID(line.Id))
	if err != nil {
		return it, false, err
	}
	it.Op = command.OpCreate
	old, err := s.deps.Reports.Report(r.ID)
	switch {
	case err == nil && old.Withdrawn:
		return it, false, fail("bad_transition")
	case err == nil:
		it.Op, it.IfRevision, r = command.OpReplace, old.Revision, old.Clone()
	case !errors.Is(err, watchlist.ErrNotFound):
		return it, false, err
	}
	if err := applyReport(r, &line.Report); err != nil {
		return it, false, err
	}
	it.Report = *r
	return it, old != nil && reflect.DeepEqual(old.Clone(), r.Clone()), nil
}

// writeReports proposes the items in commands that fit the log, and notes what
// became of each at its place in results.
func (s *service) writeReports(ctx context.Context, req gen.ImportReportsRequestObject, idem idempotent, items []command.ReportItem, at []int, results []gen.ImportResult, report *gen.ImportReport) error {
	c := callOf(ctx)
	for n := 0; len(items) > 0; n++ {
		k, size := 0, 0
		for k < len(items) {
			b, err := command.Marshal(items[k])
			if err != nil {
				return fmt.Errorf("measure a report: %w", err)
			}
			if size += len(b) + 16; k > 0 && size > room {
				break
			}
			k++
		}
		r, err := s.propose(ctx, idem.part(n), command.ReportPut{Batch: watchlist.BatchID(req.Batch), Label: req.Body.Label, Items: items[:k]})
		if err != nil {
			return err
		}
		if len(r.Items) != k {
			return &apiError{code: "internal", cause: errors.New("a batch's result has another length than the batch")}
		}
		report.Index = int64(r.Index)
		for i, one := range r.Items {
			line := results[at[i]].Line
			if one.Code != command.OK {
				results[at[i]] = rejection(line, refusal(one))
				continue
			}
			results[at[i]] = reportWritten(line, items[i], one.Revision)
			c.event.Reports = append(c.event.Reports, one.Report)
		}
		items, at = items[k:], at[k:]
	}
	return nil
}

func reportWritten(line int, it command.ReportItem, revision uint64) gen.ImportResult {
	out := gen.ImportResult{Line: line, Outcome: gen.ImportResultOutcomeCreated, Id: string(it.Report.ID), Revision: int64(revision)}
	if it.Op == command.OpReplace {
		out.Outcome = gen.ImportResultOutcomeReplaced
	}
	return out
}

// UndoReports takes a batch of reported documents back.
func (s *service) UndoReports(ctx context.Context, req gen.UndoReportsRequestObject) (gen.UndoReportsResponseObject, error) {
	c := callOf(ctx)
	c.event.Reason, c.event.Subject = req.Body.Reason, req.Batch
	idem := idempotent{req.Params.IdempotencyKey, target{Entry: req.Batch, Body: req.Body}}
	out := gen.UndoReport{Batch: req.Batch}
	for n := 0; ; n++ {
		r, err := s.propose(ctx, idem.part(n), command.ReportUndo{Batch: watchlist.BatchID(req.Batch), Reason: req.Body.Reason})
		if err != nil {
			return nil, err
		}
		out.Index, out.Replayed = int64(r.Index), r.Replayed
		for _, one := range r.Items {
			if one.Code != command.OK {
				out.Kept++
				continue
			}
			out.Undone++
			if len(c.event.Reports) < maxAudited {
				c.event.Reports = append(c.event.Reports, one.Report)
			}
		}
		c.event.Changes = []string{"undone=" + itoa(out.Undone), "kept=" + itoa(out.Kept)}
		if !r.More {
			return gen.UndoReports200JSONResponse(out), nil
		}
	}
}
