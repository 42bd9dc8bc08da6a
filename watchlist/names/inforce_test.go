package names

import (
	"slices"
	"testing"

	"vigie/watchlist"
)

func accepted(version uint64, c watchlist.FamilyChange) watchlist.FamilyChange {
	c.Status, c.Version, c.ReviewedIndex = watchlist.FamilyAccepted, version, 10*version
	return c
}

// testChanges: a new family, spellings for it, spellings for one of the release.
func testChanges() []watchlist.FamilyChange {
	return []watchlist.FamilyChange{
		accepted(1, watchlist.FamilyChange{Number: 1, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, PerMillion: 2000, Source: "test", Spellings: []string{"Wxotta", "Quozzi"}}),
		{Number: 2, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Refuso", "Negado"}, Status: watchlist.FamilyRefused},
		accepted(2, watchlist.FamilyChange{Number: 3, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Change: 1, Spellings: []string{"Zyppel"}}),
		accepted(3, watchlist.FamilyChange{Number: 4, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Diallo", Spellings: []string{"Tchallovic"}}),
		{Number: 5, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Wartend", "Pendente"}, Status: watchlist.FamilyProposed},
	}
}

func (t *Table) word(s string) *Token { return t.Parse(watchlist.Name{Full: s}).Tokens[0] }

func TestTableInForce(t *testing.T) {
	tab := InForce(testChanges())
	if got := tab.Version(); got != Version+"+3" {
		t.Errorf("version %s", got)
	}
	for _, c := range []struct {
		a, b        string
		before, now Rule
	}{
		{"Wxotta", "Quozzi", RuleMissing, RuleFamily},
		{"Zyppel", "Wxotta", RuleMissing, RuleFamily},
		{"Jallow", "Tchallovic", RuleMissing, RuleFamily},
		{"Refuso", "Negado", RuleMissing, RuleMissing},
		{"Wartend", "Pendente", RuleMissing, RuleMissing},
		{"Diallo", "Jallow", RuleFamily, RuleFamily},
		{"Diop", "Diouf", RuleTwoNames, RuleTwoNames},
	} {
		if _, r := Similarity(Shipped().word(c.a), Shipped().word(c.b)); r != c.before {
			t.Errorf("%s, %s: %s by the release's table, want %s", c.a, c.b, r, c.before)
		}
		if _, r := Similarity(tab.word(c.a), tab.word(c.b)); r != c.now {
			t.Errorf("%s, %s: %s by the table in force, want %s", c.a, c.b, r, c.now)
		}
	}
	if w := tab.word("Quozzi"); w.Frequency != 0.002 || w.Weight != CoreWeight(0.002) {
		t.Errorf("frequency %g, weight %g", w.Frequency, w.Weight)
	}
	if n := len(Shipped().FamiliesOf("Tchallovic")); n != 0 || Shipped().Version() != Version {
		t.Errorf("the release's table was changed: %d families", n)
	}
	f := tab.FamiliesOf("tchallovic")
	if len(f) != 1 || f[0].Forms[0] != "Diallo" || f[0].Added[len(f[0].Forms)-1] != 4 {
		t.Errorf("families %+v", f)
	}
}

// TestTableWithdrawn: what was withdrawn counts no more, and numbers of families
// are never given to others.
func TestTableWithdrawn(t *testing.T) {
	list := testChanges()
	before := InForce(list)
	list[2].WithdrawnBy = 6
	list = append(list, accepted(4, watchlist.FamilyChange{Number: 6, Kind: watchlist.FamilyWithdraw, Change: 3}),
		accepted(5, watchlist.FamilyChange{Number: 7, Kind: watchlist.FamilyAdd, Part: watchlist.FamilyGiven, Spellings: []string{"Aaxxo", "Bbyyo"}}))
	now := InForce(list)
	if now.word("Zyppel").SharesFamily(now.word("Wxotta")) || now.Version() != Version+"+5" {
		t.Errorf("the withdrawn spelling still counts in %s", now.Version())
	}
	if a, b := before.word("Quozzi").Families, now.word("Quozzi").Families; !slices.Equal(a, b) {
		t.Errorf("the family's number changed from %v to %v", a, b)
	}
	if now.word("Aaxxo").SharesFamily(before.word("Wxotta")) {
		t.Error("a number was given to another family")
	}
	list[0].WithdrawnBy = 8
	if InForce(list).Knows(before.word("Wxotta").Raw) {
		t.Error("the withdrawn family still counts")
	}
}

// TestTableOfAnotherRelease: spellings for a family that this release does not have
// meet one another and the spelling that named it.
func TestTableOfAnotherRelease(t *testing.T) {
	tab := InForce([]watchlist.FamilyChange{
		accepted(1, watchlist.FamilyChange{Number: 1, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Gonefam", Spellings: []string{"Xyzzy"}}),
		accepted(2, watchlist.FamilyChange{Number: 2, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Gonefam", Spellings: []string{"Plugh"}}),
	})
	for _, s := range []string{"Xyzzy", "Gonefam"} {
		if !tab.word(s).SharesFamily(tab.word("Plugh")) {
			t.Errorf("%s and Plugh do not meet", s)
		}
	}
	// A family that another release called by another of its spellings.
	renamed := InForce([]watchlist.FamilyChange{
		accepted(1, watchlist.FamilyChange{Number: 1, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Jallow", Spellings: []string{"Xyzzy"}}),
	})
	if !renamed.word("Xyzzy").SharesFamily(renamed.word("Djaló")) {
		t.Error("spellings do not join a family whose first spelling is another now")
	}
	// A proposal whose family was withdrawn adds nothing.
	gone := testChanges()
	gone[0].WithdrawnBy = 6
	late := With(gone, watchlist.FamilyChange{Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Change: 1, Spellings: []string{"Toolate"}})
	if late.Knows(late.word("Toolate").Raw) {
		t.Error("spellings joined a family that was withdrawn")
	}
}

func TestWithIsTheTableAfterAcceptance(t *testing.T) {
	list := testChanges()
	tab := With(list, list[4])
	if !tab.word("Wartend").SharesFamily(tab.word("Pendente")) || tab.Version() != Version+"+4" {
		t.Errorf("the change does not count in %s", tab.Version())
	}
	fresh := With(list, watchlist.FamilyChange{Kind: watchlist.FamilyWithdraw, Change: 4})
	if fresh.Knows(tab.word("Tchallovic").Raw) {
		t.Error("the change that would be withdrawn counts")
	}
	if list[3].WithdrawnBy != 0 || list[4].Status != watchlist.FamilyProposed {
		t.Error("the list was changed")
	}
}

func TestShares(t *testing.T) {
	tab := InForce(testChanges())
	c := watchlist.FamilyChange{Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Diop", Spellings: []string{"Brandnewe", "JOBE", "Jalloh"}}
	got := tab.Shares(&c)
	if len(got) != 2 || got[0].Place != 1 || !got[0].Joins || len(got[0].Families) != 0 ||
		got[1].Place != 2 || got[1].Joins || len(got[1].Families) != 1 || got[1].Families[0].Forms[0] != "Diallo" {
		t.Errorf("shares %+v", got)
	}
	after := With(testChanges(), c)
	if !after.word("Jalloh").SharesFamily(after.word("Diop")) || !after.word("Jalloh").SharesFamily(after.word("Diallo")) {
		t.Error("the shared spelling does not meet both families")
	}
	if after.word("Diallo").SharesFamily(after.word("Diop")) {
		t.Error("a shared spelling merged two families")
	}
}

func TestCheckSpelling(t *testing.T) {
	for _, good := range []string{"Diallo", "N'Diaye", "ديالو", "الشيخ", "ߖߊߟߏ", "Ñaas"} {
		if err := CheckSpelling(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "B", "Da Silva", "Ould", "王", "123", "D1allo", "Abdou Rahmane Ba"} {
		if CheckSpelling(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
	for _, f := range Families() {
		for _, form := range f.Forms {
			if err := CheckSpelling(form); err != nil {
				t.Errorf("the release's own spelling %s: %v", form, err)
			}
		}
	}
}
