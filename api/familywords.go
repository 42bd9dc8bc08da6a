package api

import (
	"strconv"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// changePrefix begins the id of a family that a change added.
const changePrefix = "change/"

// familyID names a family: by part and first spelling when it is of the release,
// else by the change that added it.
func familyID(f *names.Family) string {
	first, change := f.Reference()
	if change != 0 {
		return changePrefix + strconv.FormatUint(change, 10)
	}
	return f.Kind + "/" + first
}

func familyOut(f *names.Family) gen.NameFamily {
	out := gen.NameFamily{
		Id: familyID(f), Part: gen.FamilyPart(f.Kind), Provenance: f.Provenance, Frequency: f.Frequency, Change: int64(f.Change),
	}
	for i, form := range f.Forms {
		by := f.Change
		if added, ok := f.Added[i]; ok {
			by = added
		}
		out.Spellings = append(out.Spellings, gen.FamilySpelling{Spelling: form, Change: int64(by)})
	}
	return out
}

func familyChangeOut(c *watchlist.FamilyChange) gen.FamilyChange {
	out := gen.FamilyChange{
		Number: int64(c.Number), Kind: gen.FamilyChangeKind(c.Kind), Part: c.Part, Spellings: c.Spellings, PerMillion: int(c.PerMillion),
		AllowShared: c.AllowShared, Source: c.Source, Justification: c.Justification,
		Status: gen.FamilyChangeStatus(c.Status), InForce: c.InForce(),
		ProposedBy: c.ProposedBy, ProposedAt: millis(c.ProposedAt), ProposedIndex: int64(c.ProposedIndex),
		Reason: c.Reason, ReviewedBy: c.ReviewedBy, ReviewedIndex: int64(c.ReviewedIndex),
		Revision: int64(c.Version), WithdrawnBy: int64(c.WithdrawnBy),
	}
	if c.ReviewedAt != 0 {
		out.ReviewedAt = millis(c.ReviewedAt)
	}
	switch {
	case c.Kind == watchlist.FamilyWithdraw:
		out.Change = int64(c.Change)
	case c.Change != 0:
		out.Family = changePrefix + strconv.FormatUint(c.Change, 10)
	case c.Family != "":
		out.Family = c.Part + "/" + c.Family
	}
	return out
}

// familyChangeIn makes the change that a client asks for, checked against the table
// in force.
func familyChangeIn(in *gen.FamilyChangeInput, table *names.Table, changes []watchlist.FamilyChange) (watchlist.FamilyChange, error) {
	c := watchlist.FamilyChange{
		Kind: watchlist.FamilyChangeKind(in.Kind), Part: string(in.Part), PerMillion: uint32(in.PerMillion), AllowShared: in.AllowShared,
		Source: strings.TrimSpace(in.Source), Justification: strings.TrimSpace(in.Justification),
	}
	for _, sp := range in.Spellings {
		c.Spellings = append(c.Spellings, strings.TrimSpace(sp))
	}
	var errs watchlist.ValidationError
	add := func(pointer, code, detail string) {
		errs = append(errs, watchlist.FieldError{Pointer: pointer, Code: code, Detail: detail})
	}
	switch {
	case in.Change != 0 && c.Kind != watchlist.FamilyWithdraw:
		add("/change", "not_allowed", "only a withdrawal names a change; a family is named by family")
	case in.Change > int64(len(changes)):
		add("/change", "unknown_value", "there is no change of that number")
	case c.Kind == watchlist.FamilyWithdraw:
		c.Change = uint64(in.Change)
		if in.Change != 0 && !changes[in.Change-1].InForce() {
			add("/change", "not_in_force", "that change is not in force")
		}
	}
	switch {
	case c.Kind == watchlist.FamilyExtend && in.Family == "":
		add("/family", "required", "name the family that the spellings join, by its id or by a spelling")
	case c.Kind == watchlist.FamilyExtend:
		findFamily(in.Family, table, &c, add)
	case in.Family != "":
		add("/family", "not_allowed", "only spellings that join a family name it: the kind is extend")
	}
	if len(errs) == 0 {
		errs = c.Validate()
	}
	if len(errs) == 0 {
		checkSpellings(table, &c, add)
	}
	if len(errs) > 0 {
		return c, errs
	}
	return c, nil
}

// findFamily sets the family that an id or a spelling names.
func findFamily(name string, table *names.Table, c *watchlist.FamilyChange, add func(pointer, code, detail string)) {
	found := table.FamiliesOf(name)
	for _, f := range table.Families() {
		if familyID(f) == name {
			found = []*names.Family{f}
			break
		}
	}
	switch {
	case len(found) == 0:
		add("/family", "unknown_value", "no family has that id or spelling")
	case len(found) > 1:
		add("/family", "ambiguous", "several families have that spelling, name one by its id: "+strings.Join(list(found, familyID), ", "))
	case c.Part != "" && c.Part != found[0].Kind:
		add("/part", "conflict", "that family is of the other kind")
	default:
		c.Part = found[0].Kind
		c.Family, c.Change = found[0].Reference()
	}
}

// checkSpellings refuses spellings that the table can't use or has already.
func checkSpellings(table *names.Table, c *watchlist.FamilyChange, add func(pointer, code, detail string)) {
	for i, sp := range c.Spellings {
		pointer := "/spellings/" + itoa(i)
		if err := names.CheckSpelling(sp); err != nil {
			add(pointer, "not_a_word", err.Error())
			continue
		}
		for _, earlier := range c.Spellings[:i] {
			if names.SameWord(sp, earlier) {
				add(pointer, "duplicate", "compared as one word with a spelling before it: case and accents are folded away")
				break
			}
		}
	}
	for _, sh := range table.Shares(c) {
		if sh.Joins {
			add("/spellings/"+itoa(sh.Place), "already_listed", "the family has this spelling already")
		}
	}
}
