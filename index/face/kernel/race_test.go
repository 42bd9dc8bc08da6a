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
					writeLane(g.a, ga, v)
					writeLane(g.b, groups-ga, v)
					g.e8[v]++
					g.rows[v*RowSize]++
				}
			})
			out, ids, d2 := make([]uint32, lanes+Lanes), []uint32{uint32(lanes - 1)}, make([]float32, 1)
			s.ScanA(g.a, ga, lanes, &g.weights, g.thrA, 0, out)
			s.ScanAB(g.a, g.b, ga, lanes, &g.weights, g.thrB, 0, out)
			s.Refine(g.a, g.b, g.rows, g.e8, ga, &g.targets, ids, d2)
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
