package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"
)

// checkDistances holds every distance to the bound of the contract, and to +Inf
// beyond the largest float32.
func checkDistances(t *testing.T, s *Set, q, vectors []float32, ids []uint32) {
	t.Helper()
	n := len(q)
	d2 := make([]float32, len(ids)+1)
	d2[len(ids)] = 42
	s.Distances(q, vectors, n, ids, d2)
	if d2[len(ids)] != 42 {
		t.Errorf("a value behind the last was written")
	}
	k := float64(n+2) * 0x1p-24
	gamma := k / (1 - k)
	for i, id := range ids {
		exact := 0.0
		for j, v := range vectors[int(id)*n:][:n] {
			d := float64(q[j]) - float64(v)
			exact += d * d
		}
		got := float64(d2[i])
		off := gamma*exact*(1+1e-9) + float64(n)*0x1p-149
		overflows := exact+off > math.MaxFloat32
		if math.IsNaN(got) || !(math.Abs(got-exact) <= off) && !(overflows && math.IsInf(got, 1)) {
			t.Fatalf("%d values, row %d of %d (id %d): %v, want %v ± %v", n, i, len(ids), id, got, exact, off)
		}
	}
}

func TestDistancesStayInTheBound(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(21, 22))
		for _, dim := range []int{16, 32, 48, 64, 80, 112, 128, 144, 512, 528, 4096} {
			for _, scale := range []float64{1, 1e-3, 1e-19, 1e-23, 1e-40, 1e18, 1e19, 1e36, 1e37} {
				const rows = 37
				q, vectors := make([]float32, dim), make([]float32, rows*dim)
				for i := range q {
					q[i] = float32(scale * r.NormFloat64())
				}
				for i := range vectors {
					vectors[i] = q[i%dim]
					switch i / dim % 4 {
					case 0: // equal
					case 1:
						vectors[i] = math.Nextafter32(q[i%dim], 0)
					case 2:
						vectors[i] = -q[i%dim]
					default:
						vectors[i] = float32(scale * r.NormFloat64())
					}
				}
				for _, n := range []int{0, 1, 2, 9, 40} {
					ids := make([]uint32, n)
					for i := range ids {
						ids[i] = r.Uint32N(rows)
					}
					checkDistances(t, s, q, vectors, ids)
				}
			}
		}
	})
}

// TestDistancesMisuse holds Distances to its checks: it must never read beyond
// its slices.
func TestDistancesMisuse(t *testing.T) {
	q, v, d2 := make([]float32, 32), make([]float32, 64), make([]float32, 2)
	cases := map[string]func(s *Set){
		"no dimension":   func(s *Set) { s.Distances(nil, v, 0, []uint32{0}, d2) },
		"odd dimension":  func(s *Set) { s.Distances(q[:24], v, 24, []uint32{0}, d2) },
		"short query":    func(s *Set) { s.Distances(q[:16], v, 32, []uint32{0}, d2) },
		"long query":     func(s *Set) { s.Distances(q, v, 16, []uint32{0}, d2) },
		"id":             func(s *Set) { s.Distances(q, v, 32, []uint32{0, 2}, d2) },
		"part of a row":  func(s *Set) { s.Distances(q, v[:63], 32, []uint32{1}, d2) },
		"largest id":     func(s *Set) { s.Distances(q, v, 32, []uint32{math.MaxUint32}, d2) },
		"no room for d2": func(s *Set) { s.Distances(q, v, 32, []uint32{0, 1, 0}, d2) },
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
		s.Distances(q, nil, 32, nil, nil)
	})
}

// TestPortableDistancesReadNamedRowsOnly lets a writer fill the next row
// meanwhile. The race detector sees any read of it.
func TestPortableDistancesReadNamedRowsOnly(t *testing.T) {
	s, err := ByName("portable")
	if err != nil {
		t.Fatal(err)
	}
	q, vectors, d2 := make([]float32, 32), make([]float32, 3*32), make([]float32, 2)
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range 32 {
			vectors[64+i]++
		}
	})
	s.Distances(q, vectors, 32, []uint32{1, 0}, d2)
	writer.Wait()
}

func FuzzDistances(f *testing.F) {
	f.Add(uint64(1), uint8(8), uint16(20), float32(1))
	f.Add(uint64(2), uint8(32), uint16(3), float32(1e-40))
	f.Fuzz(func(t *testing.T, seed uint64, lines uint8, n uint16, scale float32) {
		if math.IsNaN(float64(scale)) || math.IsInf(float64(scale), 0) {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		dim, rows := 16*(1+int(lines%64)), 1+int(n%70)
		q, vectors := make([]float32, dim), make([]float32, rows*dim)
		for i := range q {
			q[i] = scale * (2*r.Float32() - 1)
		}
		for i := range vectors {
			vectors[i] = scale * (2*r.Float32() - 1)
		}
		ids := make([]uint32, n%300)
		for i := range ids {
			ids[i] = r.Uint32N(uint32(rows))
		}
		for _, s := range Available() {
			checkDistances(t, s, q, vectors, ids)
		}
	})
}

// BenchmarkDistances takes all rows in order, and every third, of a gallery in
// memory and of one in the cache.
func BenchmarkDistances(b *testing.B) {
	for _, dim := range []int{128, 512} {
		for _, size := range []struct {
			name  string
			bytes int
		}{{"L2", 256 << 10}, {"DRAM", 400 << 20}} {
			rows := size.bytes / 4 / dim
			vectors, q := hugeFloats(rows*dim), make([]float32, dim)
			for i := range vectors {
				vectors[i] = 1
			}
			for _, step := range []int{1, 3} {
				for _, s := range Available() {
					b.Run(fmt.Sprintf("%d/%s/every=%d/%s", dim, size.name, step, s.Name()), func(b *testing.B) {
						ids, d2 := make([]uint32, 0, 256), make([]float32, 256)
						n := 0
						for b.Loop() {
							n = 0
							for row := 0; row < rows; {
								ids = ids[:0]
								for ; row < rows && len(ids) < cap(ids); row += step {
									ids = append(ids, uint32(row))
								}
								s.Distances(q, vectors, dim, ids, d2)
								n += len(ids)
							}
						}
						perRow(b, n, n*4*dim)
					})
				}
			}
		}
	}
}

func hugeFloats(n int) []float32 {
	b := hugeBytes(4 * n)
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n)
}
