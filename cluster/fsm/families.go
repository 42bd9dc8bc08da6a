package fsm

import (
	"fmt"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// Spelled is an Index whose content depends on the table of spelling families.
type Spelled interface {
	// SetFamilies tells the changes to the table so far, in the order of their
	// numbers: before the first call of any other method but Decided, and again
	// whenever the table changes. It comes from the goroutine of the other calls and
	// must not change the list.
	SetFamilies(changes []watchlist.FamilyChange)
}

// tellFamilies hands the registry's changes to the table of spelling families to
// the indexes that follow them.
func (f *FSM) tellFamilies() error {
	list, err := f.reg.FamilyChanges()
	if err != nil {
		return fmt.Errorf("read the changes to the spelling families: %w", err)
	}
	for _, ix := range f.indexes {
		if s, ok := ix.(Spelled); ok {
			s.SetFamilies(list)
		}
	}
	return nil
}

// administrator reports whether the actor is the account of an administrator.
func (s *step) administrator() (bool, error) {
	u, err := s.tx.User(watchlist.UserID(s.env.Actor))
	found, err := exists(err)
	return found && !u.Disabled && u.Role == watchlist.RoleAdministrator, err
}

// familyPropose records a proposed change. How spellings fold, and what the
// release's own table holds, differ between releases and are not looked at here:
// whoever proposed the command has done so.
func (s *step) familyPropose(p *command.FamilyPropose) (command.Result, error) {
	in := &p.Change
	c := watchlist.FamilyChange{
		Kind: in.Kind, Part: in.Part, Spellings: in.Spellings, PerMillion: in.PerMillion, Family: in.Family, Change: in.Change,
		AllowShared: in.AllowShared, Source: in.Source, Justification: in.Justification,
		ProposedBy: s.env.Actor, ProposedAt: s.now, ProposedIndex: s.index, Status: watchlist.FamilyProposed,
	}
	list, err := s.tx.FamilyChanges()
	if err != nil {
		return command.Result{}, err
	}
	person, err := s.administrator()
	if err != nil {
		return command.Result{}, err
	}
	version := watchlist.FamilyVersion(list)
	v := c.Validate()
	switch {
	case !person:
		return refused(command.PeopleOnly)
	case len(v) > 0:
		return command.Result{Code: command.Invalid, Fields: v[:min(len(v), maxFields)]}, nil
	case p.IfVersion != version:
		return command.Result{Code: command.Conflict, Revision: version}, nil
	case len(list) >= watchlist.MaxFamilyChanges:
		return invalid("", "too_many", "the history is full: no more changes can be recorded")
	case count(list, func(c *watchlist.FamilyChange) bool { return c.Status == watchlist.FamilyProposed }) >= watchlist.MaxFamilyOpen:
		return invalid("", "too_many", fmt.Sprintf("%d changes wait for a review already: decide on those first", watchlist.MaxFamilyOpen))
	}
	if r := possible(list, &c); r.Code != command.OK {
		return r, nil
	}
	c.Number = uint64(len(list)) + 1
	return command.Result{Code: command.OK, Change: c.Number, Revision: version}, s.tx.PutFamilyChange(c)
}

// familyReview decides on a proposed change.
func (s *step) familyReview(r *command.FamilyReview) (command.Result, error) {
	list, err := s.tx.FamilyChanges()
	if err != nil {
		return command.Result{}, err
	}
	person, err := s.administrator()
	if err != nil {
		return command.Result{}, err
	}
	version := watchlist.FamilyVersion(list)
	v := watchlist.CheckFamilyReason(r.Reason)
	switch {
	case !person:
		return refused(command.PeopleOnly)
	case r.Number == 0 || r.Number > uint64(len(list)):
		return refused(command.NotFound)
	case len(v) > 0:
		return command.Result{Code: command.Invalid, Fields: v}, nil
	}
	c := list[r.Number-1]
	switch {
	case c.Status != watchlist.FamilyProposed:
		return refused(command.BadTransition)
	case r.Accept && c.ProposedBy == s.env.Actor:
		return refused(command.SamePerson)
	case r.IfVersion != version:
		return command.Result{Code: command.Conflict, Change: c.Number, Revision: version}, nil
	}
	c.ReviewedBy, c.ReviewedAt, c.ReviewedIndex, c.Reason = s.env.Actor, s.now, s.index, r.Reason
	c.Status = watchlist.FamilyRefused
	if r.Accept {
		if out := possible(list, &c); out.Code != command.OK {
			return out, nil
		}
		version++
		c.Status, c.Version = watchlist.FamilyAccepted, version
		s.families = true
		if c.Kind == watchlist.FamilyWithdraw {
			gone := list[c.Change-1]
			gone.WithdrawnBy = c.Number
			if err := s.tx.PutFamilyChange(gone); err != nil {
				return command.Result{}, err
			}
		}
	}
	return command.Result{Code: command.OK, Change: c.Number, Revision: version}, s.tx.PutFamilyChange(c)
}

// possible says whether a change can be made to the table as it is: whether the
// change that it refers to is in force, whether another rests on that, and whether
// there is room.
func possible(list []watchlist.FamilyChange, c *watchlist.FamilyChange) command.Result {
	no := func(code, detail string) command.Result {
		return command.Result{Code: command.Invalid, Fields: watchlist.ValidationError{{Pointer: "/change", Code: code, Detail: detail}}}
	}
	if c.Change != 0 {
		if c.Change > uint64(len(list)) {
			return no("unknown_value", "there is no change of that number")
		}
		to := &list[c.Change-1]
		switch {
		case c.Kind == watchlist.FamilyExtend && to.Kind != watchlist.FamilyAdd:
			return no("not_allowed", "that change added no family; name the family itself")
		case !to.InForce():
			return no("not_in_force", "that change is not in force")
		}
		for i := range list {
			if x := &list[i]; c.Kind == watchlist.FamilyWithdraw && x.InForce() && x.Kind == watchlist.FamilyExtend && x.Change == c.Change {
				return no("in_use", fmt.Sprintf("the spellings of change %d rest on it: withdraw that first", x.Number))
			}
		}
	}
	return room(list, c)
}

// room says whether the table has room for the spellings of a change.
func room(list []watchlist.FamilyChange, c *watchlist.FamilyChange) command.Result {
	all, family := len(c.Spellings), len(c.Spellings)
	for i := range list {
		x := &list[i]
		if !x.InForce() {
			continue
		}
		all += len(x.Spellings)
		sibling := x.Kind == watchlist.FamilyExtend && x.Part == c.Part && x.Family == c.Family && x.Change == c.Change
		if c.Kind == watchlist.FamilyExtend && (sibling || x.Number == c.Change) {
			family += len(x.Spellings)
		}
	}
	detail := ""
	switch {
	case len(c.Spellings) == 0:
	case all > watchlist.MaxExtraSpellings:
		detail = fmt.Sprintf("administrators may add %d spellings in all", watchlist.MaxExtraSpellings)
	case family > watchlist.MaxFamilyAdded:
		detail = fmt.Sprintf("administrators may add %d spellings to one family", watchlist.MaxFamilyAdded)
	}
	if detail == "" {
		return command.Result{Code: command.OK}
	}
	return command.Result{Code: command.Invalid, Fields: watchlist.ValidationError{{Pointer: "/spellings", Code: "too_many", Detail: detail}}}
}

// count says of how many changes f holds.
func count(list []watchlist.FamilyChange, f func(*watchlist.FamilyChange) bool) (n int) {
	for i := range list {
		if f(&list[i]) {
			n++
		}
	}
	return n
}
