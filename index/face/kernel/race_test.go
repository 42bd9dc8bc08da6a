package kernel

import (
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
	for ga := MinGroups; ga <= MaxGroups; ga++ {
		g := newGallery(r, ga, 2, extremes{code: -1})
		for lanes := 1; lanes < 2*Lanes; lanes++ {
			var writer sync.WaitGroup
			writer.Go(func() {
				for v := lanes; v < 2*Lanes; v++ {
					writeLane(g.plane, ga, v)
					for b := range RowSize(ga) {
						g.rows[v*RowSize(ga)+b]++
					}
				}
			})
			out, sums, ids := make([]uint32, lanes+Lanes), make([]int32, lanes+Lanes), []uint32{uint32(lanes - 1)}
			s.Scan(g.plane, ga, lanes, &g.weights, g.thr, 0, out, sums)
			s.Refine(g.rows, &g.targets, g.thr, ids, sums)
			writer.Wait()
		}
	}
}

func writeLane(plane []byte, gr, v int) {
	block := plane[v/Lanes*BlockSize(gr):]
	for i := range 4 * gr {
		block[i/4*groupSize+v%Lanes*4+i%4]++
	}
	block[gr*groupSize+v%Lanes*2]++
	block[gr*groupSize+v%Lanes*2+1]++
}
