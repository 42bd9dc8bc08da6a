package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eachSet runs f once for every Set of this CPU.
func eachSet(t *testing.T, f func(t *testing.T, s *Set)) {
	t.Helper()
	for _, s := range Available() {
		t.Run(s.Name(), func(t *testing.T) { f(t, s) })
	}
}

func corners() []extremes {
	var all []extremes
	for _, code := range []int{-1, 0, 0xff, 0xf0, 0x0f} {
		for _, bias := range []int{0, -1, 1, 2} {
			for _, w := range []int8{0, 127, -127, -128, 1} {
				all = append(all, extremes{code, bias, w})
			}
		}
	}
	return all
}

func TestScanMatchesModel(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 2))
		for planes := 1; planes <= MaxPlanes; planes++ {
			for _, x := range corners() {
				blocks := 1 + r.IntN(9)
				g := newGallery(r, planes, blocks, x)
				lanes := []int{blocks * Lanes, r.IntN(blocks*Lanes + 1), r.IntN(blocks*Lanes + 1), blocks*Lanes - 31}[r.IntN(4)]
				for _, d := range []int64{0, 1, -1, 500, -500, math.MaxInt32, math.MinInt32} {
					checkScan(t, s, g, lanes, d, r.Uint32()/2)
				}
			}
		}
	})
}

// checkScan compares a scan with the model at a threshold moved by d.
func checkScan(t *testing.T, s *Set, g *gallery, lanes int, d int64, base uint32) {
	t.Helper()
	thr := int32(max(math.MinInt32, min(math.MaxInt32, int64(g.thr[g.planes])+d)))
	if d == math.MaxInt32 || d == math.MinInt32 {
		thr = int32(d)
	}
	out, sums := make([]uint32, lanes+Lanes), make([]int32, lanes+Lanes)
	ids, want := modelScan(g, g.planes, lanes, thr, base)
	for _, g.many = range []bool{false, true} {
		n := g.scan(s, lanes, thr, base, out, sums)
		if !slices.Equal(ids, out[:n]) || !slices.Equal(want, sums[:n]) {
			t.Fatalf("%d planes, %d lanes, threshold %d, many %t (-model +kernel):\n%s%s",
				g.planes, lanes, thr, g.many, cmp.Diff(ids, out[:n:n]), cmp.Diff(want, sums[:n:n]))
		}
	}
}

// scan scans as many planes as the gallery's rows are beside.
func (g *gallery) scan(s *Set, lanes int, thr int32, base uint32, out []uint32, sums []int32) int {
	if g.planes == 1 {
		return s.Scan(g.first, lanes, &g.weights, thr, g.many, base, out, sums)
	}
	return s.ScanBoth(g.first, g.second, lanes, &g.weights, thr, g.many, base, out, sums)
}

func TestRefineMatchesModel(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(3, 4))
		for round := range 400 {
			x := extremes{code: -1}
			if round%4 == 0 {
				x.code = []int{0, 0xff, 0x0f, 0xf0}[round/4%4]
				x.weight = []int8{127, -128, 0, -127, 1}[round/16%5]
			}
			g := newGallery(r, 1+round/2%2, 1+r.IntN(20), x)
			checkRefine(t, s, g, r, r.IntN(70))
		}
	})
}

// checkRefine deepens and refines n random rows with random sums, at a threshold
// near the outcome of one of them and at both ends.
func checkRefine(t *testing.T, s *Set, g *gallery, r *rand.Rand, n int) {
	t.Helper()
	ids, sums := make([]uint32, n), make([]int32, n)
	for i := range ids {
		ids[i] = r.Uint32N(uint32(len(g.rows) / RowSize(g.planes)))
		sums[i] = int32(r.IntN(1<<30) - 1<<29)
		if r.IntN(20) == 0 {
			sums[i] = int32(r.Uint32())
		}
	}
	for _, f := range []struct {
		name   string
		model  func(thr int32, ids []uint32, sums []int32) ([]uint32, []int32)
		kernel func(thr int32, ids []uint32, sums []int32) int
	}{
		{
			"Deepen", func(thr int32, ids []uint32, sums []int32) ([]uint32, []int32) { return modelDeepen(g, thr, ids, sums) },
			func(thr int32, ids []uint32, sums []int32) int { return s.Deepen(g.second, &g.weights, thr, ids, sums) },
		},
		{
			"Refine", func(thr int32, ids []uint32, sums []int32) ([]uint32, []int32) { return modelRefine(g, thr, ids, sums) },
			func(thr int32, ids []uint32, sums []int32) int { return s.Refine(g.rows, &g.targets, thr, ids, sums) },
		},
	} {
		thresholds := []int32{math.MinInt32, math.MaxInt32}
		if n > 0 {
			_, near := f.model(math.MinInt32, ids[n/2:n/2+1], sums[n/2:])
			thresholds = append(thresholds, near[0], near[0]+1)
		}
		for _, thr := range thresholds {
			want, totals := f.model(thr, ids, sums)
			got, have := slices.Clone(ids), slices.Clone(sums)
			k := f.kernel(thr, got, have)
			if !slices.Equal(want, got[:k]) || !slices.Equal(totals, have[:k]) {
				t.Fatalf("%s, %d planes, threshold %d (-model +kernel):\n%s%s", f.name, g.planes, thr, cmp.Diff(want, got[:k:k]), cmp.Diff(totals, have[:k:k]))
			}
		}
	}
}

func TestRotateMatchesModel(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, dim := range []int{16, 32, 48, 112, 128, 144, 512} {
			for n := range 20 {
				x, rows := make([]float32, dim), make([]float32, n*dim)
				for _, v := range [][]float32{x, rows} {
					for i := range v {
						v[i] = float32(r.NormFloat64()) * float32(math.Exp2(float64(r.IntN(40)-20)))
					}
				}
				out := make([]float32, n)
				s.Rotate(x, rows, out)
				for j, want := range modelRotate(x, rows, n) {
					if math.Float32bits(out[j]) != math.Float32bits(want) {
						t.Fatalf("dimension %d, row %d of %d: %v, want %v", dim, j, n, out[j], want)
					}
				}
			}
		}
	})
}

func TestMisusePanics(t *testing.T) {
	first, second, w, one := make([]byte, 2*FirstBlock), make([]byte, 2*SecondBlock), &Weights{}, &Targets{}
	none, flat := &[Dims]int8{}, &[Parts]uint32{}
	one.Set(1, none, flat, 0)
	rows, out, sums := make([]byte, 64*RowSize(1)), make([]uint32, 96), make([]int32, 96)
	ids, d2 := []uint32{0, 63}, make([]float32, 2)
	cases := map[string]func(s *Set){
		"no planes":    func(*Set) { PlaneDims(0) },
		"many planes":  func(*Set) { RowSize(3) },
		"bias shift":   func(s *Set) { s.Scan(first, 64, &Weights{bias: 13}, 0, false, 0, out, sums) },
		"low shift":    func(s *Set) { s.Scan(first, 64, &Weights{shifts: [6]uint32{9, 4}}, 0, false, 0, out, sums) },
		"high shift":   func(s *Set) { s.ScanBoth(first, second, 64, &Weights{shifts: [6]uint32{5: 9}}, 0, true, 0, out, sums) },
		"never set":    func(s *Set) { s.Refine(rows, &Targets{}, 0, ids, sums) },
		"short plane":  func(s *Set) { s.Scan(first[1:], 33, w, 0, false, 0, out, sums) },
		"short planes": func(s *Set) { s.ScanBoth(first, second[1:], 33, w, 0, true, 0, out, sums) },
		"short first":  func(s *Set) { s.ScanBoth(first[1:], second, 33, w, 0, true, 0, out, sums) },
		"out":          func(s *Set) { s.Scan(first, 64, w, 0, false, 0, out[1:], sums) },
		"sums":         func(s *Set) { s.Scan(first, 64, w, 0, false, 0, out, sums[1:]) },
		"negative":     func(s *Set) { s.Scan(first, -1, w, 0, false, 0, out, sums) },
		"ids wrap":     func(s *Set) { s.Scan(first, 2, w, 0, false, math.MaxUint32, out, sums) },
		"few sums":     func(s *Set) { s.Refine(rows, one, 0, ids, sums[:1]) },
		"rows":         func(s *Set) { s.Refine(rows[1:], one, 0, ids, sums) },
		"deep id":      func(s *Set) { s.Deepen(second[1:], w, 0, ids, sums) },
		"deep sums":    func(s *Set) { s.Deepen(second, w, 0, ids, sums[:1]) },
		"deep shift":   func(s *Set) { s.Deepen(second, &Weights{bias: 13}, 0, ids, sums) },
		"rising":       func(*Set) { (&Weights{}).SetShifts(&[6]uint32{3, 4}, 0) },
		"far shift":    func(*Set) { one.Set(1, none, flat, 32) },
		"part shift":   func(*Set) { one.Set(1, none, &[Parts]uint32{6: 32}, 0) },
		"dimension":    func(s *Set) { s.Rotate(make([]float32, 8), make([]float32, 8), d2) },
		"vectors":      func(s *Set) { s.Rotate(make([]float32, 16), make([]float32, 31), d2) },
	}
	eachSet(t, func(t *testing.T, s *Set) {
		for name, f := range cases {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic", name)
					}
				}()
				f(s)
			}()
		}
	})
}

func TestByName(t *testing.T) {
	for _, s := range Available() {
		got, err := ByName(s.Name())
		if err != nil || got.Name() != s.Name() {
			t.Errorf("ByName(%q) = %v, %v", s.Name(), got, err)
		}
	}
	_, err := ByName("neon9000")
	if err == nil || !strings.Contains(err.Error(), Best().Name()) || !strings.Contains(err.Error(), "portable") {
		t.Errorf("the error for an unknown kernel does not name the others: %v", err)
	}
	if last := Available()[len(Available())-1].Name(); last != "portable" {
		t.Errorf("the last kernel is %s", last)
	}
}

func FuzzScan(f *testing.F) {
	f.Add(uint64(1), byte(0), uint16(40), int32(0), int16(0), int8(0))
	f.Add(uint64(2), byte(1), uint16(64), int32(math.MaxInt32), int16(0xff), int8(127))
	f.Add(uint64(3), byte(2), uint16(1), int32(math.MinInt32), int16(-1), int8(-127))
	f.Fuzz(func(t *testing.T, seed uint64, planes byte, lanes uint16, thr int32, code int16, weight int8) {
		r := rand.New(rand.NewPCG(seed, 0))
		n := int(lanes % 400)
		x := extremes{code: max(-1, int(code)) & 0xff, bias: r.IntN(4) - 1, weight: weight}
		if code < 0 {
			x.code = -1
		}
		g := newGallery(r, 1+int(planes%2), n/Lanes+1, x)
		for _, s := range Available() {
			checkScan(t, s, g, n, int64(thr), uint32(seed)/2)
			checkScan(t, s, g, n, int64(thr)%1000, uint32(seed)/2)
			checkRefine(t, s, g, r, n%50)
		}
	})
}

func ExampleByName() {
	s, err := ByName("portable")
	fmt.Println(s.Name(), err)
	// Output: portable <nil>
}
