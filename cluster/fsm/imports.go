package fsm

import (
	"strings"
	"unicode/utf8"

	"vigie/cluster/planted"
	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// entryBatch writes the items of an import; each stands alone.
func (s *step) entryBatch(c *command.EntryBatch) (command.Result, error) {
	if c.Batch == "" || len(c.Batch) > watchlist.MaxShort || !utf8.ValidString(string(c.Batch)) {
		return invalid("/batch", "required", "a batch has an id of at most 200 bytes")
	}
	if utf8.RuneCountInString(c.Label) > watchlist.MaxShort {
		return invalid("/label", "too_long", "at most 200 characters")
	}
	if !s.setup.done {
		return refused(command.ForeignOrigin)
	}
	b, err := s.tx.Batch(c.Batch)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found {
		b = watchlist.Batch{ID: c.Batch, Label: c.Label, Actor: s.env.Actor, CreatedAt: s.now}
		if err := s.queue(s.now+UndoWindow, registry.DueBatch, []byte(c.Batch)); err != nil {
			return command.Result{}, err
		}
	}
	out := command.Result{Code: command.OK, Items: make([]command.Result, 0, len(c.Items))}
	room := maxBatchFields
	planted.Order(c.Items)
	for i := range c.Items {
		r, err := s.entryPut(&c.Items[i], c.Batch)
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

// batchUndo takes up to maxUndo entries of a batch back, in the order of ids.
func (s *step) batchUndo(c *command.BatchUndo) (command.Result, error) {
	if strings.TrimSpace(c.Reason) == "" || utf8.RuneCountInString(c.Reason) > watchlist.MaxText {
		return invalid("/reason", "required", "undoing a batch needs a reason of at most 4000 characters")
	}
	b, err := s.tx.Batch(c.Batch)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found || s.now >= b.UndoUntil {
		return refused(command.NotFound)
	}
	list, err := s.tx.Undos(c.Batch, maxUndo+1)
	if err != nil {
		return command.Result{}, err
	}
	out := command.Result{Code: command.OK, More: len(list) > maxUndo}
	for _, u := range list[:min(len(list), maxUndo)] {
		r, err := s.undoOne(u, c.Reason)
		if err != nil {
			return command.Result{}, err
		}
		if r.Code == command.OK {
			b.Undone++
		}
		r.Index = s.index
		out.Items = append(out.Items, r)
		if err := s.tx.DropUndo(c.Batch, u.Entry); err != nil {
			return command.Result{}, err
		}
	}
	return out, s.tx.PutBatch(b)
}

// undoOne puts the earlier version of an entry back, or withdraws an entry that
// the batch created. An entry that was changed since stays, and so does a
// withdrawn one: partners have acted on the withdrawal.
func (s *step) undoOne(u registry.Undo, reason string) (command.Result, error) {
	now, err := s.tx.Entry(u.Entry)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	switch {
	case !found:
		return command.Result{Code: command.NotFound, Entry: u.Entry}, nil
	case now.Revision != u.Revision:
		return command.Result{Code: command.Conflict, Entry: u.Entry, Revision: now.Revision}, nil
	case now.Status == watchlist.StatusWithdrawn:
		return command.Result{Code: command.BadTransition, Entry: u.Entry, Revision: now.Revision}, nil
	}
	e := u.Prior
	if e == nil {
		e = now.Clone()
		e.Status, e.WithdrawnReason = watchlist.StatusWithdrawn, reason
	}
	e.Revision, e.CreatedAt, e.UpdatedAt = now.Revision+1, now.CreatedAt, s.now
	if err := s.writeEntry(e); err != nil {
		return command.Result{}, err
	}
	return command.Result{Code: command.OK, Entry: e.ID, Revision: e.Revision}, nil
}
