package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchSizes are rows whose plane A (22 B each) fits L2, L3 and neither.
var benchSizes = []struct {
	name string
	rows int
}{{"L2", 1 << 15}, {"L3", 1 << 19}, {"DRAM", 1 << 23}}

// benchGallery fills planes cheaply; the thresholds let about share of the lanes pass.
func benchGallery(b *testing.B, rows, ga int, share float64) *gallery {
	b.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	const sample = 128
	small := newGallery(r, ga, sample, extremes{code: -1})
	g := &gallery{ga: ga, weights: small.weights, targets: small.targets}
	g.weights.ShiftAHigh, g.weights.ShiftBLow, g.weights.ShiftBHigh = 5, 1, 6
	repeat := func(p []byte, times int) []byte {
		out := hugeBytes(len(p) * times)[:0]
		for range times {
			out = append(out, p...)
		}
		return out
	}
	times := rows / (sample * Lanes)
	g.a, g.b = repeat(small.a, times), repeat(small.b, times)
	g.rows, g.e8 = repeat(small.rows, times), repeat(small.e8, times)
	g.thrA = threshold(share, func(thr int32) int {
		return len(modelScanA(small.a, ga, sample*Lanes, &g.weights, thr, 0))
	})
	g.thrB = threshold(share, func(thr int32) int {
		return len(modelScanAB(small.a, small.b, ga, sample*Lanes, &g.weights, thr, 0))
	})
	return g
}

// threshold returns one that about share of 4,096 lanes reach.
func threshold(share float64, count func(thr int32) int) int32 {
	low, high := -1<<20, 1<<20
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

func BenchmarkScanA(b *testing.B) {
	for _, size := range benchSizes {
		for ga := MinGroups; ga <= MaxGroups; ga++ {
			g := benchGallery(b, size.rows, ga, 0.001)
			for _, s := range Available() {
				b.Run(fmt.Sprintf("%s/%ddims/%s", size.name, 8*ga, s.Name()), func(b *testing.B) {
					out := make([]uint32, chunk+Lanes)
					for b.Loop() {
						for from := 0; from < size.rows; from += chunk {
							s.ScanA(g.a[from/Lanes*BlockSize(ga):], ga, chunk, &g.weights, g.thrA, uint32(from), out)
						}
					}
					perRow(b, size.rows, len(g.a))
				})
			}
		}
	}
}

func BenchmarkScanAB(b *testing.B) {
	for _, size := range benchSizes {
		g := benchGallery(b, size.rows, 5, 0.001)
		for _, s := range Available() {
			b.Run(fmt.Sprintf("%s/%s", size.name, s.Name()), func(b *testing.B) {
				out := make([]uint32, chunk+Lanes)
				for b.Loop() {
					for from := 0; from < size.rows; from += chunk {
						s.ScanAB(g.a[from/Lanes*BlockSize(5):], g.b[from/Lanes*BlockSize(groups-5):], 5, chunk, &g.weights, g.thrB, uint32(from), out)
					}
				}
				perRow(b, size.rows, len(g.a)+len(g.b))
			})
		}
	}
}

// BenchmarkSurvivors shows what writing survivors costs, in L2.
func BenchmarkSurvivors(b *testing.B) {
	const rows = 1 << 15
	for _, share := range []float64{0, 0.001, 0.01, 0.1, 0.3, 0.6} {
		g := benchGallery(b, rows, 5, share)
		for _, s := range Available() {
			b.Run(fmt.Sprintf("%v/%s", share, s.Name()), func(b *testing.B) {
				out := make([]uint32, rows+Lanes)
				for b.Loop() {
					s.ScanA(g.a, 5, rows, &g.weights, g.thrA, 0, out)
				}
				perRow(b, rows, len(g.a))
			})
		}
	}
}

// BenchmarkRefine refines every eighth row of a chunk that is in the cache.
func BenchmarkRefine(b *testing.B) {
	g := benchGallery(b, chunk, 5, 0.01)
	g.targets.Limit = 0
	var rows []uint32
	for id := 7; id < chunk; id += 8 {
		rows = append(rows, uint32(id-id/8%7))
	}
	for _, s := range Available() {
		b.Run(s.Name(), func(b *testing.B) {
			ids, d2 := make([]uint32, len(rows)), make([]float32, len(rows))
			for b.Loop() {
				copy(ids, rows)
				s.Refine(g.a, g.b, g.rows, g.e8, 5, &g.targets, ids, d2)
			}
			perRow(b, len(rows), 0)
		})
	}
}

// BenchmarkLevels scans and refines a million rows in chunks, as a search does.
func BenchmarkLevels(b *testing.B) {
	const rows = 1 << 20
	for _, share := range []float64{0.001, 0.01, 0.05} {
		g := benchGallery(b, rows, 5, share)
		g.targets.Limit = 0
		for _, s := range Available() {
			b.Run(fmt.Sprintf("%v/%s", share, s.Name()), func(b *testing.B) {
				out, d2 := make([]uint32, chunk+Lanes), make([]float32, chunk)
				for b.Loop() {
					for from := 0; from < rows; from += chunk {
						n := s.ScanA(g.a[from/Lanes*BlockSize(5):], 5, chunk, &g.weights, g.thrA, uint32(from), out)
						s.Refine(g.a, g.b, g.rows, g.e8, 5, &g.targets, out[:n], d2)
					}
				}
				perRow(b, rows, len(g.a))
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
