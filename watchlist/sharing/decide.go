package sharing

import (
	"slices"

	"vigie/watchlist"
)

// Code says why a record or a group is shown or not. Codes are stable.
type Code string

// The codes that concern the whole record.
const (
	// CodeStatus: drafts, suspended and withdrawn records don't leave.
	CodeStatus Code = "not_active"
	// CodeNotReleasable: releasable_to does not name the country.
	CodeNotReleasable Code = "not_releasable"
	// CodeThirdParty: the record is another country's; only that one passes it on.
	CodeThirdParty Code = "third_party"
	// CodeRecipient: the recipient is not of the kind that it claims to be.
	CodeRecipient Code = "bad_recipient"
	// CodeUnknownCaveat: the policy does not know one of the caveats, and the
	// recipient is abroad. Own services and posts see the entry: they are bound by
	// the same hands that wrote the caveat.
	CodeUnknownCaveat Code = "unknown_caveat"
	// CodeNoGrant: nothing is granted to the recipient.
	CodeNoGrant Code = "no_grant"
	// CodeCategory: something is granted, but not of this category.
	CodeCategory Code = "category_not_granted"
	// CodeNothingLeft: nothing but the core was granted, or the caveats withhold the
	// rest, or the core.
	CodeNothingLeft Code = "nothing_left"
)

// The codes of a group.
const (
	// CodeGranted: a grant covers the group.
	CodeGranted Code = "granted"
	// CodeOwner: the recipient owns the entry.
	CodeOwner Code = "owner"
	// CodeWithCore: the core goes with any other group.
	CodeWithCore Code = "goes_with_others"
	// CodeNotGranted: no grant covers the group.
	CodeNotGranted Code = "not_granted"
	// CodeCaveat: a caveat withholds the group.
	CodeCaveat Code = "withheld_by_caveat"
	// CodeRecord: the record as a whole is not shown, see the entry's code.
	CodeRecord Code = "record_not_shown"
)

// Line says of one group whether it is shown, and why.
type Line struct {
	Group Groups
	Shown bool
	Code  Code
	// Rule is the index of the grant (CodeGranted) or of the caveat rule
	// (CodeCaveat) in the policy, -1 for none.
	Rule int
}

// View is what a recipient may see of one record.
type View struct {
	// Groups is what is shown; empty: the record is not shown at all.
	Groups Groups
	// Code says why the record is not shown, "" when it is.
	Code Code
	// Lines has one line for each group, in the order of Each.
	Lines []Line
}

// Shared reports whether anything is shown.
func (v View) Shared() bool { return v.Groups != 0 }

// Decide says what a recipient may see of an entry. The end date is not looked at:
// it travels with the entry and counts on each node by itself.
func Decide(p *Policy, r Recipient, e *watchlist.Entry) View {
	if r.Kind == Authority && r.Country == e.Origin.Country && r.Authority == e.Origin.Authority && r.Authority != "" {
		return owned()
	}
	if c := barred(p, r, e.Origin.Country, e.ReleasableTo, e.Status == watchlist.StatusActive); c != "" {
		return refused(c)
	}
	granted, code := p.granted(r, func(g Grant) (Groups, bool) {
		return g.Groups, len(g.Categories) == 0 || slices.Contains(g.Categories, e.Category)
	})
	if code != "" {
		return refused(code)
	}
	withheld, known := p.withheld(r, e.Caveats)
	if !known && r.Kind == Partner {
		return refused(CodeUnknownCaveat)
	}
	return compose(granted, withheld)
}

// DecideReport says what a recipient may see of a reported document: all of it, as
// Core and Documents, or nothing.
func DecideReport(p *Policy, r Recipient, d *watchlist.ReportedDocument) View {
	if r.Kind == Authority && r.Country == d.Origin.Country && r.Authority == d.Origin.Authority && r.Authority != "" {
		return owned()
	}
	if c := barred(p, r, d.Origin.Country, d.ReleasableTo, !d.Withdrawn); c != "" {
		return refused(c)
	}
	granted, code := p.granted(r, func(g Grant) (Groups, bool) { return Documents, g.Reports })
	if code != "" {
		return refused(CodeNoGrant)
	}
	return compose(granted, [6]int{-1, -1, -1, -1, -1, -1})
}

// barred applies the rules that no grant lifts.
func barred(p *Policy, r Recipient, origin watchlist.Country, to []watchlist.Country, active bool) Code {
	switch {
	case !active:
		return CodeStatus
	case !r.Kind.valid() || !r.Country.Valid() || (r.Kind == Partner) == (r.Country == p.Owner):
		return CodeRecipient
	case origin != p.Owner && r.Kind != Authority:
		return CodeThirdParty
	case r.Kind == Partner && !slices.Contains(to, r.Country):
		return CodeNotReleasable
	}
	return ""
}

// granted gives for each group the first grant that covers it, -1 for none. what
// says what a grant holds for the record, and whether it holds for it at all.
func (p *Policy) granted(r Recipient, what func(Grant) (Groups, bool)) (by [6]int, code Code) {
	by, code = [6]int{-1, -1, -1, -1, -1, -1}, CodeNoGrant
	for i, g := range p.Grants {
		if !g.To.covers(r) {
			continue
		}
		groups, ok := what(g)
		if !ok || groups == 0 {
			if code == CodeNoGrant && g.Groups != 0 {
				code = CodeCategory
			}
			continue
		}
		code = ""
		for k, one := range Each() {
			if groups.Has(one) && by[k] < 0 {
				by[k] = i
			}
		}
	}
	return by, code
}

// withheld gives for each group the first caveat rule that withholds it, -1 for
// none; known is false when the policy lacks a caveat.
func (p *Policy) withheld(r Recipient, caveats []string) (by [6]int, known bool) {
	by, known = [6]int{-1, -1, -1, -1, -1, -1}, true
	for _, c := range caveats {
		i := slices.IndexFunc(p.Caveats, func(x CaveatRule) bool { return fold(x.Caveat) == fold(c) })
		if i < 0 {
			known = false
			continue
		}
		rule := p.Caveats[i]
		if len(rule.Kinds) > 0 && !slices.Contains(rule.Kinds, r.Kind) {
			continue
		}
		for k, one := range Each() {
			if rule.Withhold.Has(one) && (by[k] < 0 || i < by[k]) {
				by[k] = i
			}
		}
	}
	return by, known
}

// compose puts the answer together. A caveat that withholds the core withholds all.
func compose(granted, withheld [6]int) View {
	v := View{Lines: make([]Line, 6)}
	for k, one := range Each() {
		l := Line{Group: one, Code: CodeNotGranted, Rule: -1}
		switch {
		case withheld[k] >= 0:
			l.Code, l.Rule = CodeCaveat, withheld[k]
		case granted[k] >= 0:
			l.Shown, l.Code, l.Rule = true, CodeGranted, granted[k]
		}
		v.Lines[k] = l
		if l.Shown {
			v.Groups |= one
		}
	}
	if v.Groups&^Core == 0 || withheld[0] >= 0 {
		return refused(CodeNothingLeft)
	}
	if !v.Groups.Has(Core) {
		v.Groups |= Core
		v.Lines[0] = Line{Group: Core, Shown: true, Code: CodeWithCore, Rule: -1}
	}
	return v
}

func owned() View {
	v := View{Groups: All}
	for _, one := range Each() {
		v.Lines = append(v.Lines, Line{Group: one, Shown: true, Code: CodeOwner, Rule: -1})
	}
	return v
}

func refused(c Code) View {
	v := View{Code: c}
	for _, one := range Each() {
		v.Lines = append(v.Lines, Line{Group: one, Code: CodeRecord, Rule: -1})
	}
	return v
}
