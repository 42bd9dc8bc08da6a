package evalfaces

import (
	"math"
	"testing"

	"vigie/watchlist"
)

// The summaries of 1, 2 and 4 in 1,000, computed by hand.
func TestDifferential(t *testing.T) {
	d := differential([]float64{1e-3, 2e-3, 4e-3}, []int{100_000, 100_000, 100_000})
	// Gini: ordered pairs differ by 2*(1+2+3) = 12; 12 / (2 * 9 * 7/3) * 3/2 = 3/7.
	for name, c := range map[string][2]float64{
		"worst/best": {d.WorstBest, 4}, "log10": {d.Log10, math.Log10(4)}, "worst/mean": {d.WorstMean, 2}, "Gini": {d.Gini, 3.0 / 7},
	} {
		if math.Abs(c[0]-c[1]) > 1e-12 {
			t.Errorf("%s is %v instead of %v", name, c[0], c[1])
		}
	}
	if equal := differential([]float64{0.1, 0.1}, []int{10, 10}); equal.Gini != 0 || equal.WorstBest != 1 {
		t.Errorf("equal groups: %+v", equal)
	}
	if none := differential([]float64{0, 2e-3}, []int{1000, 1000}); none.Floored != 1 || math.Abs(none.WorstBest-4) > 1e-12 {
		t.Errorf("a rate of no event: %+v", none)
	}
	if worst := differential([]float64{1e-9, 1e-9, 1}, []int{1 << 40, 1 << 40, 1 << 40}); worst.Gini < 0.999 {
		t.Errorf("one group has it all: %+v", worst)
	}
	if differential([]float64{1}, []int{1}) != nil {
		t.Error("one group is held against itself")
	}
}

// Where the worst photos are those that are missed, leaving them out helps.
func TestDiscard(t *testing.T) {
	set := drawnSet()
	group := set.compared()[0]
	for i := range group.Photos {
		group.Photos[i].Quality = watchlist.FaceQuality{Sharpness: float64(i % 100)}
	}
	table := templates([]GroupSet{group})[0].Compare(func(i, j int) float64 {
		return min(group.Photos[i].Quality.Sharpness, group.Photos[j].Quality.Sharpness) / 100
	})
	curve := discard(table, group.Photos, 0.0999)["sharpness"]
	if len(curve) != 7 || curve[0].FNMR < 0.05 || curve[6].FNMR != 0 {
		t.Fatalf("%+v", curve)
	}
	for i := 1; i < len(curve); i++ {
		if curve[i].FNMR > curve[i-1].FNMR || curve[i].Discarded <= curve[i-1].Discarded {
			t.Errorf("%+v", curve)
		}
	}
}

// A large group is compared in part: whole persons, those with mates first.
func TestAtMost(t *testing.T) {
	g := drawnSet().Groups[0]
	part := g.atMost(200)
	photos := map[string]int{}
	for _, p := range part.Photos {
		photos[p.Person]++
	}
	for p, n := range photos {
		if n != 2 {
			t.Errorf("%s has %d photos", p, n)
		}
	}
	if len(part.Photos) != 200 || part.Persons != 100 || len(photos) != 100 {
		t.Errorf("%d photos of %d persons", len(part.Photos), part.Persons)
	}
	if all := g.atMost(len(g.Photos)); len(all.Photos) != len(g.Photos) || all.Persons != 300 {
		t.Errorf("%d photos of %d persons", len(all.Photos), all.Persons)
	}
}

// A run that was ended in the middle of a record goes on before it.
func TestCacheGoesOn(t *testing.T) {
	dir := t.TempDir() + "/cache"
	open := func() *Cache {
		t.Helper()
		c, err := OpenCache(dir, "model")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	for k := range 3 {
		if err := c.put(record{Digest: [32]byte{byte(k)}, Reference: []float32{float32(k), 2}}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := c.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.file.Truncate(info.Size() - 5); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(true); err != nil {
		t.Fatal(err)
	}
	c = open()
	if len(c.have) != 2 {
		t.Errorf("%d records are left of three, the last of which was cut off", len(c.have))
	}
	if err := c.put(record{Digest: [32]byte{9}, Refused: "no_face"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(true); err != nil {
		t.Fatal(err)
	}
	if other, err := OpenCache(dir, "another"); err != nil || len(other.have) != 0 {
		t.Errorf("templates of another model are taken: %v, %v", other.have, err)
	} else if err := other.Close(true); err != nil {
		t.Fatal(err)
	}
	c = open()
	if r, ok := c.get([32]byte{9}); !ok || r.Refused != "no_face" || c.Hits() != 1 {
		t.Errorf("%+v, %t", r, ok)
	}
	if r, ok := c.get([32]byte{1}); !ok || r.Reference[0] != 1 {
		t.Errorf("%+v, %t", r, ok)
	}
	if err := c.Close(false); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(t.TempDir()+"/file/below", "m"); err != nil {
		t.Errorf("a folder two levels down: %v", err)
	}
}
