package kernel

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestPortableReadsPublishedLanesOnly lets a writer fill the lanes after the
// published ones during the scans. The race detector sees any read of those.
func TestPortableReadsPublishedLanesOnly(t *testing.T) {
	s, err := ByName("portable")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(11, 12))
	for planes := 1; planes <= MaxPlanes; planes++ {
		g := newGallery(r, planes, 2, extremes{code: -1})
		for lanes := 1; lanes < 2*Lanes; lanes++ {
			var writer sync.WaitGroup
			writer.Go(func() {
				for v := lanes; v < 2*Lanes; v++ {
					writeLane(g.first, FirstBlock, v)
					writeLane(g.second, SecondBlock, v)
					for b := range RowSize(planes) {
						g.rows[v*RowSize(planes)+b]++
					}
				}
			})
			out, sums, ids := make([]uint32, lanes+Lanes), make([]int32, lanes+Lanes), []uint32{uint32(lanes - 1)}
			g.scan(s, lanes, g.thr[planes], 0, out, sums)
			s.Deepen(g.second, &g.weights, math.MinInt32, ids, sums)
			s.Refine(g.rows, &g.targets, math.MinInt32, ids, sums)
			writer.Wait()
		}
	}
}

func writeLane(plane []byte, size, v int) {
	block := plane[v/Lanes*size:][:size]
	for at := v % Lanes * 4; at < size-2*Lanes; at += groupSize {
		for i := range 4 {
			block[at+i]++
		}
	}
	at := size - 2*Lanes + v%Lanes*2
	block[at]++
	block[at+1]++
}
