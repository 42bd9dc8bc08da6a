package evalnames

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vigie/watchlist/mrz"
)

// zoneRegion is a region of two families in two scripts.
func zoneRegion() region {
	return region{
		"surname": {"Diallo": {"fr": {"Diallo"}, "en": {"Jallow"}, "ar": {"ديالو"}}, "Ndiaye": {"fr": {"N'Diaye"}, "ar": {"اندياي"}}},
		"given":   {"Mamadou": {"fr": {"Mamadou"}, "pt": {"Mamadú"}, "ar": {"مامادو"}}, "Aissatou": {"fr": {"Aïssatou"}, "ar": {"عائشة"}}, "Fatou": {"fr": {"Fatou"}, "ar": {"فاطو"}}},
	}
}

// TestZones: zones read as what was printed; every kind of difficulty occurs; an
// error changes one printed character at most; equal seeds give equal zones.
func TestZones(t *testing.T) {
	people := zoneRegion().zonePeople(rand.New(rand.NewPCG(1, 1)), 200)
	seen := map[string]bool{}
	for _, p := range people {
		if seen[p.listed] {
			t.Errorf("two people are called alike")
		}
		seen[p.listed] = true
	}
	kinds := map[zoneKind]int{}
	for errors := range 3 {
		rng, same := rand.New(rand.NewPCG(2, 2)), rand.New(rand.NewPCG(2, 2))
		for i := range people {
			q, err := people[i].zone(rng, errors)
			if err != nil {
				t.Fatal(err)
			}
			again, err := people[i].zone(same, errors)
			if err != nil || !slices.Equal(q.lines, again.lines) {
				t.Fatal("equal seeds gave two zones")
			}
			kinds[q.zoneKind]++
			d, err := mrz.ParseAt(q.lines, 2026)
			if err != nil || len(d.Wrong()) > 0 {
				t.Fatalf("a zone that can't be read: %v", err)
			}
			if errors == 0 && !q.arabic && !q.truncated && !q.swap {
				if want := strings.ReplaceAll(mrz.NameField(people[i].surname, people[i].given), "<<", "<"); strings.ReplaceAll(d.Surname+" "+d.Given, " ", "<") != want {
					t.Error("a clean zone does not read as the name that was printed")
				}
			}
		}
	}
	var truncated, swapped, arabic int
	for k, n := range kinds {
		truncated, swapped, arabic = truncated+bit(k.truncated)*n, swapped+bit(k.swap)*n, arabic+bit(k.arabic)*n
	}
	if truncated < 60 || swapped < 60 || arabic < 10 {
		t.Errorf("of 600 zones %d are cut off, %d swapped, %d from Arabic script", truncated, swapped, arabic)
	}
}
