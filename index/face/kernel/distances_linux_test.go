package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestDistancesStayInBounds gives every slice exactly the length that it needs.
func TestDistancesStayInBounds(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(23, 24))
		for _, dim := range []int{16, 48, 64, 128, 144, 512} {
			q := guarded[float32](t, dim)
			for _, rows := range []int{1, 2, 7, 20} {
				vectors := guarded[float32](t, rows*dim)
				for _, n := range []int{1, 2, 3, 8, 33} {
					ids := guarded[uint32](t, n)
					for i := range ids {
						ids[i] = r.Uint32N(uint32(rows))
					}
					ids[n-1] = uint32(rows - 1)
					s.Distances(q, vectors, dim, ids, guarded[float32](t, n))
				}
			}
		}
	})
}
