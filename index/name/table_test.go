package name

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/benchmarks/gen"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// tableChanges are accepted changes: a family of its own, and a spelling for one of
// the release.
func tableChanges() []watchlist.FamilyChange {
	return []watchlist.FamilyChange{
		{Number: 1, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Wxotta", "Quozzi", "Tendeng"}, Status: watchlist.FamilyAccepted, Version: 1},
		{Number: 2, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Diallo", Spellings: []string{"Tchallovic"}, Status: watchlist.FamilyAccepted, Version: 2},
	}
}

// tableList is a list of names with some that the changes are about.
func tableList(n int) []string {
	list := gen.Names(21, n)
	for i, s := range []string{"Awa Quozzi", "Binta TENDENG", "Omar Tchallovic", "Fatou Wxotta-Sane", "Moussa Djaló"} {
		list = slices.Insert(list, i*n/5, s)
	}
	return list
}

// TestSetTable: an index whose table changes answers as one that was built under
// the new table, whether its names lie in a segment, in several or in the delta,
// and so after the change is taken back.
func TestSetTable(t *testing.T) {
	list := tableList(3000)
	table := names.InForce(tableChanges())
	build := func(tab *names.Table) *Index {
		x := newIndex(t)
		x.SetTable(tab)
		if err := x.Rebuild(entriesOf(list), 1); err != nil {
			t.Fatal(err)
		}
		return x
	}
	want, plain, rekeyed, grown, delta := build(table), build(names.Shipped()), build(names.Shipped()), newIndex(t), newIndex(t)
	delta.folding = true // keeps everything in the delta
	for i, n := range list {
		if i == len(list)/2 {
			grown.SetFamilies(tableChanges()) // with a fold under way, or not
		}
		put(t, grown, uint64(i+1), entryOf(i, n))
		put(t, delta, uint64(i+1), entryOf(i, n))
	}
	rekeyed.SetTable(table)
	delta.SetTable(table)
	settle(grown)
	back := build(table)
	back.SetTable(names.Shipped())
	if len(grown.state.Load().segments) == 0 || len(delta.state.Load().segments) != 0 {
		t.Fatal("the test wants segments in one index and none in the other")
	}
	queries := []string{"Awa Wxotta", "Binta Quozzi", "Omar Diallo", "Mamadou Tchallovic", "Moussa Jallow", "Fatou Tendeng"}
	for i := range 60 {
		queries = append(queries, gen.Misspell(uint64(i), list[i*17%len(list)]))
	}
	for _, q := range queries {
		answer := search(t, want, 200, q)
		for name, x := range map[string]*Index{"rekeyed": rekeyed, "grown": grown, "delta": delta} {
			if d := cmp.Diff(answer, search(t, x, 200, q)); d != "" {
				t.Fatalf("%s, %s (-built under the table +changed):\n%s", q, name, d)
			}
		}
		if d := cmp.Diff(search(t, plain, 200, q), search(t, back, 200, q)); d != "" {
			t.Fatalf("%s, taken back (-never +withdrawn):\n%s", q, d)
		}
	}
	if rekeyed.Table().Version() != names.Version+"+2" || back.Table().Version() != names.Version {
		t.Errorf("versions %s and %s", rekeyed.Table().Version(), back.Table().Version())
	}
	i := slices.Index(list, "Awa Quozzi")
	first := func(x *Index) watchlist.EntryID { return search(t, x, 1, "Awa Wxotta")[0].Entry }
	if first(plain) == entryOf(i, list[i]).ID || first(rekeyed) != entryOf(i, list[i]).ID {
		t.Error("the family makes no difference")
	}
}

func TestPreview(t *testing.T) {
	x := newIndex(t)
	list := []string{"Awa Quozzi", "Fatou Quozzi", "Binta Wxotta", "Omar Sonko", "Moussa Jallow", "Ami Jalow", "Sekou Diop"}
	if err := x.Rebuild(entriesOf(list[:5]), 1); err != nil {
		t.Fatal(err)
	}
	for i, n := range list[5:] {
		put(t, x, uint64(i+2), entryOf(i+5, n))
	}
	all := tableChanges()
	got, err := x.Preview(t.Context(), names.Shipped(), names.InForce(all[:1]), all[0].Spellings)
	want := watchlist.FamilyImpact{
		Entries: 7, Bearers: 3, Linked: 3,
		Spellings: []watchlist.SpellingBearers{{Spelling: "Wxotta", Entries: 1}, {Spelling: "Quozzi", Entries: 2}, {Spelling: "Tendeng"}},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("a new family: %v\n%s", err, d)
	}
	// What a family was linked by goes with it.
	both := names.InForce(all)
	all[0].WithdrawnBy = 3
	got, err = x.Preview(t.Context(), both, names.InForce(all), all[0].Spellings)
	if err != nil || got.Linked != 0 || got.Parted != 3 || got.Bearers != 3 {
		t.Errorf("withdrawn: %+v %v", got, err)
	}
	// A word of a new family parts from what it sounded like in another, and a search
	// for that from the word.
	alike := watchlist.FamilyChange{Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Jaloww", "Qxzotta"}}
	put(t, x, 20, entryOf(20, "Seynabou Jaloww"))
	got, err = x.Preview(t.Context(), names.Shipped(), names.With(nil, alike), alike.Spellings)
	if err != nil || got.Parted != 2 || got.Linked != 1 {
		t.Errorf("a new family that sounds like another: %+v %v", got, err)
	}
	// A spelling that sounded like one family and is put into another parts from it.
	other := watchlist.FamilyChange{Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Diop", Spellings: []string{"Dyalou"}}
	got, err = x.Preview(t.Context(), names.Shipped(), names.With(nil, other), other.Spellings)
	if err != nil || got.Parted == 0 || got.Linked != 1 {
		t.Errorf("into another family: %+v %v", got, err)
	}
}
