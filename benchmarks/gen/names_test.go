package gen

import (
	"strings"
	"testing"
)

func TestNamesAreReproducibleAndVaried(t *testing.T) {
	a, b := Names(1, 5000), Names(1, 5000)
	distinct := map[string]bool{}
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("the same seed must give the same names")
		}
		distinct[a[i]] = true
	}
	if len(distinct) < 3500 {
		t.Errorf("only %d of 5000 names are distinct", len(distinct))
	}
	if Names(2, 1)[0] == a[0] && Names(2, 2)[1] == a[1] {
		t.Error("another seed must give other names")
	}
}

func TestMisspellChangesOneThing(t *testing.T) {
	for i, n := range Names(3, 500) {
		m := Misspell(uint64(i), n)
		d := len([]rune(m)) - len([]rune(n))
		if d < -1 || d > 1 {
			t.Errorf("%q became %q", n, m)
		}
	}
	if Misspell(1, "Bâ") != "Bâ" || Misspell(1, "Ba Sy") != "Ba Sy" {
		t.Error("short names stay")
	}
}

func TestSkewedNamesFollowTheCounts(t *testing.T) {
	counts := []Counted{{"Awa", false, 1}, {"Issa", false, 3}, {"Ndiaye", true, 9}, {"Diop", true, 1}}
	a, b := SkewedNames(1, 4000, counts), SkewedNames(1, 4000, counts)
	tally := map[string]int{}
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("the same seed must give the same names")
		}
		w := strings.Fields(a[i])
		tally[w[len(w)-1]]++
	}
	if tally["Ndiaye"] < 2600 || tally["Ndiaye"] > 3150 || tally["Diop"] < 220 || tally["Diop"] > 420 {
		t.Errorf("Ndiaye %d, Diop %d of 4000; want about 2880 and 320", tally["Ndiaye"], tally["Diop"])
	}
	if n := len(SkewedNames(1, 3, nil)); n != 3 {
		t.Errorf("without counts: %d names", n)
	}
}
