package matcher

import (
	"context"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// TestNamesAreScoredByTheTableThatFoundThem: when the table of spelling families
// changes while names are searched, they are searched again, scored by the same
// table, and the lead says which.
func TestNamesAreScoredByTheTableThatFoundThem(t *testing.T) {
	w := newWorld()
	w.add(1, -1)
	w.named = []watchlist.EntryID{id(1)}
	w.nameScore["Name 1"], w.nameLLR["Name 1"] = 0.9, 3
	next := names.InForce([]watchlist.FamilyChange{{
		Number: 1, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Wxotta", "Quozzi"}, Status: watchlist.FamilyAccepted, Version: 1,
	}})
	table, searches := names.Shipped(), 0
	w.onSearch = func(context.Context) error {
		searches++
		table = next // the change is applied while the first search runs
		return nil
	}
	c := w.config()
	c.NameTable = func() *names.Table { return table }
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.compare = w.comparators()
	var scored *names.Table
	m.compare.names = func(by *names.Table, _ []watchlist.Name) func([]watchlist.Name) (watchlist.Evidence, bool) {
		scored = by
		return w.compareNames
	}
	lead, err := m.Match(t.Context(), withName(probe()))
	if err != nil {
		t.Fatal(err)
	}
	if searches != 2 || scored != next || lead.Models["names"] != names.Version+"+1" || len(lead.Candidates) != 1 {
		t.Errorf("%d searches, scored by %s, lead says %s, %d candidates", searches, scored.Version(), lead.Models["names"], len(lead.Candidates))
	}
}
