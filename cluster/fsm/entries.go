package fsm

import (
	"errors"
	"fmt"

	"vigie/cluster/planted"
	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// entryPut writes one entry, or says why not. In a batch it also records what
// the entry was before.
func (s *step) entryPut(p *command.EntryPut, batch watchlist.BatchID) (command.Result, error) {
	old, err := s.tx.Entry(p.Entry.ID)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found {
		old = nil
	}
	if code := s.refuseEntry(p, old); code != command.OK {
		r := command.Result{Code: code, Entry: p.Entry.ID}
		if old != nil {
			r.Revision = old.Revision
		}
		return r, nil
	}
	if v := checkEntry(p); len(v) > 0 {
		return command.Result{Code: command.Invalid, Entry: p.Entry.ID, Fields: v[:min(len(v), maxFields)]}, nil
	}
	e := p.Entry.Clone()
	s.stamp(e, old)
	if batch != "" {
		if err := s.noteUndo(batch, e, old); err != nil {
			return command.Result{}, err
		}
	}
	if err := s.writeEntry(e); err != nil {
		return command.Result{}, err
	}
	return command.Result{Code: command.OK, Entry: e.ID, Revision: e.Revision}, nil
}

// refuseEntry checks owner, precondition and lifecycle, in this order.
func (s *step) refuseEntry(p *command.EntryPut, old *watchlist.Entry) command.Code {
	e := &p.Entry
	switch {
	case !s.setup.done || e.Origin.Country != s.setup.origin.Country || e.ID.Valid() && e.ID.Origin() != s.setup.origin.Country:
		return command.ForeignOrigin
	case old != nil && p.IfRevision == 0 && p.Op == command.OpCreate:
		return command.Exists
	case old != nil && p.IfRevision != old.Revision:
		return command.Conflict
	case old == nil && (p.IfRevision != 0 || p.Op != command.OpCreate && p.Op != command.OpReplace):
		return command.NotFound
	}
	before := watchlist.StatusDraft
	if old != nil {
		before = old.Status
	}
	switch {
	case e.Status == watchlist.StatusWithdrawn && old == nil,
		p.Op == command.OpWithdraw && e.Status != watchlist.StatusWithdrawn,
		validStatus(e.Status) && !before.CanBecome(e.Status):
		return command.BadTransition
	}
	return command.OK
}

// validStatus leaves unknown statuses to the validation, which names the field.
func validStatus(s watchlist.Status) bool {
	switch s {
	case watchlist.StatusDraft, watchlist.StatusActive, watchlist.StatusSuspended, watchlist.StatusWithdrawn:
		return true
	}
	return false
}

// checkEntry lists what is wrong with the entry of a command.
func checkEntry(p *command.EntryPut) watchlist.ValidationError {
	var v watchlist.ValidationError
	if err := p.Entry.Validate(); err != nil && !errors.As(err, &v) {
		v = append(v, watchlist.FieldError{Pointer: "", Code: "invalid", Detail: "the entry is not valid"})
	}
	e := &p.Entry
	switch withdrawn := e.Status == watchlist.StatusWithdrawn; {
	case withdrawn && e.WithdrawnReason == "":
		v = append(v, watchlist.FieldError{Pointer: "/withdrawn_reason", Code: "required", Detail: "a withdrawal needs a reason"})
	case !withdrawn && e.WithdrawnReason != "":
		v = append(v, watchlist.FieldError{Pointer: "/withdrawn_reason", Code: "not_allowed", Detail: "only a withdrawn entry has this reason"})
	}
	for i := range e.Faces {
		for j := range i {
			if e.Faces[i].ID == e.Faces[j].ID {
				v = append(v, watchlist.FieldError{Pointer: fmt.Sprintf("/faces/%d/id", i), Code: "duplicate", Detail: "another face of the entry has this id"})
				break
			}
		}
	}
	return v
}

// stamp sets what only the state machine sets: revision and times.
func (s *step) stamp(e, old *watchlist.Entry) {
	e.Revision, e.CreatedAt, e.UpdatedAt = 1, s.now, s.now
	added := map[string]int64{}
	if old != nil {
		e.Revision, e.CreatedAt = old.Revision+1, old.CreatedAt
		for _, f := range old.Faces {
			added[f.ID] = f.AddedAt
		}
	}
	for i := range e.Faces {
		at, known := added[e.Faces[i].ID]
		if !known {
			at = s.now
		}
		e.Faces[i].AddedAt = at
	}
}

func (s *step) writeEntry(e *watchlist.Entry) error {
	s.tx.At(s.index)
	if err := s.tx.PutEntry(e); err != nil {
		return err
	}
	if planted.Alive(planted.DroppedTombstone) && e.Status == watchlist.StatusWithdrawn {
		return nil
	}
	s.changes = append(s.changes, watchlist.Change{ID: e.ID, Entry: e, Index: s.index})
	return nil
}

// noteUndo records the version before the batch. A second write of the same
// batch keeps the first one's record, unless somebody else wrote in between.
func (s *step) noteUndo(batch watchlist.BatchID, e, old *watchlist.Entry) error {
	u := registry.Undo{Entry: e.ID, Prior: old, Revision: e.Revision}
	before, err := s.tx.Undo(batch, e.ID)
	found, err := exists(err)
	if err != nil {
		return err
	}
	if found && old != nil && old.Revision == before.Revision {
		u.Prior = before.Prior
	}
	return s.tx.PutUndo(batch, u)
}
