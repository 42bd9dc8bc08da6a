package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// benchSizes are rows whose plane (22 B each) fits L2, L3 and neither.
var benchSizes = []struct {
	name string
	rows int
}{{"L2", 1 << 15}, {"L3", 1 << 19}, {"DRAM", 1 << 23}}

// benchGallery fills planes cheaply; the thresholds let about share of the lanes pass.
func benchGallery(b *testing.B, rows, planes int, share float64) *gallery {
	b.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	const sample = 128
	small := newGallery(r, planes, sample, extremes{code: -1})
	g := &gallery{planes: planes, weights: small.weights, targets: small.targets, many: share > 1./128}
	repeat := func(p []byte, times int) []byte {
		out := hugeBytes(len(p) * times)[:0]
		for range times {
			out = append(out, p...)
		}
		return out
	}
	times := rows / (sample * Lanes)
	g.first, g.second, g.rows = repeat(small.first, times), repeat(small.second, times), repeat(small.rows, times)
	g.thr[planes] = threshold(share, func(thr int32) int {
		ids, _ := modelScan(small, planes, sample*Lanes, thr, 0)
		return len(ids)
	})
	return g
}

// scanChunk scans the chunk of rows from a row on.
func (g *gallery) scanChunk(s *Set, from int, out []uint32, sums []int32) int {
	part := *g
	part.first, part.second = g.first[from/Lanes*FirstBlock:], g.second[from/Lanes*SecondBlock:]
	return part.scan(s, chunk, g.thr[g.planes], uint32(from), out, sums)
}

// threshold returns one that about share of 4,096 lanes reach.
func threshold(share float64, count func(thr int32) int) int32 {
	low, high := math.MinInt32, math.MaxInt32
	for high-low > 1 {
		if mid := (low + high) / 2; float64(count(int32(mid))) > share*4096 {
			low = mid
		} else {
			high = mid
		}
	}
	return int32(high)
}

func perRow(b *testing.B, rows, bytes int) {
	b.Helper()
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(rows)
	b.ReportMetric(ns, "ns/row")
	b.ReportMetric(float64(bytes)/float64(rows)/ns, "GB/s")
	b.ReportMetric(0, "ns/op")
}

// chunk is how many rows the callers scan at a time.
const chunk = 4096

func BenchmarkScan(b *testing.B) {
	for _, size := range benchSizes {
		for planes := 1; planes <= MaxPlanes; planes++ {
			g := benchGallery(b, size.rows, planes, 0.001)
			for _, s := range Available() {
				b.Run(fmt.Sprintf("%s/%ddims/%s", size.name, PlaneDims(planes), s.Name()), func(b *testing.B) {
					out, sums := make([]uint32, chunk+Lanes), make([]int32, chunk+Lanes)
					for b.Loop() {
						for from := 0; from < size.rows; from += chunk {
							g.scanChunk(s, from, out, sums)
						}
					}
					perRow(b, size.rows, len(g.first)+(planes-1)*len(g.second))
				})
			}
		}
	}
}

// BenchmarkSurvivors shows what writing survivors costs, in L2.
func BenchmarkSurvivors(b *testing.B) {
	const rows = 1 << 15
	for _, share := range []float64{0, 0.001, 0.01, 0.1, 0.3, 0.6} {
		g := benchGallery(b, rows, 1, share)
		for _, s := range Available() {
			b.Run(fmt.Sprintf("%v/%s", share, s.Name()), func(b *testing.B) {
				out, sums := make([]uint32, rows+Lanes), make([]int32, rows+Lanes)
				for b.Loop() {
					s.Scan(g.first, rows, &g.weights, g.thr[1], g.many, 0, out, sums)
				}
				perRow(b, rows, len(g.first))
			})
		}
	}
}

// BenchmarkRefine refines every eighth row of a chunk that is in the cache.
func BenchmarkRefine(b *testing.B) {
	g := benchGallery(b, chunk, 1, 0.01)
	var rows []uint32
	for id := 7; id < chunk; id += 8 {
		rows = append(rows, uint32(id-id/8%7))
	}
	for _, s := range Available() {
		b.Run(s.Name(), func(b *testing.B) {
			ids, sums := make([]uint32, len(rows)), make([]int32, len(rows))
			for b.Loop() {
				copy(ids, rows)
				s.Refine(g.rows, &g.targets, math.MaxInt32, ids, sums)
			}
			perRow(b, len(rows), 0)
		})
	}
}

// BenchmarkLevels scans and refines four million rows in chunks, as a search
// does, level 2 of a chunk after level 1 of the next.
func BenchmarkLevels(b *testing.B) {
	const rows = 1 << 22
	for _, share := range []float64{0, 0.001, 0.01, 0.03, 0.1} {
		g := benchGallery(b, rows, 1, share)
		for _, s := range Available() {
			b.Run(fmt.Sprintf("%v/%s", share, s.Name()), func(b *testing.B) {
				var out [2][chunk + Lanes]uint32
				var sums [2][chunk + Lanes]int32
				before := 0
				for b.Loop() {
					for from := 0; from < rows; from += chunk {
						now := from / chunk % 2
						n := g.scanChunk(s, from, out[now][:], sums[now][:])
						s.PrefetchFirst(g.rows, 1, out[now][:n])
						s.Refine(g.rows, &g.targets, math.MaxInt32, out[1-now][:before], sums[1-now][:])
						before = n
					}
				}
				perRow(b, rows, len(g.first))
			})
		}
	}
}

func BenchmarkRotate(b *testing.B) {
	for _, dim := range []int{128, 512} {
		x, rows, out := make([]float32, dim), make([]float32, Dims*dim), make([]float32, Dims)
		for _, s := range Available() {
			b.Run(fmt.Sprintf("%d/%s", dim, s.Name()), func(b *testing.B) {
				for b.Loop() {
					s.Rotate(x, rows, out)
				}
			})
		}
	}
}
