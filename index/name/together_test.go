package name

import (
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// togetherTables are three tables of which each but the first parts or joins words
// that plainCounts makes common.
func togetherTables() []*names.Table {
	changes := []watchlist.FamilyChange{
		{Number: 1, Kind: watchlist.FamilyAdd, Part: watchlist.FamilyGiven, Spellings: []string{"Fatou", "Aminata", "Quozzi"}, PerMillion: 20_000, Status: watchlist.FamilyAccepted, Version: 1},
		{Number: 2, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Family: "Diallo", Spellings: []string{"Ndiaye", "Tchallovic"}, Status: watchlist.FamilyAccepted, Version: 2},
	}
	return []*names.Table{names.Shipped(), names.InForce(changes[:1]), names.InForce(changes)}
}

// TestEverythingTogether changes entries and tables while folds and compactions run,
// and starts again from the file in between, behind by what was written since: after
// each step the answers are those of a scan by the table in force, to the bit.
func TestEverythingTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2026))
	f, tables, l := newKeeping(t), togetherTables(), plainList{}
	entries := plainEntries(r, 0, 500)
	for _, e := range entries {
		l.put(e)
	}
	open := func(table *names.Table) *Keeper {
		k := f.open(t)
		k.slack = -200 // a compaction after some hundred changes
		k.SetTable(table)
		k.Recall("registry")
		return k
	}
	table, index := tables[0], uint64(1)
	k := open(table)
	if err := k.Rebuild(each(entries), index); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if k.Table() != table {
			t.Fatalf("table %s is in force, want %s", k.Table().Version(), table.Version())
		}
		for range 4 {
			checkPlain(t, k.Index, l, plainQuery(r, entries))
		}
		for _, full := range []string{"Aminata Ndiaye", "Fatou Tchallovic", "Quozzi Diallo"} {
			checkPlain(t, k.Index, l, watchlist.NameQuery{Names: []watchlist.Name{{Full: full}}, K: 100})
		}
	}
	write := func(apply func(changes []watchlist.Change, index uint64) error) {
		i := r.IntN(len(entries))
		entries[i] = plainEntries(r, i, 1)[0]
		c := watchlist.Change{ID: entries[i].ID, Entry: entries[i]}
		if r.IntN(10) == 0 {
			c.Entry = nil
			delete(l, c.ID)
		} else {
			l.put(entries[i])
		}
		index++
		if err := apply([]watchlist.Change{c}, index); err != nil {
			t.Fatal(err)
		}
	}
	compacted, most := 0, 0
	// noted counts the compactions that are over: only they make the ids fewer.
	noted := func() {
		ids := len(k.state.Load().ids)
		if ids < most {
			compacted++
		}
		most = ids
	}
	for round := range 9 {
		for i := range 400 {
			write(k.Apply)
			if i%150 == 70 || r.IntN(50) == 0 && folds(k.Index) {
				table = tables[r.IntN(len(tables))]
				k.SetTable(table)
			}
			noted()
		}
		check()
		settle(k.Index)
		noted()
		check()
		checkContent(t, k.Index, l, entries)
		if round%3 != 2 {
			continue
		}
		closeKeeper(t, k)
		table = tables[(round/3+1)%len(tables)]
		if k = open(table); k.Applied() != index {
			t.Fatalf("the file is not used: index %d, want %d\n%s", k.Applied(), index, f.log.String())
		}
		most = 0
		check()
		for range 30 {
			write(k.CatchUp)
		}
		check()
	}
	closeKeeper(t, k)
	if compacted == 0 {
		t.Error("the test wants a compaction")
	}
}

// folds reports whether a fold or a compaction is under way.
func folds(x *Index) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.folding
}

// checkContent holds an index against one that is built of the entries of the list.
func checkContent(t *testing.T, x *Index, l plainList, entries []*watchlist.Entry) {
	t.Helper()
	var living []*watchlist.Entry
	for _, e := range entries {
		if _, ok := l[e.ID]; ok {
			living = append(living, e)
		}
	}
	built := newIndex(t)
	if err := built.Rebuild(each(living), 1); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(draftOf(built.state.Load()), draftOf(x.state.Load()), gocmp.AllowUnexported(draft{})); diff != "" {
		t.Fatalf("the content differs (- built, + changed):\n%.2000s", diff)
	}
}
