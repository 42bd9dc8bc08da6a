package matcher

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"vigie/watchlist"
)

// regional are common names of the region in several orthographies, and some that
// few bear.
var (
	regionalGiven   = []string{"Mamadou", "Momodou", "Fatou", "Fatoumata", "Ousmane", "Usman", "Awa", "Cheikh", "Sira", "Yoro", "M."}
	regionalSurname = []string{"Diallo", "Jallow", "Djaló", "Diop", "Jobe", "Ndiaye", "Njie", "Ba", "Diakhoumpa", "Thiandoum", "Ould Ahmed"}
)

func drawName(t *rapid.T, what string) string {
	n := rapid.SampledFrom(regionalGiven).Draw(t, what+" given")
	if rapid.Bool().Draw(t, what+" two given names") {
		n += " " + rapid.SampledFrom(regionalGiven).Draw(t, what+" second")
	}
	return n + " " + rapid.SampledFrom(regionalSurname).Draw(t, what+" surname")
}

// TestANameAloneIsNeverStrong drives the whole matcher, with the comparators that
// ship: whatever the names, the base rate and the size of the list, a name alone is
// never above "possible", and a weak alias never alerts, even with all that
// identity papers say beside it.
func TestANameAloneIsNeverStrong(t *testing.T) {
	seen := map[watchlist.Band]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		weakOnly := map[watchlist.EntryID]bool{}
		p := withName(probe())
		p.Names[0].Full = drawName(t, "probe")
		papers := rapid.Bool().Draw(t, "papers")
		if papers {
			p.Birth, p.Sex, p.Nationality = watchlist.Birth{From: date(1984, 5, 3)}, watchlist.SexMale, "SEN"
		}
		for n := range rapid.IntRange(1, 6).Draw(t, "entries") {
			e := w.add(n, -1)
			e.Names[0].Full = drawName(t, "entry")
			if rapid.Bool().Draw(t, "same") {
				e.Names[0].Full = p.Names[0].Full
			}
			if rapid.Bool().Draw(t, "weak") {
				e.Names[0].Kind, weakOnly[e.ID] = watchlist.NameWeak, true
			}
			e.Births, e.Sex, e.Nationalities = []watchlist.Birth{p.Birth}, p.Sex, []watchlist.Country{"SEN"}
			w.nameScore[e.Names[0].Full] = 1 // the index brings all of them up
			w.named = append(w.named, e.ID)
		}
		c := w.config()
		c.BaseRate = rapid.SampledFrom([]float64{1e-9, 1e-4, 0.01, 0.5}).Draw(t, "base rate")
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		lead, err := m.Match(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range lead.Candidates {
			seen[c.Band]++
			if weakOnly[c.Entry.ID] {
				t.Fatalf("a weak alias alerts: %+v", c.Evidence)
			}
			if !papers && c.Band == watchlist.BandStrong {
				t.Fatalf("a name alone is strong: %+v", c)
			}
		}
	})
	if seen[watchlist.BandPossible] == 0 || seen[watchlist.BandStrong] == 0 {
		t.Errorf("bands seen: %v; the test should see names alone and names with papers", seen)
	}
}
