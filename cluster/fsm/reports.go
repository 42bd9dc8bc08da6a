package fsm

import (
	"errors"
	"iter"
	"strings"
	"unicode/utf8"

	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// Reported is an Index that also follows the reported documents.
type Reported interface {
	// ApplyReports takes over changed reports, before Apply is called for the same
	// raft index. It comes from the goroutine of the other calls. An error stops
	// the node.
	ApplyReports(changes []watchlist.ReportChange, index uint64) error
	// RebuildReports takes all reports over in place of its own.
	RebuildReports(reports iter.Seq2[*watchlist.ReportedDocument, error], index uint64) error
}

// reportBatches sets the batches of reported documents apart from those of
// entries. No batch of entries has a slash in its id.
const reportBatches = "reports/"

// fillReports hands all reports to the indexes that follow them.
func (f *FSM) fillReports(index uint64) error {
	for _, ix := range f.indexes {
		if r, ok := ix.(Reported); ok {
			if err := r.RebuildReports(f.reg.EachReport(), index); err != nil {
				return err
			}
		}
	}
	return nil
}

// reportPut writes reported documents: one, or the lines of an import.
func (s *step) reportPut(c *command.ReportPut) (command.Result, error) {
	if c.Batch == "" {
		if len(c.Items) != 1 {
			return invalid("/items", "required", "without a batch there is exactly one item")
		}
		return s.putReport(&c.Items[0], "")
	}
	if len(c.Batch) > watchlist.MaxShort || !utf8.ValidString(string(c.Batch)) {
		return invalid("/batch", "required", "a batch has an id of at most 200 bytes")
	}
	if utf8.RuneCountInString(c.Label) > watchlist.MaxShort {
		return invalid("/label", "too_long", "at most 200 characters")
	}
	if !s.setup.done {
		return refused(command.ForeignOrigin)
	}
	id := reportBatches + c.Batch
	b, err := s.tx.Batch(id)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found {
		b = watchlist.Batch{ID: id, Label: c.Label, Actor: s.env.Actor, CreatedAt: s.now}
		if err := s.queue(s.now+UndoWindow, registry.DueBatch, []byte(id)); err != nil {
			return command.Result{}, err
		}
	}
	out := command.Result{Code: command.OK, Items: make([]command.Result, 0, len(c.Items))}
	room := maxBatchFields
	for i := range c.Items {
		r, err := s.putReport(&c.Items[i], id)
		if err != nil {
			return command.Result{}, err
		}
		switch {
		case r.Code != command.OK:
			b.Refused++
		case r.Revision == 1:
			b.Created++
		default:
			b.Changed++
		}
		r.Index, r.Fields = s.index, r.Fields[:min(len(r.Fields), room)]
		room -= len(r.Fields)
		out.Items = append(out.Items, r)
	}
	b.UpdatedAt, b.UndoUntil = s.now, s.now+UndoWindow
	return out, s.tx.PutBatch(b)
}

// putReport writes one report, or says why not. In a batch it also records what
// the report was before.
func (s *step) putReport(p *command.ReportItem, batch watchlist.BatchID) (command.Result, error) {
	old, err := s.tx.Report(p.Report.ID)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found {
		old = nil
	}
	if code := s.refuseReport(p, old); code != command.OK {
		r := command.Result{Code: code, Report: p.Report.ID}
		if old != nil {
			r.Revision = old.Revision
		}
		return r, nil
	}
	var v watchlist.ValidationError
	if err := p.Report.Validate(); errors.As(err, &v) {
		return command.Result{Code: command.Invalid, Report: p.Report.ID, Fields: v[:min(len(v), maxFields)]}, nil
	}
	r := p.Report.Clone()
	r.Revision, r.CreatedAt, r.UpdatedAt = 1, s.now, s.now
	if old != nil {
		r.Revision, r.CreatedAt = old.Revision+1, old.CreatedAt
	}
	if batch != "" {
		if err := s.noteReportUndo(batch, r, old); err != nil {
			return command.Result{}, err
		}
	}
	return command.Result{Code: command.OK, Report: r.ID, Revision: r.Revision}, s.writeReport(r)
}

// refuseReport checks owner, precondition and lifecycle, in this order.
func (s *step) refuseReport(p *command.ReportItem, old *watchlist.ReportedDocument) command.Code {
	r := &p.Report
	switch {
	case !s.setup.done || r.Origin.Country != s.setup.origin.Country || r.ID.Valid() && r.ID.Origin() != s.setup.origin.Country:
		return command.ForeignOrigin
	case old != nil && p.IfRevision == 0 && p.Op == command.OpCreate:
		return command.Exists
	case old != nil && p.IfRevision != old.Revision:
		return command.Conflict
	case old == nil && (p.IfRevision != 0 || p.Op == command.OpWithdraw):
		return command.NotFound
	case old != nil && old.Withdrawn, r.Withdrawn != (p.Op == command.OpWithdraw):
		return command.BadTransition
	}
	return command.OK
}

func (s *step) writeReport(r *watchlist.ReportedDocument) error {
	if err := s.tx.PutReport(r); err != nil {
		return err
	}
	s.reports = append(s.reports, watchlist.ReportChange{Report: r, Index: s.index})
	return nil
}

// noteReportUndo records the version before the batch. A second write of the same
// batch keeps the first one's record, unless somebody else wrote in between.
func (s *step) noteReportUndo(batch watchlist.BatchID, r, old *watchlist.ReportedDocument) error {
	u := registry.ReportUndo{Report: r.ID, Prior: old, Revision: r.Revision}
	before, err := s.tx.ReportUndo(batch, r.ID)
	found, err := exists(err)
	if err != nil {
		return err
	}
	if found && old != nil && old.Revision == before.Revision {
		u.Prior = before.Prior
	}
	return s.tx.PutReportUndo(batch, u)
}

// reportUndo takes up to maxUndo reports of a batch back, in the order of ids.
func (s *step) reportUndo(c *command.ReportUndo) (command.Result, error) {
	if strings.TrimSpace(c.Reason) == "" || utf8.RuneCountInString(c.Reason) > watchlist.MaxText {
		return invalid("/reason", "required", "undoing a batch needs a reason of at most 4000 characters")
	}
	id := reportBatches + c.Batch
	b, err := s.tx.Batch(id)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found || s.now >= b.UndoUntil {
		return refused(command.NotFound)
	}
	list, err := s.tx.ReportUndos(id, maxUndo+1)
	if err != nil {
		return command.Result{}, err
	}
	out := command.Result{Code: command.OK, More: len(list) > maxUndo}
	for _, u := range list[:min(len(list), maxUndo)] {
		r, err := s.undoReport(u, c.Reason)
		if err != nil {
			return command.Result{}, err
		}
		if r.Code == command.OK {
			b.Undone++
		}
		r.Index = s.index
		out.Items = append(out.Items, r)
		if err := s.tx.DropReportUndo(id, u.Report); err != nil {
			return command.Result{}, err
		}
	}
	return out, s.tx.PutBatch(b)
}

// undoReport puts the earlier version of a report back, or withdraws one that the
// batch created. One that was changed since stays, and so does a withdrawn one.
func (s *step) undoReport(u registry.ReportUndo, reason string) (command.Result, error) {
	now, err := s.tx.Report(u.Report)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	switch {
	case !found:
		return command.Result{Code: command.NotFound, Report: u.Report}, nil
	case now.Revision != u.Revision:
		return command.Result{Code: command.Conflict, Report: u.Report, Revision: now.Revision}, nil
	case now.Withdrawn:
		return command.Result{Code: command.BadTransition, Report: u.Report, Revision: now.Revision}, nil
	}
	r := u.Prior
	if r == nil {
		r = now.Clone()
		r.Withdrawn, r.WithdrawnReason = true, reason
	}
	r.Revision, r.CreatedAt, r.UpdatedAt = now.Revision+1, now.CreatedAt, s.now
	return command.Result{Code: command.OK, Report: r.ID, Revision: r.Revision}, s.writeReport(r)
}
