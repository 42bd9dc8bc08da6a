package names

import (
	"maps"
	"slices"

	"vigie/watchlist"
)

// InForce is the table of the release with the changes that are in force, in the
// order of their numbers; changes that wait, were refused or withdrawn count for
// nothing. Equal changes give equal tables on every node of one release.
//
// A family of the release is the one whose first spelling a change names; when
// there is none, the only one that has that spelling. Spellings for a family that
// this release does not have at all make one of their own with the spelling that
// named it.
func InForce(changes []watchlist.FamilyChange) *Table {
	base := Shipped()
	t := &Table{
		version: watchlist.FamilyVersion(changes), families: slices.Clone(base.families),
		byNumber: maps.Clone(base.byNumber), byText: maps.Clone(base.byText), bySource: maps.Clone(base.bySource),
	}
	for i := range changes {
		if c := &changes[i]; c.InForce() {
			t.take(c, uint16(len(base.families))+uint16(c.Number))
		}
	}
	return t
}

// With is InForce as if the change were accepted as well: what a review decides on.
// A change that is not among those recorded counts as the last.
func With(changes []watchlist.FamilyChange, c watchlist.FamilyChange) *Table {
	list := slices.Clone(changes)
	if c.Number == 0 {
		c.Number = uint64(len(list)) + 1
		list = append(list, c)
	}
	version := watchlist.FamilyVersion(changes) + 1
	for i := range list {
		switch x := &list[i]; {
		case x.Number == c.Number:
			x.Status, x.Version = watchlist.FamilyAccepted, version
		case c.Kind == watchlist.FamilyWithdraw && x.Number == c.Change:
			x.WithdrawnBy = c.Number
		}
	}
	return InForce(list)
}

// take puts a change into the table; number is that of the family that it makes,
// if it makes one.
func (t *Table) take(c *watchlist.FamilyChange, number uint16) {
	f := t.target(c)
	if f == nil && c.Kind == watchlist.FamilyExtend && c.Change != 0 {
		return // its family is not in force: a proposal that can't be accepted any more
	}
	if f == nil {
		f = &Family{
			Number: number, Kind: c.Part, Frequency: float64(c.PerMillion) / 1e6,
			Provenance: c.Source, Change: c.Number, Forms: slices.Clone(c.Spellings),
		}
		if c.Kind == watchlist.FamilyExtend {
			f.Forms, f.orphan = append([]string{c.Family}, f.Forms...), true
		}
		t.add(f)
		return
	}
	grown := *f
	grown.Forms, grown.Added = slices.Clone(f.Forms), maps.Clone(f.Added)
	if grown.Added == nil {
		grown.Added = map[int]uint64{}
	}
	for _, form := range c.Spellings {
		grown.Added[len(grown.Forms)] = c.Number
		grown.Forms = append(grown.Forms, form)
		t.register(form, grown.Number)
	}
	t.byNumber[grown.Number] = &grown
	t.families[slices.Index(t.families, f)] = &grown
}

// target is the family that a change's spellings join, nil when it makes one.
func (t *Table) target(c *watchlist.FamilyChange) *Family {
	if c.Kind != watchlist.FamilyExtend {
		return nil
	}
	for _, f := range t.families {
		switch {
		case c.Change != 0 && f.Change == c.Change,
			c.Change == 0 && (f.Change == 0 || f.orphan) && f.Kind == c.Part && f.Forms[0] == c.Family:
			return f
		}
	}
	if c.Change != 0 {
		return nil
	}
	// A release that has put another spelling first still has the family.
	found := slices.DeleteFunc(t.FamiliesOf(c.Family), func(f *Family) bool { return f.Change != 0 || f.Kind != c.Part })
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// Reference is how a change names the family: by its first spelling when it is of
// the release, else by the number of the change that added it.
func (f *Family) Reference() (first string, change uint64) {
	if f.Change == 0 || f.orphan {
		return f.Forms[0], 0
	}
	return "", f.Change
}

// SameWord reports whether two spellings fold to one word, so that one of them says
// all.
func SameWord(a, b string) bool {
	x, okX := formWord(a)
	y, okY := formWord(b)
	return okX && okY && x == y
}

// Target is the family that the change's spellings join or would join, or that it
// has added; nil when the table does not have it.
func (t *Table) Target(c *watchlist.FamilyChange) *Family {
	if c.Kind == watchlist.FamilyAdd && c.Number != 0 {
		for _, f := range t.families {
			if f.Change == c.Number {
				return f
			}
		}
	}
	return t.target(c)
}

// Shared is a spelling that a change would put into one family while it belongs to
// others. They are not merged by that: a search by the spelling meets the names
// of all of them, and their other spellings stay apart.
type Shared struct {
	// Place is that of the spelling in the change.
	Place int
	// Families are the others, Joins tells that the spelling is already in the
	// family that it would join.
	Families []*Family
	Joins    bool
}

// Shares lists the spellings of a change that the table already has.
func (t *Table) Shares(c *watchlist.FamilyChange) []Shared {
	var out []Shared
	target := t.target(c)
	for i, form := range c.Spellings {
		s := Shared{Place: i}
		for _, f := range t.FamiliesOf(form) {
			if target != nil && f.Number == target.Number {
				s.Joins = true
			} else {
				s.Families = append(s.Families, f)
			}
		}
		if s.Joins || len(s.Families) > 0 {
			out = append(out, s)
		}
	}
	return out
}
