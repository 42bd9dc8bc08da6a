package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
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
		for ga := MinGroups; ga <= MaxGroups; ga++ {
			for _, x := range corners() {
				blocks := 1 + r.IntN(9)
				g := newGallery(r, ga, blocks, x)
				lanes := []int{blocks * Lanes, r.IntN(blocks*Lanes + 1), r.IntN(blocks*Lanes + 1), blocks*Lanes - 31}[r.IntN(4)]
				for _, d := range []int64{0, 1, -1, 500, -500, math.MaxInt32, math.MinInt32} {
					checkScans(t, s, g, lanes, d, r.Uint32()/2)
				}
			}
		}
	})
}

// checkScans compares both scans with the model at thresholds moved by d.
func checkScans(t *testing.T, s *Set, g *gallery, lanes int, d int64, base uint32) {
	t.Helper()
	move := func(thr int32) int32 { return int32(max(math.MinInt32, min(math.MaxInt32, int64(thr)+d))) }
	if d == math.MaxInt32 || d == math.MinInt32 {
		move = func(int32) int32 { return int32(d) }
	}
	out := make([]uint32, lanes+Lanes)
	n := s.ScanA(g.a, g.ga, lanes, &g.weights, move(g.thrA), base, out)
	if diff := cmp.Diff(modelScanA(g.a, g.ga, lanes, &g.weights, move(g.thrA), base), out[:n:n]); diff != "" {
		t.Fatalf("ScanA, %d groups, %d lanes, threshold %d (-model +kernel):\n%s", g.ga, lanes, move(g.thrA), diff)
	}
	n = s.ScanAB(g.a, g.b, g.ga, lanes, &g.weights, move(g.thrB), base, out)
	if diff := cmp.Diff(modelScanAB(g.a, g.b, g.ga, lanes, &g.weights, move(g.thrB), base), out[:n:n]); diff != "" {
		t.Fatalf("ScanAB, %d groups, %d lanes, threshold %d (-model +kernel):\n%s", g.ga, lanes, move(g.thrB), diff)
	}
}

func TestRefineMatchesModel(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(3, 4))
		for round := range 400 {
			x := extremes{code: -1}
			if round%4 == 0 {
				x.code = []int{0, 0xff, 0x0f, 0xf0}[round/4%4]
			}
			g := newGallery(r, MinGroups+round%3, 1+r.IntN(20), x)
			ids := make([]uint32, r.IntN(70))
			for i := range ids {
				ids[i] = r.Uint32N(uint32(len(g.e8)))
			}
			switch round % 5 {
			case 1:
				g.targets.Limit = float32(math.Inf(1))
			case 2:
				g.targets.Limit, g.targets.Unit = 0, 0
			}
			checkRefine(t, s, g, ids)
		}
	})
}

func checkRefine(t *testing.T, s *Set, g *gallery, ids []uint32) {
	t.Helper()
	ids = append([]uint32(nil), ids...)
	want, wantD := modelRefine(g.a, g.b, g.rows, g.e8, g.ga, &g.targets, ids)
	d2 := make([]float32, len(ids))
	n := s.Refine(g.a, g.b, g.rows, g.e8, g.ga, &g.targets, ids, d2)
	if n != len(want) {
		t.Fatalf("%d of %d rows stay, want %d", n, len(ids), len(want))
	}
	for i := range want {
		if ids[i] != want[i] || math.Float32bits(d2[i]) != math.Float32bits(wantD[i]) {
			t.Fatalf("%d groups, place %d of %d: row %d at %v, want row %d at %v", g.ga, i, n, ids[i], d2[i], want[i], wantD[i])
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
	a, b, w := make([]byte, 2*BlockSize(5)), make([]byte, 2*BlockSize(groups-5)), &Weights{}
	rows, e8, out := make([]byte, 64*RowSize), make([]byte, 64), make([]uint32, 96)
	d2, ids := make([]float32, 2), []uint32{0, 63}
	cases := map[string]func(s *Set){
		"groups":        func(s *Set) { s.ScanA(a, 3, 64, w, 0, 0, out) },
		"short plane":   func(s *Set) { s.ScanA(a[1:], 5, 33, w, 0, 0, out) },
		"short plane B": func(s *Set) { s.ScanAB(a, b[1:], 5, 33, w, 0, 0, out) },
		"short plane A": func(s *Set) { s.ScanAB(a[1:], b, 5, 33, w, 0, 0, out) },
		"out":           func(s *Set) { s.ScanA(a, 5, 64, w, 0, 0, out[1:]) },
		"negative":      func(s *Set) { s.ScanA(a, 5, -1, w, 0, 0, out) },
		"ids wrap":      func(s *Set) { s.ScanA(a, 5, 2, w, 0, math.MaxUint32, out) },
		"shift":         func(s *Set) { s.ScanA(a, 5, 64, &Weights{ShiftAHigh: 32}, 0, 0, out) },
		"d2":            func(s *Set) { s.Refine(a, b, rows, e8, 5, &Targets{}, ids, d2[:1]) },
		"e8":            func(s *Set) { s.Refine(a, b, rows, e8[:63], 5, &Targets{}, ids, d2) },
		"rows":          func(s *Set) { s.Refine(a, b, rows[1:], e8, 5, &Targets{}, ids, d2) },
		"refine A":      func(s *Set) { s.Refine(a[1:], b, rows, e8, 5, &Targets{}, ids, d2) },
		"refine B":      func(s *Set) { s.Refine(a, b[1:], rows, e8, 5, &Targets{}, ids, d2) },
		"dimension":     func(s *Set) { s.Rotate(make([]float32, 8), make([]float32, 8), d2) },
		"vectors":       func(s *Set) { s.Rotate(make([]float32, 16), make([]float32, 31), d2) },
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
	f.Fuzz(func(t *testing.T, seed uint64, ga byte, lanes uint16, thr int32, code int16, weight int8) {
		r := rand.New(rand.NewPCG(seed, 0))
		n := int(lanes % 400)
		x := extremes{code: max(-1, int(code)) & 0xff, bias: r.IntN(4) - 1, weight: weight}
		if code < 0 {
			x.code = -1
		}
		g := newGallery(r, MinGroups+int(ga%3), n/Lanes+1, x)
		ids := make([]uint32, n%50)
		for i := range ids {
			ids[i] = r.Uint32N(uint32(len(g.e8)))
		}
		for _, s := range Available() {
			checkScans(t, s, g, n, int64(thr), uint32(seed)/2)
			checkScans(t, s, g, n, int64(thr)%1000, uint32(seed)/2)
			checkRefine(t, s, g, ids)
		}
	})
}

func ExampleByName() {
	s, err := ByName("portable")
	fmt.Println(s.Name(), err)
	// Output: portable <nil>
}
