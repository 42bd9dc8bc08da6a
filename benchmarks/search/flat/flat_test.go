package flat

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func vectors(r *rand.Rand, n, dim int) []float32 {
	v := make([]float32, n*dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func squared(a, b []float32) (sum float64) {
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return sum
}

func near(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-5*(want+1)
}

func eachSet(t *testing.T, f func(t *testing.T, s *Set)) {
	t.Helper()
	for _, s := range Available() {
		t.Run(s.Name(), func(t *testing.T) { f(t, s) })
	}
}

func TestDistances(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, dim := range []int{16, 48, 128, 512} {
			for n := range 21 {
				q, base, out := vectors(r, 8, dim), vectors(r, n, dim), make([]float32, 8*n)
				s.Distances(q, base, dim, out[:n])
				for j, d := range out[:n] {
					if want := squared(q[:dim], base[j*dim:][:dim]); !near(d, want) {
						t.Fatalf("dimension %d, row %d of %d: %v, want %v", dim, j, n, d, want)
					}
				}
				s.Multi8(q, base, dim, out)
				for i, d := range out {
					if want := squared(q[i%8*dim:][:dim], base[i/8*dim:][:dim]); !near(d, want) {
						t.Fatalf("dimension %d, query %d, row %d of %d: %v, want %v", dim, i%8, i/8, n, d, want)
					}
				}
			}
		}
	})
}

func TestStream(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{0, 1023, 1024, 5000, 1 << 16} {
			b, want := make([]byte, n), uint64(0)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			for i := 0; i < n/1024*1024; i += 8 {
				want += binary.LittleEndian.Uint64(b[i:])
			}
			if got := s.Stream(b); got != want {
				t.Errorf("%d bytes: %x, want %x", n, got, want)
			}
		}
	})
}

func TestGemm(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, c := range []struct{ queries, rows, dim, k int }{
			{1, 1, 16, 1}, {5, 3, 16, 10}, {33, 500, 48, 7}, {64, 97, 128, 10}, {256, 300, 32, 3},
		} {
			q, base := vectors(r, c.queries, c.dim), vectors(r, c.rows, c.dim)
			norms := make([]float32, c.rows)
			s.Norms(base, c.dim, norms)
			for _, limit := range []float32{float32(math.Inf(1)), 1.8 * float32(c.dim), 0} {
				checkGemm(t, q, base, c.dim, c.k, limit, s.Gemm(q, base, norms, c.dim, c.k, limit))
			}
		}
	})
}

// checkGemm compares with brute force in float64. Random distances lie further
// apart than rounding moves them, except where the test draws them too close.
func checkGemm(t *testing.T, q, base []float32, dim, k int, limit float32, got [][]Hit) {
	t.Helper()
	if len(got) != len(q)/dim {
		t.Fatalf("%d answers to %d queries", len(got), len(q)/dim)
	}
	for i, hits := range got {
		var want []float64
		for j := range len(base) / dim {
			if d := squared(q[i*dim:][:dim], base[j*dim:][:dim]); d < float64(limit) {
				want = append(want, d)
			}
		}
		slices.Sort(want)
		want = want[:min(k, len(want))]
		if len(hits) != len(want) {
			t.Fatalf("query %d: %d hits, want %d", i, len(hits), len(want))
		}
		for h, hit := range hits {
			own := squared(q[i*dim:][:dim], base[hit.Row*dim:][:dim])
			if !near(hit.D2, want[h]) || !near(hit.D2, own) {
				t.Fatalf("query %d, place %d: row %d at %v (%v), want %v", i, h, hit.Row, hit.D2, own, want[h])
			}
		}
	}
}

func TestMisusePanics(t *testing.T) {
	v := make([]float32, 256)
	for name, f := range map[string]func(){
		"dimension": func() { Best().Distances(v, v, 8, v[:1]) },
		"rows":      func() { Best().Distances(v, v, 128, v[:3]) },
		"query":     func() { Best().Distances(v[:100], v, 128, v[:1]) },
		"queries":   func() { Best().Multi8(v, v, 128, v[:8]) },
		"k":         func() { Best().NewBatch(v, 128, 0, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkFlat(b *testing.B) {
	const dim, rows = 128, 1 << 20
	base := make([]float32, rows*dim)
	for i := range base {
		base[i] = float32(i%1009) / 1009
	}
	q, out := base[:256*dim], make([]float32, 8*1024)
	bytes := make([]byte, 4*rows*dim)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	for _, s := range Available() {
		report := func(b *testing.B, rows, queries int) {
			b.Helper()
			ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(rows)
			b.ReportMetric(ns/float64(queries), "ns/row/query")
			b.ReportMetric(4*dim/ns, "GB/s")
			b.ReportMetric(0, "ns/op")
		}
		b.Run("Stream/"+s.Name(), func(b *testing.B) {
			for b.Loop() {
				s.Stream(bytes)
			}
			report(b, rows, 1)
		})
		b.Run("Distances/"+s.Name(), func(b *testing.B) {
			for b.Loop() {
				for at := 0; at < rows; at += 1024 {
					s.Distances(q, base[at*dim:], dim, out[:1024])
				}
			}
			report(b, rows, 1)
		})
		b.Run("Multi8/"+s.Name(), func(b *testing.B) {
			for b.Loop() {
				for at := 0; at < rows; at += 1024 {
					s.Multi8(q, base[at*dim:], dim, out)
				}
			}
			report(b, rows, 8)
		})
		if s.kind == portable {
			continue
		}
		for _, n := range []int{64, 256} {
			norms := make([]float32, rows/8)
			s.Norms(base, dim, norms)
			b.Run(fmt.Sprintf("Gemm%d/%s", n, s.Name()), func(b *testing.B) {
				for b.Loop() {
					s.Gemm(q[:n*dim], base, norms, dim, 10, float32(math.Inf(1)))
				}
				report(b, rows/8, n)
			})
		}
	}
}
